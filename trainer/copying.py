"""Reading a training's files: each is a plain file that nobody changes meanwhile."""

import hashlib
import os
import stat
from pathlib import Path
from typing import IO, Iterator, NamedTuple

from trainer.errors import Refusal
from trainer.measured import Measured

CHUNK = 1 << 18


class Seen(NamedTuple):
    """What tells whether a file is still the one that it was."""

    device: int
    inode: int
    size: int
    changed: int


def look(path: Path) -> Seen:
    """Return what a file is now. Raises Refusal for all but a regular file that holds something."""
    try:
        status = os.lstat(str(path))
    except OSError as error:
        raise Refusal("%s: found %s; expected a file of the model" % (path, error.strerror)) from None
    if not stat.S_ISREG(status.st_mode):
        raise Refusal("%s: found %s; expected the file itself" % (path, _kind(status.st_mode)))
    if not status.st_size:
        raise Refusal("%s: found an empty file; expected one that a training wrote" % path)
    return _seen(status)


def require_same(path: Path, before: Seen) -> None:
    """Raise Refusal when a file is no longer what it was."""
    if look(path) != before:
        raise Refusal("%s: found that it changed meanwhile; expected a complete file; run again when it is" % path)


def copy(source: Path, before: Seen, target: Path) -> Measured:
    """Copy as much of a file as it held before, flush that, and return what was copied. Raises OSError."""
    descriptor = os.open(str(source), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as reader, target.open("xb") as writer:
        digest, size = hashlib.sha256(), 0
        for chunk in chunks(reader, before.size):
            digest.update(chunk)
            size += writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return Measured(target.name, digest.hexdigest(), size)


def chunks(reader: IO[bytes], left: int) -> Iterator[bytes]:
    """Yield what is read, up to so many bytes."""
    while left:
        chunk = reader.read(min(CHUNK, left))
        if not chunk:
            return
        yield chunk
        left -= len(chunk)


def measure(path: Path) -> Measured:
    """Return what a file of this program's own holds. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as reader:
        for chunk in chunks(reader, os.fstat(reader.fileno()).st_size):
            digest.update(chunk)
            size += len(chunk)
    return Measured(path.name, digest.hexdigest(), size)


def write(path: Path, content: bytes) -> None:
    """Write a new file and flush it."""
    with path.open("xb") as writer:
        writer.write(content)
        writer.flush()
        os.fsync(writer.fileno())


def flush_folder(path: Path) -> None:
    """Have the names in a folder survive a power cut."""
    descriptor = os.open(str(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _seen(status: os.stat_result) -> Seen:
    return Seen(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
