"""The processes of this machine, proc(5): their families, which of them live, what they have open and have read.

Families go by parents: a unit's control group does not name its zombies, and holds more than its main process's family.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from node.errors import Unknown
from node.store import disk

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
Identity = Tuple[int, int]  # device, inode


def look() -> Table:
    """Return all processes of this machine. Raises Unknown when they cannot be seen."""
    try:
        found = [_process(pid) for pid in _pids()]
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
    """Return the live children of a process that do its work: not Python's own helpers, but what one of them forked."""
    below = family(table, pid)[1:]
    helpers = {each.pid for each in below if each.parent == pid and _is_helper(each)}
    return [each for each in below if each.parent in {pid, *helpers} and each.pid not in helpers and each.is_alive]


def _is_helper(process: Process) -> bool:
    words = _read(process.pid, "cmdline")
    return words is not None and any(helper in words for helper in _HELPERS)


def _pids() -> List[int]:
    return [int(name) for name in os.listdir(str(PROC)) if name.isdigit()]


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


def writers(paths: Iterable[Path]) -> List[str]:
    """Return "FILE (process PID)" for each of the files that a process has open for writing, by whatever path."""
    statuses = ((path, disk.reached(path)) for path in sorted(paths))
    wanted = {(status.st_dev, status.st_ino): path for path, status in statuses if status is not None}
    found = _open_files() if wanted else iter(())
    return sorted(
        "%s (process %s)" % (wanted[identity], handle.parent.parent.name)
        for handle, identity in found
        if identity in wanted and _is_writing(handle)
    )


def _open_files() -> Iterator[Tuple[Path, Identity]]:
    for pid in _pids():
        try:
            handles = list((PROC / str(pid) / "fd").iterdir())
        except OSError:
            continue  # it has just ended
        for handle in handles:
            try:
                status = handle.stat()  # of the open file itself, whatever its path has become
            except OSError:
                continue
            yield handle, (status.st_dev, status.st_ino)


def _is_writing(handle: Path) -> bool:
    flags = _number(handle.parent.parent / "fdinfo" / handle.name, "flags:", 8)
    return flags & os.O_ACCMODE != os.O_RDONLY


def bytes_read(pid: int) -> int:
    """Return how much a process and those that it began have read, from wherever; what has ended counts as before."""
    return sum(_number(PROC / str(each) / "io", "rchar:") for each in _family(pid))


def groups(pid: int) -> Optional[Set[int]]:
    """Return the ids of the groups that a process has; None where there is no such process."""
    lines = [line.split() for line in _text(PROC / str(pid) / "status").splitlines()]
    found = [words[1:] for words in lines if words and words[0] in ("Gid:", "Groups:")]
    return {int(number) for words in found for number in words} if found else None


def kill(pid: int) -> None:
    """End a process and all that it began, which would otherwise hold what it held."""
    for each in _family(pid):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _family(pid: int) -> List[int]:
    """Return a process, then its descendants: killed after its child, it might end as if all were well."""
    return [pid, *(each.pid for each in family(look(), pid) if each.pid != pid)]


def _number(path: Path, word: str, base: int = 10) -> int:
    """The number after a line's first word; 0 where there is none, as in a file of a process that has just ended."""
    lines = [line.split() for line in _text(path).splitlines()]
    return next((int(line[1], base) for line in lines if line[0] == word), 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
