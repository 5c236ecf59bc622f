"""The lab as a deploy of the default site left it, and the way back to that after a story.

A look at a host sees what a story may have changed: its disk from outside, where each change leaves another file or
another time of change, and its services at its console. Who looks as when it was last settled is left alone.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab.hosts import LabHost
from lab.lab import Lab
from tests.fleet.operator import deploy

NOISE = ("tmp", "run", "var/cache", "var/lib/systemd", "var/log", "var/tmp")
"""Folders that change by themselves, or when an operator only looks."""
NOISY = (
    "__pycache__", "datapump.status.json", "imagenode.status.json", "sentinel.status.json",
    "datapump.log", "imagenode.log",
)  # fmt: skip
"""Names of files and folders of which the same is true. Another start of a service shows in its process id."""
DATASINK = "data1"
"""It has a part in each restore: it collects what the others say of it."""

LOST = "/var/lib/sentinelcam/roots/lost.json"
"""That roots were damaged, which a datasink notes for weeks."""


@dataclass(frozen=True)
class Look:
    """A host at one moment.

    :param disk: path, mode and owner of each folder, and path, inode and time of change of each file, that it wrote.
    :param services: what systemd says of its units of ours; empty while it is off.
    """

    disk: frozenset[tuple[str, int, int]]
    services: str


class Settlement:
    """The lab with the default site deployed; made when that has just been done."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._settled = self._look_at(lab.hosts)

    def changed(self) -> list[str]:
        """The hosts that do not look as when they were last settled. A cable is no part of its host."""
        return [name for name, look in self._look_at(self._lab.hosts).items() if look != self._settled[name]]

    def restore(self) -> None:
        """Settle the hosts that stories have changed."""
        for name in self._lab.hosts:
            self._lab.mend(name)
        changed = self.changed()
        if not changed:
            return
        if not all(map(self._lab.running, changed)):
            self._lab.up()
        for name in changed:
            self._lab.run(name, "rm -rf /etc/sentinelcam-lab")
        deployed = {DATASINK, *(name for name in changed if self._lab.host(name).service)}
        restored = deploy(*(word for name in sorted(deployed) for word in ("--limit", name)))
        assert restored.code == 0, restored.err
        self._lab.run(DATASINK, f"rm -f {LOST}")
        self._settled |= self._look_at(deployed.union(changed))

    def _look_at(self, names: Iterable[str]) -> dict[str, Look]:
        hosts = [self._lab.host(name) for name in names]
        with ThreadPoolExecutor() as pool:
            return dict(zip((host.name for host in hosts), pool.map(self._look, hosts), strict=True))

    def _look(self, host: LabHost) -> Look:
        return Look(frozenset(_disk(host.folder / "upper")), self._services(host))

    def _services(self, host: LabHost) -> str:
        if not self._lab.running(host.name):
            return ""
        units = (*([host.service] if host.service else []), "*_cleanup.timer")
        return self._lab.run(host.name, ["systemctl", "show", "--property=Id,ActiveState,MainPID", *units]).stdout


def _disk(folder: Path, below: str = "") -> Iterator[tuple[str, int, int]]:
    for entry in os.scandir(folder):
        path = f"{below}{entry.name}"
        if path in NOISE or entry.name in NOISY:
            continue
        with suppress(FileNotFoundError):  # the host has just removed it
            status = entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                yield path, status.st_mode, status.st_uid
                yield from _disk(folder / entry.name, f"{path}/")
            else:
                yield path, status.st_ino, status.st_ctime_ns
