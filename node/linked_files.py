"""Linked files hold data that exists on this node only: who writes them, their backups, their collection.

A backup is kept/MODEL/VERSION/NAME.DIGEST, with the first 12 digits of its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Set, Tuple

from node import layout, names
from node.errors import Refusal
from node.machine.processes import writers
from node.protocol.registry import Measured
from node.protocol.versions import LinkedFiles, LinkedQuestion, SendLinkedFile
from node.store import disk, files, handles
from node.store.service_set import Named

PAUSE = 0.5  # seconds between looks
DIGITS = 12


class Backup(NamedTuple):
    """A copy of a linked file: where it is, its digest's first digits, its size in bytes and the file's time then."""

    path: Path
    digest: str
    size: int
    mtime: float


def wait(named: Iterable[Named], limit: float) -> None:
    """Wait up to `limit` seconds until no linked file is open for writing. Raises Refusal when one still is."""
    paths = siblings(named)
    deadline = time.monotonic() + limit
    while True:
        busy = writers(paths)
        if not busy:
            return
        if time.monotonic() >= deadline:
            raise Refusal(
                "%s: open for writing for more than %d s; expected the task to finish; run again later"
                % (", ".join(busy), limit)
            )
        time.sleep(PAUSE)


def siblings(named: Iterable[Named]) -> Set[Path]:
    """Return each linked file in every version of its model: the running service may hold an older one."""
    found: Set[Path] = set()
    for path in (each.path for each in named if each.linked):
        model = path.parent.parent
        siblings = [model / version / path.name for version in disk.names(model) if version[0] != "."]
        found.update(each for each in siblings if disk.reached(each) is not None)
    return found


def keep(named: Iterable[Named]) -> None:
    """Make backups of linked files, of each version's."""
    for path in sorted(siblings(named)):
        back_up(path)


def back_up(path: Path) -> Path:
    """Copy a linked file aside, unless just such a copy is there. Returns the copy; raises Refusal, OSError."""
    with handles.reached(path) as file:
        files.folder(layout.STATE)
        if os.fstat(file.fileno()).st_size > disk.free(layout.STATE):  # a file of holes may be longer than the disk
            said = "%s: too little space for a copy; free some space, or look what it holds, and run again"
            raise Refusal(said % path)
        digest = disk.digest(file)[:DIGITS]
    copy = _folder(path) / (path.name + "." + digest)
    if disk.is_there(copy) and not (disk.is_file(copy) and disk.sha256(copy).startswith(digest)):
        files.set_aside(copy)
    if not disk.is_there(copy):
        files.folder(layout.backups(), mode=0o700)  # faces are for those only who may read the originals
        files.folder(copy.parent)
        if not files.copy(path, copy).startswith(digest):
            files.unlink(copy)
            raise Refusal("%s: written to while it was copied aside; run again later" % path)
    return copy


def backups(path: Path) -> List[Backup]:
    """Return the backups of a linked file, newest first."""
    found = []
    for name in disk.names(_folder(path)):
        status = disk.status(_folder(path) / name)
        if name.startswith(path.name + ".") and status is not None:
            digest = name[len(path.name) + 1 :]
            found.append(Backup(_folder(path) / name, digest, status.st_size, status.st_mtime))
    return sorted(found, key=lambda backup: -backup.mtime)


def backups_of_any_version(path: Path) -> List[Backup]:
    """Return the backups of a linked file, and of the file of that name in the other versions of its model."""
    versions = disk.names(layout.backups() / path.parent.parent.name)
    found = (backups(path.parent.with_name(version) / path.name) for version in versions)
    return sorted((each for some in found for each in some), key=lambda backup: -backup.mtime)


def _folder(path: Path) -> Path:
    return layout.backups() / path.parent.parent.name / path.parent.name


def look(question: LinkedQuestion) -> LinkedFiles:
    """Return what the files are. Raises Refusal when there is no such version, or a file is being written to."""
    folder = version_folder(question.models, question.model, question.version)
    paths = [folder / names.plain("name", name) for name in question.names]
    return LinkedFiles({path.name: measure(path) if disk.is_there(path) else None for path in paths})


def version_folder(models: Path, model: str, version: str) -> Path:
    """Return the folder of a version. Raises Refusal where there is none, or a link."""
    folder = models / names.plain("model", model) / names.plain("version", version)
    if not disk.is_folder(models):
        raise Refusal("%s: no such folder; expected the models of this node" % models)
    for path in (folder.parent, folder):
        if disk.target(path) is not None:
            raise Refusal("%s: found a link; expected a folder; look there" % path)
    if not disk.is_real_folder(folder):
        there = ", ".join(each.name for each in disk.folders(folder.parent) if each.name[0] != ".") or "none"
        raise Refusal("%s/%s: not on this node; versions of %s that are: %s" % (model, version, model, there))
    return folder


def measure(path: Path) -> Measured:
    """Return size and SHA-256 of a file that nobody writes to meanwhile. Raises Refusal."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(path):
        digest.update(chunk)
        size += len(chunk)
    return Measured(digest.hexdigest(), size)


def send(desired: SendLinkedFile) -> None:
    """Write the bytes of a file to standard output. Raises Refusal unless they have that digest."""
    path = version_folder(desired.models, desired.model, desired.version) / names.plain("name", desired.name)
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    if digest.hexdigest() != desired.sha256:
        raise Refusal("%s: it has changed since it was looked at; run again" % path)


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a plain file. Raises Refusal when there is none, or somebody writes to it meanwhile."""
    _require_closed(path)
    try:
        with handles.opened(path) as file:
            before = _identity(os.fstat(file.fileno()))
            yield from iter(lambda: file.read(disk.CHUNK), b"")
    except OSError as error:
        raise Refusal("%s: %s; expected a plain file" % (path, error.strerror)) from None
    _require_closed(path)
    now = disk.status(path)
    if now is None or _identity(now) != before:
        raise Refusal("%s: written to while it was read; run again later" % path)


def _require_closed(path: Path) -> None:
    busy = writers({path})
    if busy:
        raise Refusal("%s: open for writing; expected the task to finish; run again later" % ", ".join(busy))


def _identity(status: os.stat_result) -> Tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
