"""The checkout's git, as far as a command that edits the inventory needs it. Formats: git-status(1), porcelain v2."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.product import git
from node.counting import counted

DETACHED = "(detached)"
MAX_SAID = 400  # characters: what git says of a lock ends with what to do


@dataclass(frozen=True)
class Checkout:
    """A git checkout, by its top folder."""

    folder: Path

    def require_editable(self, path: Path) -> None:
        """Raises OperatorError unless a commit of this file alone is a plain next step of a branch."""
        lines = _run(
            self.folder, "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--", str(path)
        ).splitlines()
        said = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# "))
        if said["branch.head"] == DETACHED:
            raise OperatorError(f"{self.folder}: HEAD is detached; expected a branch to commit to: git switch BRANCH")
        behind = int(said.get("branch.ab", "+0 -0").partition("-")[2])
        if behind:
            raise OperatorError(
                f"{self.folder}: {said['branch.head']} is {counted(behind, 'commit')} behind "
                f"{said['branch.upstream']}; expected a branch that is level with it: git pull"
            )
        if any(not line.startswith("# ") for line in lines):
            raise self.uncommitted(path, "none")
        if path.exists():  # else the commit will add it
            _run(self.folder, "ls-files", "--error-unmatch", "--", str(path))  # git says nothing of an ignored file

    def uncommitted(self, path: Path, expected: str) -> OperatorError:
        """What to say of a file of this checkout that git does not have as it is, with the command that commits it."""
        there = f"git -C {shlex.quote(str(self.folder))}"
        name = shlex.quote(os.path.relpath(path.resolve(), self.folder))
        message = shlex.quote(f"Change {path.name}")
        return OperatorError(
            f"{path}: it has uncommitted changes; expected {expected}; commit them: "
            f"{there} add {name} && {there} commit --message {message} {name}; or take them back: {there} stash"
        )

    def add(self, path: Path) -> None:
        """Let a commit know of a new file. Raises OperatorError for one that git is to ignore."""
        _run(self.folder, "add", "--intent-to-add", "--", str(path))

    def commit(self, path: Path, message: str) -> str:
        """Commit one file as it is now, and return the commit. Raises OperatorError when git refuses."""
        _run(self.folder, "commit", "--quiet", "--message", message, "--only", "--", str(path))
        return _run(self.folder, "rev-parse", "HEAD").strip()

    def commit_first(self, message: str) -> str:
        """Commit every file, and return the commit. Raises OperatorError when git refuses."""
        _run(self.folder, "add", "--force", "--", ".")  # an ignored file of the site's is the site's all the same
        _run(self.folder, "commit", "--quiet", "--message", message)
        return _run(self.folder, "rev-parse", "HEAD").strip()

    def has_first_commit_alone(self, besides: str) -> bool:
        """Whether nothing came after one commit; files may be missing, and `besides` may be there."""
        if git(self.folder, "rev-list", "--count", "HEAD").stdout.strip() != b"1":
            return False
        said = _run(self.folder, "status", "--porcelain", "--untracked-files=all", "--", ".", f":(exclude){besides}")
        return all(line.startswith(" D ") for line in said.splitlines())

    def files(self) -> list[str]:
        """The files that git knows, by their paths."""
        return _run(self.folder, "ls-files", "-z").split("\0")[:-1]

    def history(self, *words: str) -> list[str]:
        """The last commits whose messages have all of these words: day, author and subject, newest first."""
        found = [f"--grep={word}" for word in words]
        form = ("--date=short", "--format=%ad %an: %s", "--max-count=10", "--fixed-strings", "--all-match")
        return list(map(one_line, _run(self.folder, "log", *form, *found).splitlines()))

    def branch(self) -> str:
        """The branch that is checked out; empty where HEAD is detached."""
        return _run(self.folder, "branch", "--show-current").strip()

    def is_committed(self, path: Path) -> bool:
        """Whether HEAD holds the file as it is now."""
        return not _run(self.folder, "diff", "--name-only", "HEAD", "--", str(path))

    def has_changes(self, path: Path) -> bool:
        """Whether HEAD lacks the file, or holds another text of it."""
        return bool(_run(self.folder, "status", "--porcelain", "--", str(path)))

    def unstage(self, path: Path) -> None:
        """Let the next commit know the file as HEAD has it."""
        _run(self.folder, "reset", "--quiet", "--", str(path))

    def bring_up_to_date(self) -> None:
        """Take in what the branch's upstream has; a branch without one stays as it is.

        Commits that only this checkout has keep their names, for hosts know them. Raises OperatorError on a conflict.
        """
        if not self._upstream():
            return
        _run(self.folder, "fetch", "--quiet")
        try:
            _run(self.folder, "merge", "--quiet", "--no-edit", "@{upstream}")
        except OperatorError as error:
            git(self.folder, "merge", "--abort")
            raise OperatorError(f"{error}; merge {self._upstream()} by hand there, and push") from None

    def push(self) -> None:
        """Give the branch's upstream its commits; what came there meanwhile is merged. Raises OperatorError."""
        upstream = self._upstream()
        if not upstream or not _run(self.folder, "log", "--format=%h", "@{upstream}..HEAD"):
            return
        remote, branch = upstream.split("/", 1)
        push = ("push", "--quiet", remote, f"HEAD:{branch}")
        for _ in range(2):
            if git(self.folder, *push).returncode == 0:
                return
            self.bring_up_to_date()
        _run(self.folder, *push)

    def _upstream(self) -> str:
        """The branch that this one follows, as REMOTE/BRANCH; empty where it follows none."""
        done = git(self.folder, "rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}")
        return done.stdout.decode(errors="surrogateescape").strip() if done.returncode == 0 else ""

    def private(self, name: str) -> Path:
        """The path of a file of our own in git's folder, where no clean-up of the checkout takes it."""
        return self.folder / _run(self.folder, "rev-parse", "--git-path", name).rstrip("\n")


def begin(folder: Path) -> Checkout:
    """Make a folder a git repository of its own, without a commit. Raises OperatorError."""
    _run(folder, "init", "--quiet", "--initial-branch=main")
    return Checkout(folder)


def require_identity(folder: Path) -> None:
    """Raises OperatorError where there is no git, or it does not know who makes a commit."""
    _run(folder, "version")
    if git(folder, "var", "GIT_COMMITTER_IDENT").returncode:
        raise OperatorError(
            "git: found no name and address for a commit; expected who you are: "
            "git config --global user.name NAME; git config --global user.email ADDRESS"
        )


def checkout_of(path: Path) -> Checkout:
    """The checkout that a file, or what a link leads to, belongs to. Raises OperatorError where there is none."""
    return Checkout(Path(_run(path.resolve().parent, "rev-parse", "--show-toplevel").rstrip("\n")))


def _run(folder: Path, *words: str) -> str:
    try:
        done = git(folder, *words)
    except OSError as error:
        if error.filename == "git":
            raise OperatorError("git: no such program; install it: apt-get install git") from None
        raise OperatorError(f"{folder}: {error.strerror}; expected a folder of a git checkout") from None
    if done.returncode:
        said = one_line((done.stderr or done.stdout).decode(errors="replace"), MAX_SAID)
        raise OperatorError(f"{folder}: git {words[0]}: {said or 'it failed'}; expected it to work; see git status")
    return done.stdout.decode(errors="surrogateescape")
