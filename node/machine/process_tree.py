"""Which processes descend from which, and which of them live: one reading of the process table, proc(5).

By their parents and not by the unit's control group: a group does not name its zombies, and holds what the unit ran
beside its main process too. Neither a restart of systemd nor a reload of its units changes a parent.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from node.errors import Unknown

PROC = Path("/proc")
_ENDED = "ZXx"
_TICKS = os.sysconf("SC_CLK_TCK")  # per second
_LONGEST = 4096  # bytes of what is read of a process
_HELPERS = tuple(b"from multiprocessing.%s import main" % name for name in (
    b"resource_tracker", b"semaphore_tracker", b"forkserver",
))  # fmt: skip


class Process(NamedTuple):
    """A process as the table had it. `started` is in seconds since the boot, as `now` is."""

    pid: int
    parent: int
    state: str
    started: float

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs: a zombie has ended, and only its parent has not asked how."""
        return self.state not in _ENDED


Table = Dict[int, Process]  # by process id


def look() -> Table:
    """Return all processes of this machine. Raises Unknown when they cannot be seen."""
    try:
        found = [_process(int(name)) for name in os.listdir(str(PROC)) if name.isdigit()]
    except OSError as error:
        raise Unknown("%s: could not be read: %s" % (PROC, error.strerror)) from None
    return {process.pid: process for process in found if process is not None}


def now() -> float:
    """Return the seconds since the boot. Setting the clock changes nothing of them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def family(table: Table, pid: int) -> List[Process]:
    """Return a process and all that descend from it, whether they live or not; none when it is not in the table."""
    children = {}  # type: Dict[int, List[Process]]
    for each in table.values():
        children.setdefault(each.parent, []).append(each)
    members = {}  # type: Table
    new = [table[pid]] if pid in table else []
    while new:
        members.update({each.pid: each for each in new})
        # A number that was given anew while the table was read can make a circle of it.
        new = [child for each in new for child in children.get(each.pid, []) if child.pid not in members]
    return list(members.values())


def workers(table: Table, pid: int) -> List[Process]:
    """Return the live children of a process that do its work.

    Python's own helpers do not count; what the helper that forks for its parent has forked does, by the same name.
    """
    below = family(table, pid)[1:]
    helpers = {each.pid for each in below if each.parent == pid and _is_helper(each)}
    return [each for each in below if each.parent in {pid, *helpers} and each.pid not in helpers and each.is_alive]


def _is_helper(process: Process) -> bool:
    words = _read(process.pid, "cmdline")
    return words is not None and any(helper in words for helper in _HELPERS)


def _process(pid: int) -> Optional[Process]:
    """Return one process; None when it has just ended."""
    said = _read(pid, "stat")
    if said is None:
        return None
    fields = said.rpartition(b")")[2].split()  # the program's name before it may hold anything
    return Process(pid, int(fields[1]), fields[0].decode(), int(fields[19]) / _TICKS)


def _read(pid: int, name: str) -> Optional[bytes]:
    try:
        with (PROC / str(pid) / name).open("rb") as file:
            return file.read(_LONGEST)
    except (FileNotFoundError, ProcessLookupError):
        return None
