"""A version's linked files, for their collection: what they are, and their bytes. Changes nothing here."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Iterator, Tuple

from node import names
from node.errors import Refusal
from node.machine.processes import writers
from node.protocol.registry import Measured
from node.protocol.versions import LinkedFiles, LinkedQuestion, SendLinkedFile
from node.store import disk, handles


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
