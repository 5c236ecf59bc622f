"""A node whose disk is real, in plain folders, and whose systemd and power are simulated."""

import copy
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

import pytest

from node import layout, linked_files
from node.errors import Refusal
from node.health import last_words
from node.machine import services
from node.machine.services import Status
from node.store import disk, files, pending_switch
from node.switch import automatic_rollback, switch
from tests.unit.node.copies import let_checksums_follow
from tests.unit.node.disks import Aftermath, Disk, Killed, Points

UNIT = "[Service]\nExecStartPre=install engine\n"
OLDER_UNIT = "[Service]\nExecStart=engine, as an older tool had it\n"
BAD = "bad"
"""A config that holds this word ends its service at once."""

MINE = {"home/tasks/mine.yaml": "a file that this project did not put there"}

Tree = dict[str, str]


@dataclass
class Unit:
    text: str | None
    """The unit file as systemd has read it last."""
    active: str = "inactive"
    sub: str = "dead"
    restarts: int = 0
    read: Tree = field(default_factory=dict)
    """What the process read at its start."""


class Systemd:
    """Units with their files in layout.UNITS. A service reads all of its home at its start, and nothing later."""

    def __init__(self, home: Path, disk: Disk) -> None:
        self.home, self.disk = home, disk
        self.units: dict[str, Unit] = {}
        self.enabled: set[str] = set()
        self.jobs: list[str] = []
        self.is_start_to_die = False
        """A kill hits the program that a start begins with, and not the one that waits for the start."""

    def status(self, name: str) -> Status:
        unit, text = self.unit(name), _text(name)
        enabled = "enabled" if name in self.enabled else "disabled"
        is_outdated = unit.text is not None and unit.text != text
        return Status(unit.active, unit.sub, 7, enabled if text else "", unit.restarts, is_outdated)

    def control(self, verb: str, *words: str, **_: object) -> None:
        names = [word for word in words if not word.startswith("--")]
        what = Path(names[0] if names else "systemd")
        self.disk("before " + verb, what)
        for name in names:
            getattr(self, "_" + verb)(name, words)
        if verb == "daemon-reload":
            for name, unit in self.units.items():
                unit.text = _text(name)
        self.disk("after " + verb, what)

    def unit(self, name: str) -> Unit:
        if name not in self.units or self.units[name].text is None:
            self.units[name] = Unit(_text(name))
        return self.units[name]

    def settle(self) -> None:
        """After a while: the jobs that nobody waits for, and restarts."""
        crashed = [name for name, unit in self.units.items() if unit.sub == "auto-restart"]
        for name in [*self.jobs, *crashed]:
            with suppress(Refusal):
                self._begin(name)
        self.jobs.clear()

    def begin_boot(self) -> None:
        """systemd reads all units and says what is to start; one that it cannot read then is left out for good."""
        self.jobs += [name for name in sorted(self.enabled) if _parses(self.unit(name).text)]

    def _start(self, name: str, words: tuple[str, ...]) -> None:
        if "--no-block" in words:
            self.jobs.append(name)
        else:
            self._begin(name)

    def _stop(self, name: str, _: tuple[str, ...]) -> None:
        unit = self.unit(name)
        unit.active, unit.sub, unit.read = "inactive", "dead", {}

    def _enable(self, name: str, words: tuple[str, ...]) -> None:
        self._require(name)
        self.enabled.add(name)
        if "--now" in words:
            self._begin(name)

    def _disable(self, name: str, words: tuple[str, ...]) -> None:
        self.enabled.discard(name)
        if "--now" in words:
            self._stop(name, words)
        self._require(name)

    def _require(self, name: str) -> None:
        if _text(name) is None:
            raise Refusal(f"Unit file {name} does not exist.")

    def _begin(self, name: str) -> None:
        unit = self.unit(name)
        if not _parses(unit.text):
            raise Refusal(f"Unit {name} not found, or has a bad setting.")
        if unit.active == "active":
            return
        if "ExecStartPre=" in unit.text:
            self._prepare(unit)
        unit.read = look(self.home)
        if any(BAD in content for content in unit.read.values()):
            self._crash(unit)
        else:
            unit.active, unit.sub = "active", "running"

    def _prepare(self, unit: Unit) -> None:
        unit.active, unit.sub = "activating", "start-pre"
        try:
            switch.start("engine")
        except (Refusal, Killed) as end:
            if isinstance(end, Killed) and not self.is_start_to_die:
                raise
            self.disk.is_dead = False
            self._crash(unit)
            raise Refusal("Job failed because the control process exited with error code.") from None

    def _crash(self, unit: Unit) -> None:
        unit.active, unit.sub, unit.read = "activating", "auto-restart", {}
        unit.restarts += 1


class Node:
    """One node, below `root`."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root, self.home, self.units = root, root / "home", root / "units"
        self.models = root / "models"
        self.disk = Disk(root)
        self.systemd = Systemd(self.home, self.disk)
        self._boots = 1
        for folder in (self.home / "tasks", self.units, self.models):
            folder.mkdir(parents=True)
        for name, content in MINE.items():
            (root / name).write_text(content)
        self._boot_id = root / "boot_id"
        self._boot_id.write_text("boot 1")
        patch.setattr(layout, "STATE", root / "state")
        patch.setattr(layout, "RUNTIME", root / "run")
        patch.setattr(layout, "UNITS", self.units)
        patch.setattr(pending_switch, "BOOT_ID", self._boot_id)
        patch.setattr(files, "observer", self.disk)
        let_checksums_follow(patch)
        patch.setattr(services, "status", self.systemd.status)
        patch.setattr(services, "control", self.systemd.control)
        patch.setattr(last_words, "in_journal", lambda _: [])

    def run(
        self,
        program: Callable[[], object],
        kill_at: str = "",
        *,
        at_change: Aftermath | None = None,
        at_flush: Aftermath | None = None,
    ) -> Points:
        """As Disk.run() does."""
        return self.disk.run(program, kill_at, at_change=self._apart(at_change), at_flush=self._apart(at_flush))

    def _apart(self, aftermath: Aftermath | None) -> Aftermath | None:
        """The same aftermath, with a systemd of its own as with a disk of its own."""
        if aftermath is None:
            return None

        def apart() -> None:
            kept, boots = dict(vars(self.systemd)), self._boots
            for name in ("units", "enabled", "jobs"):
                setattr(self.systemd, name, copy.deepcopy(kept[name]))
            aftermath()
            vars(self.systemd).update(kept)
            self._boots = boots

        return apart

    def cut_power(self) -> None:
        self.disk.tear()
        shutil.rmtree(layout.RUNTIME, ignore_errors=True)
        self.systemd.units.clear()
        self.systemd.jobs.clear()
        self._boots += 1
        self._boot_id.write_text(f"boot {self._boots}")

    def boot(self) -> None:
        """The boot unit, then the services."""
        self.systemd.begin_boot()
        automatic_rollback.recover_at_boot()
        self.systemd.settle()

    def live(self) -> Tree:
        """The files and links of the home and of the units."""
        return {**look(self.home), **look(self.units)}


def _parses(text: str | None) -> TypeGuard[str]:
    return text is not None and "[" in text


def look(folder: Path) -> Tree:
    """Every file and link below a folder; what a killed write left beside its file is none of them."""
    return dict(_look(str(folder), folder.name))


def _look(folder: str, name: str) -> Iterator[tuple[str, str]]:
    for each in os.scandir(folder):
        if each.is_dir(follow_symlinks=False):
            yield from _look(each.path, f"{name}/{each.name}")
        elif not (each.name.startswith(".") and each.name.endswith(".new")):
            path = Path(each.path)
            yield f"{name}/{each.name}", f"-> {path.readlink()}" if each.is_symlink() else path.read_text()


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Nothing of this is what a kill or a power cut changes."""
    patch.setattr(time, "sleep", lambda _: None)
    patch.setattr(disk, "is_readable", lambda *_: True)
    patch.setattr(linked_files, "writers", lambda _: [])


def _text(name: str) -> str | None:
    path = layout.UNITS / name
    return path.read_text() if path.is_file() else None
