"""The checksum cache: what each verified file was when its bytes were last read, at its own path below the cache.

A file whose state is still that is trusted without reading it again. Its owner cannot set the time of its last change;
where this program moves that itself, by a link, a rename, another owner or mode, it renews the entries.
"""

from __future__ import annotations

import errno
import json
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Dict, Iterator, NamedTuple, Optional, Tuple

from node import codec, layout
from node.errors import Refusal
from node.store import disk, files
from node.store.handles import NotPlain, opened
from node.store.rights import Owner

FORMAT = 1


class State(NamedTuple):
    """What changes with a file. The number of a device is another after a boot on some; its file system's is not."""

    filesystem: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @property
    def identity(self) -> Tuple[int, int]:
        return self.filesystem, self.inode

    def is_but_touched(self, later: State) -> bool:
        """Tell whether all is the same later but the time of the last change."""
        return self._replace(ctime_ns=later.ctime_ns) == later


class Reading(NamedTuple):
    """What a reading of an open file found. The state is from before it, so that a change meanwhile shows."""

    sha256: str
    state: State


def read(path: Path) -> Reading:
    """Read every byte of a file. Raises OSError, or Refusal for what is none."""
    with opened(path) as file:
        return _read(file)


def take(path: Path, sha256: str, owner: Owner) -> Reading:
    """Read every byte of a file that was staged, and give just what was read to its owner, if it has this digest."""
    with opened(path) as file:
        found = _read(file)
        if found.sha256 != sha256:
            return found
        is_as_read = _state_of(file) == found.state
        with renewing(path):  # another version may share it
            files.give_open(file.fileno(), path, owner, 0o644)
        return _touched(found, _state_of(file)) if is_as_read else found


def _read(file: BinaryIO) -> Reading:
    state = _state_of(file)
    return Reading(disk.digest(file), state)


def _state_of(file: BinaryIO) -> State:
    found = os.fstat(file.fileno())
    filesystem = os.fstatvfs(file.fileno()).f_fsid
    return State(filesystem, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _state_at(path: Path) -> Optional[State]:
    """Return the state of a regular file; None where there is none. Raises Refusal for a link on the way."""
    try:
        with opened(path) as file:
            return _state_of(file)
    except NotPlain:
        return None
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            return None
        raise


def _state_if_seen(path: Path) -> Optional[State]:
    """Return the state of a regular file; None where there is none, or it cannot be seen."""
    with suppress(OSError, Refusal):
        return _state_at(path)
    return None


def _touched(reading: Reading, later: Optional[State]) -> Reading:
    """Return the reading as of after a change of this program's own; as it was where more has changed."""
    return Reading(reading.sha256, later) if later is not None and reading.state.is_but_touched(later) else reading


def put(path: Path, reading: Reading) -> None:
    """Record what a reading of the file at `path` has found."""
    entry = _place_of(path)
    _clear_way_to(entry)
    files.folder(entry.parent)
    record = {"format": FORMAT, "sha256": reading.sha256, **reading.state._asdict()}
    files.write(entry, json.dumps(record, sort_keys=True).encode())


def place(staged: Path, final: Path, reading: Reading) -> None:
    """Rename a staged file that was read to its place, and record there what the reading has found."""
    is_as_read = _state_at(staged) == reading.state
    with renewing(final):  # another version may share what is replaced
        files.rename(staged, final)
    put(final, _touched(reading, _state_at(final)) if is_as_read else reading)


@contextmanager
def renewing(*paths: Path) -> Iterator[None]:
    """Keep what the cache says of the files at these paths, by whatever name, through this program's own changes."""
    states = [state for state in map(_state_if_seen, paths) if state is not None]
    kept = list(_held({state.identity for state in states}))
    try:
        yield
    finally:
        for path, reading in kept:
            touched = _touched(reading, _state_if_seen(path))
            if touched != reading:
                put(path, touched)


def _held(identities: "set[Tuple[int, int]]") -> Iterator[Tuple[Path, Reading]]:
    """Yield those of the cached paths that lead to one of these files, and are trusted."""
    for path in _paths():
        entry = _entry(path)
        if entry is not None and entry.state.identity in identities and _state_if_seen(path) == entry.state:
            yield path, entry


def _clear_way_to(entry: Path) -> None:
    """Remove what is of another kind on the way to an entry."""
    for each in (entry, *entry.parents):
        if each == layout.STATE:
            break
        if disk.is_there(each) and disk.is_real_folder(each) == (each == entry):
            files.remove(each)


def holds(path: Path, sha256: str) -> bool:
    """Tell whether the file at `path` had this digest when it was last read, and looks unchanged since."""
    state = _state_at(path)
    return state is not None and _entry(path) == Reading(sha256, state)


def find(sha256: str) -> Optional[Path]:
    """Return a file on this node that has this digest, if the cache knows one."""
    for path in _paths():
        if (_load(path) or {}).get("sha256") == sha256 and holds(path, sha256):
            return path
    return None


def upgrade() -> None:
    """Read anew what was last read before entries held the time of the last change: they say too little."""
    for path in _paths():
        record, state = _load(path) or {}, _state_if_seen(path)
        old = (record.get("format", codec.UNNUMBERED), record.get("size"), record.get("mtime_ns"))
        if state is not None and old == (codec.UNNUMBERED, state.size, state.mtime_ns):
            put(path, read(path))


def forget(folder: Path) -> None:
    """Remove the entries of all files that were in a folder."""
    files.remove(_place_of(folder))


def _paths() -> "list[Path]":
    """The files that have an entry, or had one."""
    cache = layout.checksum_cache()
    return (
        sorted(Path("/", entry.relative_to(cache)) for entry, _ in disk.below(cache)) if disk.is_folder(cache) else []
    )


def _place_of(path: Path) -> Path:
    return layout.checksum_cache() / path.relative_to("/")


def _entry(path: Path) -> Optional[Reading]:
    """What the entry of a file says; None for none, and for one of another format."""
    record = _load(path)
    if record is None or record.get("format") != FORMAT:
        return None
    return Reading(record.get("sha256", ""), State(*(record.get(name, 0) for name in State._fields)))


def _load(path: Path) -> Optional[Dict[str, Any]]:
    try:
        record = json.loads(disk.read(_place_of(path)).decode())
    except (OSError, ValueError, Refusal):
        return None  # an entry saves work, no more: without one the bytes are read again
    return record if isinstance(record, dict) else None
