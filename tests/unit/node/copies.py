"""A folder is put aside, and a copy that looks like it in all but its inodes takes its place."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from node.store import checksum_cache
from node.store.checksum_cache import State

Inodes = dict[int, int]
"""Those of the copy's files, by those of the files that they were copied from."""


def let_checksums_follow(patch: pytest.MonkeyPatch) -> None:
    """Let a copy pass for what it was copied from: a power cut leaves the inodes, and the times of their changes."""
    state_of = checksum_cache._state_of

    def alike(file: BinaryIO) -> State:
        return state_of(file)._replace(inode=0, ctime_ns=0)

    patch.setattr(checksum_cache, "_state_of", alike)


@contextmanager
def replaced_by_copy(root: Path) -> Iterator[Inodes]:
    """What is done to the folder meanwhile is done to the copy; afterwards it is as it was, open files and all."""
    aside = root.with_name("." + root.name + ".aside")
    root.rename(aside)
    inodes: Inodes = {}
    _copy(str(aside), str(root), inodes, {})
    yield inodes
    shutil.rmtree(root)
    aside.rename(root)


def _copy(source: str, target: str, inodes: Inodes, linked: dict[int, str]) -> None:
    """`linked` are the copied files that have further links."""
    os.mkdir(target)  # noqa: PTH102  tens of thousands of them: without Path, which takes longer than the disk
    for each in os.scandir(source):
        path = f"{target}/{each.name}"
        if each.is_dir(follow_symlinks=False):
            _copy(each.path, path, inodes, linked)
        elif each.is_symlink():
            os.symlink(os.readlink(each.path), path)  # noqa: PTH115, PTH211
        elif each.inode() in linked:
            os.link(linked[each.inode()], path)
        else:
            _copy_file(each, path, inodes, linked)
    _give(os.stat(source), target)  # noqa: PTH116


def _copy_file(source: "os.DirEntry[str]", path: str, inodes: Inodes, linked: dict[int, str]) -> None:
    with open(source.path, "rb", 0) as old, open(path, "xb", 0) as new:  # noqa: PTH123
        new.write(old.read())
        inodes[source.inode()] = os.fstat(new.fileno()).st_ino
    status = source.stat()
    _give(status, path)
    if status.st_nlink > 1:
        linked[source.inode()] = path


def _give(status: os.stat_result, path: str) -> None:
    os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, status.st_mode & 0o7777)  # noqa: PTH101
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
