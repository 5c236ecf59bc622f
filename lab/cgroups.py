"""The control groups that boot.sh gives each host: all that a host runs is in them, whoever its parent is."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lab import name
from lab.hosts import LabHost

PARENT = name.ID


def kill_all(host: LabHost) -> bool:
    """Send SIGKILL to all that a host still runs; whether there was anything."""
    pids = {pid for group in _groups(host) for pid in _pids(group)}
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


def service_pids(hosts: Iterable[LabHost]) -> dict[str, frozenset[int]]:
    """Process ids, on the control node, of what each host's service runs."""
    parents = _parents()
    return {host.name: frozenset(_service_pids(host, parents)) for host in hosts}


def _service_pids(host: LabHost, parents: Iterable[Path]) -> Iterator[int]:
    for parent in parents:
        yield from _pids(parent / host.name / "payload/system.slice" / f"{host.service}.service")


def _pids(group: Path) -> list[int]:
    try:
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    except FileNotFoundError:
        return []  # the host has just ended that service


def remove(host: LabHost) -> None:
    """Remove a host's groups, in which nothing may run any more."""
    for group in _groups(host):
        with suppress(FileNotFoundError):  # a hierarchy that is mounted twice shows its groups twice
            group.rmdir()


def hosts() -> set[str]:
    """Names of all that have groups, known or not."""
    return {group.name for parent in _parents() for group in parent.iterdir() if group.is_dir()}


def remove_parents() -> None:
    """Remove what held the hosts' groups."""
    for parent in _parents():
        parent.rmdir()


def _parents() -> list[Path]:
    """Found without a look into them: what a host runs comes and goes."""
    found = []
    for point in _mount_points():
        for folder, names, _ in os.walk(point):
            if PARENT in names:
                names.remove(PARENT)
                found.append(Path(folder, PARENT))
    return found


def _groups(host: LabHost) -> list[Path]:
    """A host's groups in every hierarchy, inner ones first."""
    return [Path(folder) for parent in _parents() for folder, _, _ in os.walk(parent / host.name, topdown=False)]


def _mount_points() -> list[Path]:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(point) for _, point, kind, *_ in mounts if kind.startswith("cgroup")]
