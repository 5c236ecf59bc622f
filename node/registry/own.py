"""Folders and files of the login that runs this program, as the registry's are and those that were collected."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Iterator

from node.errors import Refusal
from node.protocol.registry import Measured
from node.store import disk, files, handles, lock
from node.store.rights import Owner

MANIFEST_LIMIT = 65_536  # bytes
UNFINISHED = ".import-"  # before the name of a version that is being stored


def me() -> Owner:
    return Owner(os.geteuid(), os.getegid())


def folder(path: Path, mode: int = 0o755) -> None:
    """Make a folder, and what it lies in, unless it is there."""
    try:
        files.folder(path, me(), mode)
    except OSError as error:
        error.filename = str(path)
        raise


@contextmanager
def opened(path: Path, mode: int) -> Iterator[BinaryIO]:
    """Yield a file to read and write, made if it is not there. Raises OSError for a link, Refusal for what is none."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    files.observer("before open", path)
    with handles.folder(path.parent) as parent:
        try:
            handle = os.open(path.name, flags, mode, dir_fd=parent)
        except OSError as error:
            error.filename = str(path)
            raise
    files.observer("after open", path)
    with os.fdopen(handle, "r+b") as file:
        handles.require_file(handle, path)
        yield file


def fill(file: BinaryIO, path: Path, mode: int, stream: BinaryIO) -> Measured:
    """Write all of a stream to the file that was opened there, flush it, and return what it is."""
    file.truncate(0)
    digest = hashlib.sha256()
    for chunk in iter(lambda: stream.read(disk.CHUNK), b""):
        digest.update(chunk)
        file.write(chunk)
    flush(file, path, mode)
    return Measured(digest.hexdigest(), file.tell())


def staging_of(final: Path) -> Path:
    """Where the files of a version are staged: one rename from its place."""
    return final.with_name(UNFINISHED + final.name)


def require_absent(final: Path, again: str) -> None:
    """Raises Refusal when another run has put something at a place; `again` is what an operator types next."""
    if disk.is_there(final):
        raise Refusal("%s: it came there meanwhile; %s" % (final, again))


def require_announced(found: Measured, announced: Measured, final: Path, again: str) -> None:
    """Raises Refusal for a file that did not come as it was announced."""
    if found.size != announced.size:
        raise Refusal("%s: %d of %d bytes came; %s" % (final, found.size, announced.size, again))
    if found != announced:
        raise Refusal("%s: other bytes came than were announced; %s" % (final, again))


def flush(file: BinaryIO, path: Path, mode: int) -> None:
    """Give an open file its mode, and flush it: a power cut must not leave its name without its bytes."""
    file.flush()
    found = os.fstat(file.fileno())
    files.give_open(file.fileno(), path, Owner(found.st_uid, found.st_gid), mode)


def measure(path: Path) -> Measured:
    """What the bytes of a file are. Raises OSError, also for a link; Refusal for what is no file."""
    with handles.opened(path) as file:
        return Measured(disk.digest(file), file.tell())


def manifest(path: Path) -> bytes:
    """The bytes of a manifest, one more than it may have if it is longer. Raises as `measure`."""
    with handles.opened(path) as file:
        return file.read(MANIFEST_LIMIT + 1)


@contextmanager
def alone(path: Path, seconds: float, busy: str) -> Iterator[None]:
    """Hold a folder for this run. Raises Refusal, saying `busy`, when another holds it for longer than that."""
    deadline = time.monotonic() + seconds
    with handles.listable(path) as handle:
        while not lock.take(handle):
            if time.monotonic() >= deadline:
                raise Refusal("%s: %s" % (path, busy))
        yield


def free(path: Path) -> int:
    """The bytes that the disk has for what is to come below a folder, which need not be there yet."""
    while not disk.is_folder(path):
        path = path.parent
    return disk.free(path)
