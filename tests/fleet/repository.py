"""A site's repository of its own, for stories that edit the inventory and commit."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import site_copy
from lab.lab import Lab
from tests.fleet.operator import Run, deploy, modelctl

FIRST = "first"  # a tag


@dataclass(frozen=True)
class Repository:
    """A git checkout of the lab's site with a branch, and with an operator's name."""

    folder: Path

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.py"

    @property
    def registry(self) -> Path:
        return self.folder / "inventory" / "registry.py"

    @property
    def site(self) -> Path:
        return self.folder / "inventory" / "site.py"

    def modelctl(self, *words: str) -> Run:
        """Run modelctl on this site."""
        return modelctl(*words, "--site", str(self.inventory))

    def deploy(self, *words: str) -> Run:
        return deploy(*words, site=self.inventory)

    def git(self, *words: str) -> str:
        return subprocess.check_output(["git", "-C", str(self.folder), *words], text=True).strip()

    def commit(self) -> str:
        """Commit all there is, if anything, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is now")
        return self.git("rev-parse", "HEAD")

    def own_commits(self) -> list[str]:
        """All commits that were ever made here, also those that it has gone back from."""
        known = self.git("rev-list", "--remotes=lab").splitlines()
        return sorted(set(self.git("reflog", "--format=%H").splitlines()) - set(known))

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
        self.git("read-tree", "--reset", "-u", FIRST)
        self.git("commit", "--quiet", "--allow-empty", "--message", "as at first")
        self.git("tag", "--force", FIRST)


@contextmanager
def cloned(folder: Path, lab: Lab) -> Iterator[Repository]:
    """Clone the lab's site, with the history that the nodes' sets name, and a commit on top.

    Other stories deploy from the lab's own copy, which lacks such commits: the nodes forget them in the end.
    """
    made = Repository(folder)
    subprocess.run(["git", "clone", "--quiet", "--origin", "lab", str(site_copy.FOLDER), str(folder)], check=True)
    made.git("checkout", "--quiet", "-B", "story")
    made.git("config", "user.name", "anna")
    made.git("config", "user.email", "anna@ramrod")
    made.commit()
    made.git("tag", FIRST)
    try:
        yield made
    finally:
        lab.forget_commits(made.own_commits())
