"""The lab's control node, as its user types there."""

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.control_node import INVENTORY, PRODUCT, SITE
from lab.hosts import CONTROL
from lab.lab import Lab
from tests.fleet.operator import LIMIT, Run


@dataclass(frozen=True)
class ControlNode:
    """The host, and its user's clones of the product and of the site."""

    lab: Lab

    def type(self, line: str) -> Run:
        """Run a command line in a session of its own, over ssh, in the user's home."""
        done = subprocess.run(
            [*self.lab.ssh(CONTROL.name), line],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        return Run(done.returncode, done.stdout, done.stderr)

    def modelctl(self, *words: str) -> Run:
        """Run modelctl on the site of that user."""
        return self._in_checkout("modelctl", *words, "--site", INVENTORY)

    def deploy(self, *words: str) -> Run:
        """Deploy models without a question, and with a report that tests can read."""
        return self._in_checkout("pyinfra", INVENTORY, "deploys/models.py", "-y", "--json", *words)

    def git(self, *words: str) -> str:
        """What git says in the clone of the site."""
        done = self.type(shlex.join(["git", "-C", SITE, *words]))
        assert done.code == 0, done.err
        return done.out.strip()

    @contextmanager
    def authorized(self, key: str, options: str) -> Iterator[None]:
        """Let a public key in, with these options, until the end."""
        done = self.type(f"echo {shlex.quote(f'{options} {key.strip()}')} >>.ssh/authorized_keys")
        assert done.code == 0, done.err
        yield
        self.type("sed --in-place '$d' .ssh/authorized_keys")

    def own_commits(self) -> list[str]:
        """The commits that the lab's own copy of the site lacks."""
        return self.git("rev-list", "--walk-reflogs", "HEAD").splitlines()

    def forget_telling(self) -> None:
        """Let the next run be the first that tells the datasink: other stories take its roots away."""
        self.type(f"rm -f {SITE}/inventory/.deploy.roots")

    def _in_checkout(self, *words: str) -> Run:
        return self.type(f"cd {PRODUCT} && . .venv/bin/activate && PYINFRA_PROGRESS=off {shlex.join(words)}")
