"""Stamps: what a file was when its bytes were last read.

The stamp of a file lies at the file's own path below the stamps folder, and holds its SHA-256, size and time. A file
whose size and time are still those is trusted without reading it again.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, Dict, NamedTuple, Optional

from node import disk, files, layout
from node.errors import Refusal
from node.handles import opened
from node.rights import Owner


class Reading(NamedTuple):
    """What a reading of an open file found. Size and time are from before it, so that a change meanwhile shows."""

    sha256: str
    size: int
    mtime_ns: int


def read(path: Path) -> Reading:
    """Read every byte of a file. Raises OSError, or Refusal for what is none."""
    with opened(path) as file:
        return _read(file)


def take(path: Path, sha256: str, owner: Owner) -> Reading:
    """Read every byte of a file that was staged, and give just what was read to its owner, if it has this digest."""
    with opened(path) as file:
        found = _read(file)
        if found.sha256 == sha256:
            files.give_open(file.fileno(), path, owner, 0o644)
    return found


def _read(file: BinaryIO) -> Reading:
    status = os.fstat(file.fileno())
    return Reading(disk.digest(file), status.st_size, status.st_mtime_ns)


def put(path: Path, reading: Reading) -> None:
    """Record what a reading of the file at `path` has found."""
    stamp = _stamp_of(path)
    _clear_way_to(stamp)
    files.folder(stamp.parent)
    files.write(stamp, json.dumps(reading._asdict(), sort_keys=True).encode())


def _clear_way_to(stamp: Path) -> None:
    """What is of another kind there goes: a stamp only saves work."""
    for each in (stamp, *stamp.parents):
        if each == layout.STATE:
            break
        if disk.is_there(each) and disk.is_real_folder(each) == (each == stamp):
            files.remove(each)


def vouches(path: Path, sha256: str) -> bool:
    """Tell whether the file at `path` had this digest when it was last read, and looks unchanged since."""
    status = disk.status(path)
    if status is None or not stat.S_ISREG(status.st_mode):
        return False
    return _load(_stamp_of(path)) == Reading(sha256, status.st_size, status.st_mtime_ns)._asdict()


def find(sha256: str) -> Optional[Path]:
    """Return a file on this node that has this digest, if a stamp knows one."""
    for stamp in sorted(path for path, _ in disk.below(layout.stamps())) if disk.is_folder(layout.stamps()) else []:
        path = Path("/", stamp.relative_to(layout.stamps()))
        if (_load(stamp) or {}).get("sha256") == sha256 and vouches(path, sha256):
            return path
    return None


def forget(folder: Path) -> None:
    """Remove the stamps of all files that were in a folder."""
    files.remove(_stamp_of(folder))


def _stamp_of(path: Path) -> Path:
    return layout.stamps() / path.relative_to("/")


def _load(stamp: Path) -> Optional[Dict[str, Any]]:
    try:
        record = json.loads(disk.read(stamp).decode())
    except (OSError, ValueError, Refusal):
        return None  # a stamp saves work, no more: without one the bytes are read again
    return record if isinstance(record, dict) else None
