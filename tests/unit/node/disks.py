"""Disks, in plain folders, with sudden ends of programs and of power."""

import os
import stat
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from node.store import handles
from tests.unit.node.copies import replaced_by_copy
from tests.unit.node.places import at

Aftermath = Callable[[], object]
"""What comes after a kill: others end what the program began, and it is checked what they found."""


class Killed(BaseException):
    """A program ends here, as by SIGKILL: none of its own handlers sees it."""


class Points(NamedTuple):
    """The moments before and after the changes of one program, in their order."""

    all: list[str]
    states: list[str]
    """Those at which the disk is another than at the one before."""
    flushes: list[str]
    """Those at which a power cut would leave another disk than at the one before."""


class Disk:
    """The observer of node.files: names the changes, and lets nothing pass that comes after a kill.

    A program need not begin anew for each kill: it halts at the point, the aftermath has a copy of the disk, and the
    program goes on with its own.
    """

    def __init__(self, root: Path) -> None:
        self.root, self._prefix = root, f"{root}/"
        self._flushed: dict[int, int] = {}
        """Inodes with bytes that a power cut would take, and their sizes without those."""
        self.begin()

    def begin(self, kill_at: str = "", at_change: Aftermath | None = None, at_flush: Aftermath | None = None) -> None:
        """A program starts; it is killed at the change of this name."""
        self.points = Points([], [], [])
        self._kill_at, self.is_dead, self._is_changed = kill_at, False, True
        self._at_change, self._at_flush = at_change, at_flush
        self._seen: Counter[str] = Counter()
        self._failure: BaseException | None = None

    def run(
        self,
        program: Callable[[], object],
        kill_at: str = "",
        *,
        at_change: Aftermath | None = None,
        at_flush: Aftermath | None = None,
    ) -> Points:
        """Run a program, killed at this point or, as its aftermaths see it, at each. Returns the points it came to."""
        self.begin(kill_at, at_change, at_flush)
        with suppress(Killed):
            program()
        points, failure = self.points, self._failure
        self.begin()
        if failure is not None:
            raise failure
        assert not kill_at or kill_at in points.all
        return points

    def __call__(self, moment: str, path: Path) -> None:
        if self.is_dead:
            raise Killed
        point = moment + " " + str(path).replace(self._prefix, "")
        self._seen[point] += 1
        point += f" ({self._seen[point]})"
        self.points.all.append(point)
        if self._is_flushing(moment, path):
            self.points.flushes.append(point)
            self._look_at(point, self._at_flush)
        if self._is_changed:
            self.points.states.append(point)
            self._is_changed = False
            self._look_at(point, self._at_change)
        if self._kill_at == point:
            self.is_dead = True
            raise Killed

    def _look_at(self, point: str, aftermath: Aftermath | None) -> None:
        """What fails is told by run(): the program itself may know what to do about an error."""
        if aftermath is None:
            return
        kept = dict(vars(self))
        try:
            with at(point), replaced_by_copy(self.root) as inodes, patch.dict(handles.held_folders, clear=True):
                self._flushed = {inodes[old]: size for old, size in self._flushed.items() if old in inodes}
                self.begin()
                aftermath()
        except BaseException as error:
            vars(self).update(kept, is_dead=True, _failure=error)
            raise Killed from error
        vars(self).update(kept)

    def _is_flushing(self, moment: str, path: Path) -> bool:
        """Remember which files hold bytes that a power cut would take; True where some are such no longer."""
        when, change = moment.split(" ", 1)
        if when == "before":
            self._size = path.stat().st_size if change == "append" and path.exists() else 0
            if change == "unlink":
                self._flushed.pop(path.lstat().st_ino, None)
        elif change != "sync":
            self._is_changed = True
            if change in ("write", "append", "copy"):
                self._flushed.setdefault(path.stat().st_ino, self._size)
        else:
            return self._flushed.pop(path.stat().st_ino, None) is not None
        return False

    def came(self, path: Path) -> None:
        """Another program wrote this file, and flushed nothing of it."""
        self._flushed[path.stat().st_ino] = 0

    def tear(self) -> None:
        """The power goes: of what was not flushed, half is lost, while size and time look right."""
        for path in self.root.rglob("*") if self._flushed else ():
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_ino in self._flushed:
                with path.open("r+b") as file:
                    start = file.seek((self._flushed[status.st_ino] + status.st_size) // 2)
                    file.write(bytes(status.st_size - start))
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        self._flushed.clear()
