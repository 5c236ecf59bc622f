"""Whose a port is: the tables of the kernel name a socket, and a process has it open or not, proc(5)."""

from __future__ import annotations

import os
import socket
import struct
from itertools import islice
from pathlib import Path
from typing import Dict, Iterable, Iterator, NamedTuple, Set

from node.errors import Unknown
from node.machine.processes import PROC

_TABLES = ("net/tcp", "net/tcp6")
_LISTENING = "0A"
_LONGEST_TABLE = 200_000  # lines
_MOST_HANDLES = 100_000  # of a process
_REACHED = {"0.0.0.0", "127.0.0.1", "::", "::ffff:127.0.0.1"}  # noqa: S104  # what 127.0.0.1 leads to


class Port(NamedTuple):
    """Who listens at a port of 127.0.0.1: sockets, and those of them that one of the asked processes has open."""

    sockets: Set[int]
    own: Set[int]

    @property
    def is_open(self) -> bool:
        return bool(self.sockets)

    @property
    def is_own(self) -> bool:
        """Tell whether those processes listen, and nobody else who would be given some of the connections."""
        return self.is_open and self.own == self.sockets


def ports(numbers: Iterable[int], pids: Iterable[int]) -> Dict[int, Port]:
    """Tell of each port who listens at it, and whether one of these processes. Connects to nothing. Raises Unknown."""
    try:
        listeners = _listeners(set(numbers))
        own = _held(pids, set().union(*listeners.values()))
    except OSError as error:
        raise Unknown("%s: could not be read: %s" % (error.filename or PROC, error.strerror)) from None
    return {number: Port(sockets, sockets & own) for number, sockets in listeners.items()}


def _listeners(numbers: Set[int]) -> Dict[int, Set[int]]:
    found = {number: set() for number in numbers}  # type: Dict[int, Set[int]]
    for name in _TABLES:
        for fields in _lines(PROC / name):
            address, _, port = fields[1].partition(":")
            if fields[3] == _LISTENING and int(port, 16) in numbers and _text(address) in _REACHED:
                found[int(port, 16)].add(int(fields[9]))
    return found


def _lines(table: Path) -> Iterator["list[str]"]:
    """Yield the fields of each line but the first. Where the kernel has no IPv6 there is no table of it."""
    try:
        file = table.open()
    except FileNotFoundError:
        return
    with file:
        for number, line in enumerate(islice(file, 1, None)):
            if number == _LONGEST_TABLE:
                raise Unknown("%s: more than %d lines" % (table, _LONGEST_TABLE))
            yield line.split()


def _text(address: str) -> str:
    """Write an address as people do; the kernel prints 32 bits at a time, as this machine orders their bytes."""
    words = [int(address[start : start + 8], 16) for start in range(0, len(address), 8)]
    return socket.inet_ntop(
        socket.AF_INET if len(words) == 1 else socket.AF_INET6, struct.pack("=%dI" % len(words), *words)
    )


def _held(pids: Iterable[int], wanted: Set[int]) -> Set[int]:
    """Return which of these sockets one of the processes has open."""
    names = {"socket:[%d]" % inode: inode for inode in wanted}
    found = set()  # type: Set[int]
    for pid in pids:
        if found == wanted:
            break
        found.update(names[name] for name in _handles(pid) if name in names)
    return found


def _handles(pid: int) -> Iterator[str]:
    """Yield what each handle of a process leads to; none of one that has ended."""
    folder = PROC / str(pid) / "fd"
    try:
        handles = os.listdir(str(folder))
    except (FileNotFoundError, ProcessLookupError):
        return
    if len(handles) > _MOST_HANDLES:
        raise Unknown("%s: more than %d handles" % (folder, _MOST_HANDLES))
    for handle in handles:
        try:
            yield os.readlink(str(folder / handle))
        except (FileNotFoundError, ProcessLookupError):
            continue  # closed meanwhile
