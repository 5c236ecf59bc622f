"""Which Coral library the processes of a service have mapped: proc(5).

A mapping is compared with one that this program makes of the stack's own file, as stat(2) tells other numbers than the
kernel's on some file systems (overlayfs, btrfs). A file of the service's user is not touched at all.
"""

from __future__ import annotations

import mmap
import os
from typing import Iterator, NamedTuple, Optional, Tuple

from node.errors import Refusal, Unknown, printable
from node.machine import processes
from node.machine.processes import PROC, Process, Table
from node.store import handles
from node.store.service_set import CORAL, LIBRARY, ServiceSet, SetStack

NAME = "libedgetpu"
MOST = 16 << 20  # bytes of what is read of a process; one of a service has some 100 kB
LONGEST = 200
LOADED, NOT_YET = "loaded", "not loaded yet"

Identity = Tuple[str, str]  # device and inode, as the kernel writes them


class Mapping(NamedTuple):
    pid: int
    path: str
    identity: Identity


def foreign(service: ServiceSet, main: Process, table: Table) -> Optional[str]:
    """Return which process has mapped another library than the stack's, if one has. Raises Unknown when unseen."""
    found = _foreign(service, main, table)
    if found is None or service.stack is None:
        return None
    told = (service.unit, found.pid, printable(found.path, LONGEST), CORAL, service.stack.version)
    return "%s: process %d has mapped %s, expected that of %s/%s" % told


def replaced(service: ServiceSet, main: Process, table: Table) -> Optional[str]:
    """Return which process has mapped the stack's library as it was before a repair; else as `foreign`."""
    found = _foreign(service, main, table)
    if found is None or service.stack is None:
        return None
    gone = "%s (deleted)" % (service.stack.directory / LIBRARY)
    told = (service.unit, found.pid, CORAL, service.stack.version)
    return "%s: process %d has mapped a library of %s/%s that was replaced since" % told if found.path == gone else None


def library(service: ServiceSet, main: Process, table: Table) -> str:
    """Return for people which library is mapped. Raises as `foreign` does."""
    found = _foreign(service, main, table)
    if found is not None:
        return "%s (foreign)" % printable(found.path, LONGEST)
    return LOADED if next(_mappings(main, table), None) is not None else NOT_YET


def _foreign(service: ServiceSet, main: Process, table: Table) -> Optional[Mapping]:
    if service.stack is None:
        return None
    found = list(_mappings(main, table))
    own = _own(service.stack) if found else None
    return next((each for each in found if each.identity != own), None)


def _mappings(main: Process, table: Table) -> Iterator[Mapping]:
    """Yield the libraries that a process and those below it have mapped."""
    for process in processes.family(table, main.pid):
        yield from _of_process(str(process.pid))


def _of_process(pid: str) -> Iterator[Mapping]:
    try:
        with (PROC / pid / "maps").open("rb") as file:
            lines = file.read(MOST).splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return
    except OSError as error:
        raise Unknown("%s: could not be read: %s" % (PROC / pid / "maps", error.strerror)) from None
    for line in lines:
        fields = line.split(None, 5)
        path = os.fsdecode(fields[5]) if len(fields) == 6 else ""
        if path.rpartition("/")[2].startswith(NAME):
            identity = (os.fsdecode(fields[3]), os.fsdecode(fields[4]))
            yield Mapping(int(pid) if pid.isdigit() else os.getpid(), path, identity)


def _own(stack: SetStack) -> Optional[Identity]:
    """Return the stack's library as the kernel shows a mapping of it; None where there is none to map."""
    path = stack.directory / LIBRARY
    try:
        with handles.opened(path) as file, mmap.mmap(file.fileno(), 1, access=mmap.ACCESS_READ):
            name = os.readlink("/proc/self/fd/%d" % file.fileno())
            return next((each.identity for each in _of_process("self") if each.path == name), None)
    except (FileNotFoundError, ValueError):  # a value error where it is empty
        return None
    except (OSError, Refusal) as error:
        raise Unknown("%s: could not be looked at: %s" % (path, error)) from None
