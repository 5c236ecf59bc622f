"""Opening what lies below folders that others can write to: component by component, through no link that misleads.

A link counts where root has made it, or whom this program acts as.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Dict, Iterator, List, Optional, Tuple

from node.errors import Refusal, printable
from node.store import rights

MAX_LINKS = 40  # path_resolution(7)

# No handle is waited for, and none is left to a program that this one starts.
_NEVER_WAIT = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# A control node, which only loads this, need not have O_PATH.
_WALK = getattr(os, "O_PATH", 0) | os.O_NOFOLLOW | os.O_CLOEXEC

held_folders: Dict[Path, int] = {}  # their handles


@contextmanager
def folder(path: Path) -> Iterator[int]:
    """Yield a handle that only names a folder. Raises OSError with the whole path, Refusal for a link that misleads."""
    with _naming(path):
        handle = _walk(path)
    with _closed(handle):
        yield handle


@contextmanager
def listable(path: Path) -> Iterator[int]:
    """Yield a handle of a folder that can be listed and flushed. Raises as `folder` does."""
    with folder(path) as found:
        with _naming(path):
            handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=found)
        with _closed(handle):
            yield handle


@contextmanager
def either(path: Path) -> Iterator[int]:
    """Yield a handle of a file or a folder, as open(2) with O_NOFOLLOW. Raises as `folder` does."""
    with folder(path.parent) as parent:
        with _naming(path):
            handle = os.open(path.name, _NEVER_WAIT, dir_fd=parent)
        with _closed(handle):
            yield handle


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Yield a regular file, open for reading. Raises as `folder`, OSError also for a link in its place, or NotPlain."""
    with folder(path.parent) as parent, opened_in(parent, path) as file:
        yield file


@contextmanager
def opened_in(parent: int, path: Path) -> Iterator[BinaryIO]:
    """As `opened`, where a handle of its folder is at hand."""
    with _naming(path):
        handle = os.open(path.name, _NEVER_WAIT, dir_fd=parent)
    with _closed(handle):
        require_file(handle, path)
        with os.fdopen(handle, "rb", closefd=False) as file:
            yield file


@contextmanager
def reached(path: Path) -> Iterator[BinaryIO]:
    """As `opened`, but a link in its place is followed, with the rights of whoever made it."""
    with folder(path.parent) as parent, _naming(path):
        found, target = _look(parent, path.name)
        if target is None:
            own = path
        elif found.st_uid == os.geteuid():
            own = Path(os.path.normpath(str(path.parent / target)))
        else:
            with rights.of(rights.who(found)):
                handle = os.open(path.name, _NEVER_WAIT & ~os.O_NOFOLLOW, dir_fd=parent)
            with os.fdopen(handle, "rb") as file:
                require_file(handle, path)
                yield file
            return
    with opened(own) as file:
        yield file


def look(path: Path) -> Tuple[os.stat_result, Optional[str]]:
    """Return what is at a path, and where it leads if it is a link. Raises as `folder` does."""
    with folder(path.parent) as parent, _naming(path):
        return _look(parent, path.name)


def _look(parent: int, name: str) -> Tuple[os.stat_result, Optional[str]]:
    with _closed(os.open(name, _WALK, dir_fd=parent)) as handle:
        found = os.fstat(handle)
        return found, os.readlink("", dir_fd=handle) if stat.S_ISLNK(found.st_mode) else None


class NotPlain(Refusal):
    """What was opened is no regular file."""


def require_file(handle: int, path: Path) -> None:
    """Raises NotPlain unless what was opened is a regular file."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise NotPlain("%s: found no plain file; expected one; move it away and run again" % path)


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Yield the handle of a folder. What is below its path is reached through it, whatever becomes of its name."""
    with folder(path) as handle:
        held_folders[path] = handle
        try:
            yield handle
        finally:
            del held_folders[path]


def _walk(path: Path) -> int:
    """Open the folder at a path, following the links that count."""
    here, names = _start(path)
    links = 0
    while names:
        name = names.pop()
        try:
            there = os.open(name, _WALK | os.O_DIRECTORY, dir_fd=here)
        except NotADirectoryError:
            with _closed(here):
                target = _target(here, name)
                links += 1
                if links > MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
                here = os.open("/", _WALK) if target.is_absolute() else os.dup(here)
            names += reversed([part for part in target.parts if part != "/"])
        except OSError:
            os.close(here)
            raise
        else:
            os.close(here)
            here = there
    return here


def _start(path: Path) -> Tuple[int, List[str]]:
    """Return a handle of where to begin, and the names from there on, the last one first."""
    for above in [path, *path.parents] if held_folders else []:
        if above in held_folders:
            return os.dup(held_folders[above]), list(reversed(path.relative_to(above).parts))
    return os.open("/", _WALK), list(reversed(path.parts[1:]))


def _target(parent: int, name: str) -> PurePosixPath:
    """Return where a link leads. Raises Refusal for one that misleads, NotADirectoryError for what is none."""
    status, target = _look(parent, name)
    if target is None:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if status.st_uid not in (0, os.geteuid()):
        path = os.readlink("/proc/self/fd/%d" % parent).rstrip("/") + "/" + name
        raise Refusal(
            "%s: a link that %s made, to %s; expected a folder, or a link that root made; look where it leads; "
            "if that is right: sudo chown -h root %s"
            % (*map(printable, (path, _user(status.st_uid), target)), printable(path))
        )
    return PurePosixPath(target)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "user %d" % uid


@contextmanager
def _closed(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise
