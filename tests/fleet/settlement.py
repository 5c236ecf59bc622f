"""The lab as a deploy of the default site left it, and the way back to that after a story.

A look at a host sees what a story may have changed: its disk from outside, where each change leaves another file or
another time of change, its service by its processes, and its timers at its console. Who looks as when it was last
settled is left alone.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lab import cgroups
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
    :param pids: those of what its service runs.
    :param timers: what systemd says of its timers of ours; empty while it is off.
    """

    disk: frozenset[tuple[str, int, int]]
    pids: frozenset[int]
    timers: str


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
        self._lab.mend_all()
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
        pids = cgroups.service_pids(hosts)
        with ThreadPoolExecutor() as pool:
            timers = pool.map(self._timers, hosts)
            return {
                host.name: Look(frozenset(_disk(host.folder / "upper")), pids[host.name], said)
                for host, said in zip(hosts, timers, strict=True)
            }

    def _timers(self, host: LabHost) -> str:
        has_timers = any((host.folder / "upper/etc/systemd/system").glob("*_cleanup*.timer"))
        if not (has_timers and self._lab.running(host.name)):
            return ""
        return self._lab.run(host.name, ["systemctl", "show", "--property=Id,ActiveState", "*_cleanup*.timer"]).stdout


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
