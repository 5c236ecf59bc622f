"""Backups: copies of linked files on the node, each beside the version's others and named by its digest.

kept/MODEL/VERSION/NAME.DIGEST   the first 12 digits of its SHA-256
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO, Iterable, List, NamedTuple

from node import layout
from node.errors import Refusal
from node.linked_files import linked
from node.store import disk, files, handles
from node.store.service_set import Named

DIGITS = 12


class Backup(NamedTuple):
    """A copy of a linked file: where it is, its digest's first digits, its size in bytes and the file's time then."""

    path: Path
    digest: str
    size: int
    mtime: float


def keep(named: Iterable[Named]) -> None:
    """Copy linked files aside, each version's, unless just such a copy is there."""
    for path in sorted(linked.siblings(named)):
        aside(path)


def aside(path: Path) -> Path:
    """Copy a linked file aside, unless just such a copy is there. Returns the copy; raises Refusal, OSError."""
    with handles.reached(path) as file:
        _require_room(file, path)
        digest = disk.digest(file)[:DIGITS]
    copy = _folder(path) / (path.name + "." + digest)
    if disk.is_there(copy) and not _is_whole(copy, digest):
        files.set_aside(copy)
    if not disk.is_there(copy):
        files.folder(layout.backups(), mode=0o700)  # faces are for those only who may read the originals
        files.folder(copy.parent)
        if not files.copy(path, copy).startswith(digest):
            files.unlink(copy)
            raise Refusal("%s: written to while it was copied aside; run again later" % path)
    return copy


def _is_whole(copy: Path, digest: str) -> bool:
    return disk.is_file(copy) and disk.sha256(copy).startswith(digest)


def _require_room(file: BinaryIO, path: Path) -> None:
    """A file of holes may be longer than the disk is large."""
    files.folder(layout.STATE)
    if os.fstat(file.fileno()).st_size > disk.free(layout.STATE):
        raise Refusal("%s: too little space for a copy; free some space, or look what it holds, and run again" % path)


def of(path: Path) -> List[Backup]:
    """Return the backups of a linked file, newest first."""
    found = []
    for name in disk.names(_folder(path)):
        status = disk.status(_folder(path) / name)
        if name.startswith(path.name + ".") and status is not None:
            digest = name[len(path.name) + 1 :]
            found.append(Backup(_folder(path) / name, digest, status.st_size, status.st_mtime))
    return sorted(found, key=lambda backup: -backup.mtime)


def of_any_version(path: Path) -> List[Backup]:
    """Return the backups of a linked file, and of the file of that name in the other versions of its model."""
    versions = disk.names(layout.backups() / path.parent.parent.name)
    found = (of(path.parent.with_name(version) / path.name) for version in versions)
    return sorted((each for some in found for each in some), key=lambda backup: -backup.mtime)


def _folder(path: Path) -> Path:
    return layout.backups() / path.parent.parent.name / path.parent.name
