"""Waiting for whoever works with Debian's packages: at boot that is often the daily upgrade. Takes no lock itself."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from pathlib import Path
from typing import Optional, Tuple

from node.errors import Refusal, printable
from node.store import disk, handles

# What apt-get(8) and dpkg(1) lock, each with fcntl(2).
LOCKS = (
    Path("/var/lib/dpkg/lock-frontend"),
    Path("/var/lib/dpkg/lock"),
    Path("/var/lib/apt/lists/lock"),
    Path("/var/cache/apt/archives/lock"),
)
SECONDS = 180.0
PAUSE = 0.5
_FLOCK = "hhqqi0q"  # struct flock, fcntl(2), with offsets of 64 bits: type, whence, start, length, process


def wait(seconds: float = SECONDS) -> None:
    """Wait until nobody holds a lock of apt or dpkg. Raises Refusal, which names the holder, after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = holder()
        if found is None:
            return
        if time.monotonic() >= deadline:
            told = (*found, _name(found[1]), seconds)
            raise Refusal("%s: held by process %d (%s), waited %g s; run again when that has ended" % told)
        time.sleep(PAUSE)


def holder() -> Optional[Tuple[Path, int]]:
    """Return a lock that is held, and the process that holds it; None where none is."""
    for lock in LOCKS:
        pid = _pid_of_holder(lock) if disk.is_file(lock) else None
        if pid is not None:
            return lock, pid
    return None


def _name(pid: int) -> str:
    try:
        return printable(disk.read(Path("/proc/%d/comm" % pid)).decode("utf-8", "replace").strip())
    except (OSError, Refusal):
        return "unknown"


def _pid_of_holder(lock: Path) -> Optional[int]:
    with handles.opened(lock) as file:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return pid if kind != fcntl.F_UNLCK else None
