"""The folder of a new site: a git repository with one commit, or what was there before.

The site is made in a folder within, with its commit, and then moved up: git's folder first, which knows the rest. So a
command that was killed is known by the folder within, and what it left is taken away: unless somebody worked with it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modelctl import locks
from modelctl.changes.git import Checkout
from modelctl.errors import OperatorError
from modelctl.faults import one_line

GIT = ".git"
STAGE = ".modelctl-init"
LOCK, SITE = "lock", "site"  # within it


@contextmanager
def new(folder: Path) -> Iterator[Path]:
    """An empty place to make the site in, which is the folder's when the block ends well. Raises OperatorError."""
    with _writing(folder):
        was_there = folder.exists()
        _require_free(folder)
        (folder / STAGE).mkdir(parents=True, exist_ok=True)
        lock = locks.take(folder / STAGE / LOCK)
    if lock is None:
        raise OperatorError(
            f"{_shown(folder)}: another command makes a site there just now; wait for it, and look again"
        )
    with lock, _writing(folder):
        try:
            _clear(folder)
            place = folder / STAGE / SITE
            place.mkdir()
            yield place
            for name in sorted(path.name for path in place.iterdir()):  # .git comes first
                (place / name).rename(folder / name)
        except BaseException:
            _clear(folder)
            shutil.rmtree(folder / STAGE)
            if not was_there:
                folder.rmdir()
            raise
        shutil.rmtree(folder / STAGE)


def _require_free(folder: Path) -> None:
    """Raises OperatorError unless it is not there, or empty, or one in which a command was killed."""
    found = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    if found and STAGE not in found:
        raise OperatorError(
            f"{_shown(folder)}: found {one_line(found[0])} there; expected an empty folder, or none yet: name another"
        )


def _clear(folder: Path) -> None:
    """Take away what a killed command left. Raises OperatorError where somebody worked with it since."""
    shutil.rmtree(folder / STAGE / SITE, ignore_errors=True)
    moved = {path.name for path in folder.iterdir()} - {STAGE, GIT}
    if moved:
        _take_away(folder, moved)
    shutil.rmtree(folder / GIT, ignore_errors=True)


def _take_away(folder: Path, moved: set[str]) -> None:
    checkout = Checkout(folder)
    if GIT not in {path.name for path in folder.iterdir()} or not checkout.has_first_commit_alone(besides=STAGE):
        raise OperatorError(
            f"{_shown(folder)}: found {one_line(min(moved))} there, beside what a killed command left; "
            "expected an empty folder, or none yet: name another"
        )
    for name in checkout.files():
        path = folder / name
        path.unlink(missing_ok=True)
        for parent in path.relative_to(folder).parents[:-1]:
            with suppress(OSError):  # it holds more, or is gone
                (folder / parent).rmdir()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OperatorError(
            f"{_shown(folder)}: {error.strerror}; expected a folder that you may write to, empty or not there yet"
        ) from None


def _shown(folder: Path) -> str:
    return one_line(str(folder))
