"""Writing so that a power cut leaves the old file or the new one, never a part."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Optional

CHUNK = 1 << 20


def _no_observer(moment: str, path: Path) -> None:
    """Nothing watches outside of tests."""


observer: Callable[[str, Path], None] = _no_observer
"""Told before and after each change to the disk; tests set it, to end the program there."""


@contextmanager
def _change(name: str, path: Path) -> Iterator[None]:
    observer("before " + name, path)
    yield
    observer("after " + name, path)


class Owner(NamedTuple):
    uid: int
    gid: int


ROOT = Owner(0, 0)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    with _change("sync", path):
        handle = os.open(str(path), os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write(path: Path, content: bytes, mode: int = 0o644, owner: Owner = ROOT) -> None:
    """Replace `path` by `content` in one rename."""
    new = _beside(path)
    with _change("write", new):
        # The folder may belong to the service's user: never follow what lies there.
        handle = os.open(str(new), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchown(handle, owner.uid, owner.gid)
            os.fchmod(handle, mode)
    sync(new)
    rename(new, path)


def append(path: Path, line: bytes, mode: int = 0o644, owner: Owner = ROOT) -> None:
    """Add a line to a file of lines; where a power cut tore the last one, the new one begins on a line of its own."""
    # The folder may belong to the service's user: never follow what lies there.
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    with _change("append", path), os.fdopen(os.open(str(path), flags, mode), "ab+") as file:
        status = os.fstat(file.fileno())
        if (status.st_uid, status.st_gid) != owner:  # a confined program may not give files away
            os.fchown(file.fileno(), owner.uid, owner.gid)
        os.fchmod(file.fileno(), mode)
        if file.seek(0, os.SEEK_END) > 0:
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line + b"\n")
    sync(path)


def copy(source: Path, path: Path) -> None:
    """Copy a file to `path`, with its times, in one rename."""
    new = _beside(path)
    try:
        with _change("copy", new):
            shutil.copy2(str(source), str(new))
        sync(new)
    except OSError:
        unlink(new)  # of a full disk it takes the rest
        raise
    rename(new, path)


def link(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target`, in one rename; a link that is right already costs no write."""
    if os.path.islink(str(path)) and os.readlink(str(path)) == target:
        return
    new = _beside(path)
    with _change("link", new):
        new.symlink_to(target)
    rename(new, path)


def _beside(path: Path) -> Path:
    """Where the new `path` is made; what an earlier try left there goes."""
    new = path.with_name("." + path.name + ".new")
    unlink(new)
    return new


def target(path: Path) -> Optional[str]:
    """Return what a link names, or None where there is no link."""
    try:
        return os.readlink(str(path))
    except OSError:
        return None


def folder(path: Path, owner: Owner = ROOT, mode: int = 0o755) -> None:
    """Make a folder and its parents; those that are made get `owner` and `mode`, those that exist keep theirs."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        new = each.with_name("." + each.name + ".new")
        remove(new)
        with _change("folder", new):
            new.mkdir()
        give(new, owner, mode)
        place(new, each)


def rename(path: Path, final: Path) -> None:
    """Rename a file to its place, whatever file is there, and flush the folder."""
    with _change("rename", final):
        path.replace(final)
    sync(final.parent)


def place(staged: Path, final: Path) -> None:
    """Rename a staged folder to its place. Raises OSError when something is there."""
    sync(staged)
    with _change("rename", final):
        os.rename(str(staged), str(final))
    sync(final.parent)


def hard_link(path: Path, final: Path) -> None:
    """Give a file a second name. Raises FileExistsError when something is there."""
    with _change("hard link", final):
        os.link(str(path), str(final))


def give(path: Path, owner: Owner, mode: int) -> None:
    """Set owner and mode of a file or a folder, and flush it."""
    with _change("give", path):
        os.chown(str(path), owner.uid, owner.gid)
        path.chmod(mode)
    sync(path)


def prune(path: Path) -> None:
    """Remove the folders at and below `path` that hold no file."""
    for folder, _, _ in os.walk(str(path), topdown=False):
        if not os.listdir(folder):
            with _change("remove", Path(folder)):
                os.rmdir(folder)


def unlink(path: Path) -> None:
    """Remove a file or a link, if it is there, and flush the folder."""
    if path.is_symlink() or path.exists():
        with _change("unlink", path):
            path.unlink()
        sync(path.parent)


def remove(path: Path) -> None:
    """Remove a staged file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        with _change("remove", path):
            shutil.rmtree(str(path))
    else:
        unlink(path)
