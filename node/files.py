"""Writing so that a power cut leaves the old file or the new one, never a part."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import NamedTuple, Optional

CHUNK = 1 << 20


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
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, content: bytes, mode: int = 0o644, owner: Owner = ROOT) -> None:
    """Replace `path` by `content` in one rename."""
    new = path.with_name("." + path.name + ".new")
    if new.is_symlink() or new.exists():
        new.unlink()
    # The folder may belong to the service's user: never follow what lies there.
    handle = os.open(str(new), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        os.fchown(handle, owner.uid, owner.gid)
        os.fchmod(handle, mode)
        file.flush()
        os.fsync(handle)
    new.replace(path)
    sync(path.parent)


def link(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target`, in one rename; a link that is right already costs no write."""
    if os.path.islink(str(path)) and os.readlink(str(path)) == target:
        return
    new = path.with_name("." + path.name + ".new")
    if new.is_symlink() or new.exists():
        new.unlink()
    new.symlink_to(target)
    new.replace(path)
    sync(path.parent)


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
        each.mkdir()
        os.chown(str(each), owner.uid, owner.gid)
        each.chmod(mode)
        sync(each.parent)


def place(staged: Path, final: Path) -> None:
    """Rename a staged folder to its place. Raises OSError when something is there."""
    sync(staged)
    os.rename(str(staged), str(final))
    sync(final.parent)


def prune(path: Path) -> None:
    """Remove the folders at and below `path` that hold no file."""
    for folder, _, _ in os.walk(str(path), topdown=False):
        if not os.listdir(folder):
            os.rmdir(folder)


def remove(path: Path) -> None:
    """Remove a staged file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(str(path))
    elif path.is_symlink() or path.exists():
        path.unlink()
