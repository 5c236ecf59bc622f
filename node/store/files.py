"""Changing this node's disk, through handles, so that a power cut leaves the old file or the new one, never a part."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterator

from node.errors import Refusal
from node.store import disk, handles, rights
from node.store.rights import ROOT, Owner


def _no_observer(moment: str, path: Path) -> None:
    """Nothing watches outside of tests."""


observer: Callable[[str, Path], None] = _no_observer
"""Told before and after each change to the disk; tests set it, to end the program there."""


@contextmanager
def _change(name: str, path: Path) -> Iterator[None]:
    observer("before " + name, path)
    yield
    observer("after " + name, path)


def sync(path: Path) -> None:
    """Flush a file, or a folder in its place, to the disk."""
    with _change("sync", path), handles.either(path) as handle:
        os.fsync(handle)


def sync_folder(path: Path) -> None:
    """Flush a folder, or one that a link of root leads to."""
    with handles.folder(path) as handle:
        _sync_folder(handle, path)


def _sync_folder(handle: int, path: Path) -> None:
    """The same, of one that is open."""
    with _change("sync", path):
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=handle)
        try:
            os.fsync(readable)
        finally:
            os.close(readable)


def write(path: Path, content: bytes, mode: int = 0o644, owner: Owner = ROOT) -> None:
    """Replace `path` by `content` in one rename."""

    def make(name: str, parent: int) -> None:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if _owner_of(handle) != owner:  # a unit that may chown nothing can write what is its own
                os.fchown(handle, owner.uid, owner.gid)
            os.fchmod(handle, mode)

    new = _make_beside(path, "write", make)
    sync(new)
    rename(new, path)


def append(path: Path, line: bytes, mode: int = 0o644, owner: Owner = ROOT) -> None:
    """Add a line, a new one also after a line that a power cut tore; in somebody's folder with their rights alone."""
    is_new = not disk.is_there(path)
    with _change("append", path), handles.folder(path.parent) as parent:
        above = _owner_of(parent)
        with os.fdopen(_open_to_append(path, parent, mode, above), "ab+") as file:
            handles.require_file(file.fileno(), path)
            if is_new and above == ROOT:
                os.fchown(file.fileno(), owner.uid, owner.gid)
            if is_new:
                with rights.of(above):
                    os.fchmod(file.fileno(), mode)
            if file.seek(0, os.SEEK_END) > 0:
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line + b"\n")
    sync(path)


def _open_to_append(path: Path, parent: int, mode: int, above: Owner) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    with rights.of(above):
        try:
            return os.open(path.name, flags, mode, dir_fd=parent)
        except PermissionError:
            raise Refusal("%s: not writable for whom its folder belongs to; chown it and run again" % path) from None
        except OSError as error:
            error.filename = str(path)
            raise


def _owner_of(handle: int) -> Owner:
    found = os.fstat(handle)
    return Owner(found.st_uid, found.st_gid)


def copy(source: Path, path: Path, owner: Owner = ROOT, mode: int = 0o600) -> str:
    """Copy a file, or what a link there leads its maker to, with its times, in one rename; return its SHA-256."""
    found = hashlib.sha256()

    def make(name: str, parent: int) -> None:
        with handles.reached(source) as old:
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
            with os.fdopen(handle, "wb") as new:
                before = os.fstat(old.fileno())
                for chunk in iter(lambda: old.read(disk.CHUNK), b""):
                    found.update(chunk)
                    new.write(chunk)
                new.flush()
                os.fchown(handle, owner.uid, owner.gid)
                os.fchmod(handle, mode)
                os.utime(handle, ns=(before.st_atime_ns, before.st_mtime_ns))

    new_path = _make_beside(path, "copy", make)
    sync(new_path)
    rename(new_path, path)
    return found.hexdigest()


def link(path: Path, to: str) -> None:
    """Make `path` a symbolic link, in one rename; a link that is right already costs no write.

    In somebody's folder it is theirs: root's links are followed, and they could move one to where it misleads.
    """

    def make(name: str, parent: int) -> None:
        with rights.of(_owner_of(parent)):
            os.symlink(to, name, dir_fd=parent)

    if disk.target(path) != to:
        rename(_make_beside(path, "link", make), path)


def free_beside(path: Path) -> Path:
    """A name beside a path; what an earlier try left there goes, and what is in the way stays."""
    free = path.with_name("." + path.name + ".new")
    try:
        unlink(free)
    except OSError:
        print("%s: in the way; look there, and remove it" % free, file=sys.stderr)
        free = path.with_name(".%s.%s.new" % (path.name, os.urandom(8).hex()))
    return free


def _make_beside(path: Path, change: str, make: Callable[[str, int], None]) -> Path:
    """Make the new `path` beside it."""
    new = free_beside(path)
    try:
        with _change(change, new), handles.folder(path.parent) as parent:
            make(new.name, parent)
    except OSError as error:
        if not isinstance(error, FileExistsError):
            unlink(new)  # of a full disk it takes the rest
        error.filename = str(path)
        raise
    return new


def folder(path: Path, owner: Owner = ROOT, mode: int = 0o755) -> None:
    """Make a folder and its parents; those that are made get `owner` and `mode`, those that exist keep theirs."""
    missing = []
    while not disk.is_folder(path):
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        new = each.with_name("." + each.name + ".new")
        remove(new)
        _make_folder(new, owner, mode)
        place(new, each)


def _make_folder(path: Path, owner: Owner, mode: int) -> None:
    """In somebody's folder it is made with their rights, and theirs: root could give away what took its place."""
    with handles.folder(path.parent) as parent:
        above = _owner_of(parent)
        with _change("folder", path), rights.of(above):
            os.mkdir(path.name, 0o700, dir_fd=parent)
            os.chmod(path.name, mode, dir_fd=parent)
    if above == ROOT != owner:
        give(path, owner, mode)


def private_folder(path: Path) -> None:
    """Make a folder that this program's user alone can enter. Raises OSError where something is."""
    with handles.folder(path.parent) as parent, _change("folder", path):
        os.mkdir(path.name, 0o700, dir_fd=parent)


def rename(path: Path, final: Path) -> None:
    """Rename a file to its place, whatever file is there, and flush the folder."""
    with handles.folder(path.parent) as old, handles.folder(final.parent) as new:
        with _change("rename", final):
            os.rename(path.name, final.name, src_dir_fd=old, dst_dir_fd=new)
        _sync_folder(new, final.parent)


def set_aside(path: Path) -> Path:
    """Rename what is in the way to a name of its own beside it: it may exist nowhere else. Returns where it is then."""
    aside = path.with_name(".%s.damaged-%s" % (path.name, os.urandom(4).hex()))
    rename(path, aside)
    return aside


def place(staged: Path, final: Path) -> None:
    """Rename a staged folder to its place. Raises OSError when something is there."""
    sync(staged)
    rename(staged, final)


def hard_link(path: Path, final: Path) -> None:
    """Give a file a second name. Raises FileExistsError when something is there."""
    with _change("hard link", final), handles.folder(path.parent) as old, handles.folder(final.parent) as new:
        os.link(path.name, final.name, src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)


def give(path: Path, owner: Owner, mode: int) -> None:
    """Set owner and mode of a file or a folder, and flush it."""
    with handles.either(path) as handle:
        give_open(handle, path, owner, mode)


def give_open(handle: int, path: Path, owner: Owner, mode: int) -> None:
    """The same, of what was opened at that path."""
    if _owner_of(handle) != owner or stat.S_IMODE(os.fstat(handle).st_mode) != mode:
        with _change("give", path):
            os.fchown(handle, owner.uid, owner.gid)
            os.fchmod(handle, mode)
    with _change("sync", path):
        os.fsync(handle)


def prune(path: Path) -> None:
    """Remove the folders at and below `path` that hold no file."""
    for each in disk.folders(path):
        prune(each)
    if not disk.names(path):
        with _change("remove", path), handles.folder(path.parent) as parent:
            os.rmdir(path.name, dir_fd=parent)


def unlink(path: Path) -> None:
    """Remove a file or a link, if it is there, and flush the folder."""
    with suppress(FileNotFoundError, NotADirectoryError), handles.folder(path.parent) as parent:
        os.stat(path.name, dir_fd=parent, follow_symlinks=False)
        with _change("unlink", path):
            os.unlink(path.name, dir_fd=parent)
        _sync_folder(parent, path.parent)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it, if it is there."""
    if not disk.is_real_folder(path):
        unlink(path)
        return
    with _change("remove", path), handles.folder(path.parent) as parent:
        with handles.either(path) as top:  # never a link, be it one that root made elsewhere and the user moved here
            while os.listdir(top):
                for name in os.listdir(top):
                    _remove_one(name, top)
        os.rmdir(path.name, dir_fd=parent)


def _remove_one(name: str, top: int) -> None:
    """Remove a file or a folder, whose folders move up first: they may be nested deeper than handles can be open."""
    if _unlinks(name, top):
        return
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
    try:
        for each in os.listdir(folder):
            if not _unlinks(each, folder):
                os.rename(each, os.urandom(8).hex(), src_dir_fd=folder, dst_dir_fd=top)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _unlinks(name: str, parent: int) -> bool:
    """Remove what is no folder. Returns whether it was none."""
    try:
        os.unlink(name, dir_fd=parent)
    except IsADirectoryError:
        return False
    return True
