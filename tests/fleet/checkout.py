"""A git checkout of this code for stories that edit the inventory and commit."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.lab import Lab
from tests.fleet.operator import CHECKOUT, Run, deploy, modelctl

TREE = ("deploys", "inventory", "lab", "modelctl", "node", "operations", "templates", "tests")
FIRST = "first"  # a tag


@dataclass(frozen=True)
class Checkout:
    """A checkout with a branch, and with an operator's name."""

    folder: Path

    @property
    def registry(self) -> Path:
        return self.folder / "inventory" / "registry.py"

    @property
    def site(self) -> Path:
        return self.folder / "inventory" / "site.py"

    def modelctl(self, *words: str) -> Run:
        """Run modelctl on the lab, as typed there."""
        return modelctl(*words, "--site", "lab/inventory.py", checkout=self.folder)

    def deploy(self, *words: str) -> Run:
        return deploy(*words, site=self.folder / "lab" / "inventory.py", checkout=self.folder)

    def git(self, *words: str) -> str:
        return subprocess.check_output(["git", "-C", str(self.folder), *words], text=True).strip()

    def log(self) -> list[str]:
        """The subjects of the commits since the first one, newest first."""
        return self.git("log", "--format=%s", f"{FIRST}..HEAD").splitlines()

    def is_as_first(self) -> bool:
        """Whether the working tree and HEAD hold what the first commit does."""
        return not self.git("status", "--porcelain") and not self.git("diff", FIRST, "HEAD")

    def start_anew(self) -> None:
        """Make a first commit of what the first one held: the nodes' sets name those that came since."""
        self.git("reset", "--quiet", "--hard")
        (self.folder / ".git" / "modelctl-change.json").unlink(missing_ok=True)
        self.git("checkout", "--quiet", FIRST, "--", ".")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as at first")
        self.git("tag", "--force", FIRST)


@contextmanager
def checkout(folder: Path, lab: Lab) -> Iterator[Checkout]:
    """Copy the working tree, as it is, with this checkout's history, which the nodes' sets name, and a commit on top.

    Other stories deploy from this checkout, which lacks such commits: the nodes forget them in the end.
    """
    made = Checkout(folder)
    for name in TREE:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("config.py", ".gitignore"):
        shutil.copy(CHECKOUT / name, folder)
    if (CHECKOUT / ".git").is_dir():
        shutil.copytree(CHECKOUT / ".git", folder / ".git")
    else:
        made.git("init", "--quiet")
    made.git("checkout", "--quiet", "-B", "story")
    made.git("config", "user.name", "anna")
    made.git("config", "user.email", "anna@ramrod")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--allow-empty", "--message", "what there is")
    made.git("tag", FIRST)
    yield made
    lab.forget_commits()
