"""One table of what each host of the lab now runs, read at the hosts' consoles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from lab.hosts import LabHost
from lab.lab import Lab
from node import layout
from node.store import sets

COLUMNS = ("host", "service", "chosen set", "model versions")
NONE = "-"
SHORT = 12


@dataclass(frozen=True)
class Row:
    """What one host runs.

    :param unit: systemd's word for the service's state; "off" for a host that is off, "unknown" when systemd is silent.
    :param pid: the service's main process, 0 when there is none.
    :param chosen: digest of the chosen set, None when none is chosen.
    :param is_live: whether the running process read the chosen set's config; None when nobody can tell.
    :param models: "MODEL VERSION" for each that the chosen set's configs name.
    """

    host: str
    address: str
    service: str | None
    unit: str = NONE
    pid: int = 0
    chosen: str | None = None
    is_live: bool | None = None
    models: tuple[str, ...] = ()

    @property
    def is_healthy(self) -> bool:
        """Whether the host is on, and its service, if it has one, runs what was chosen for it."""
        return self.unit == NONE if self.service is None else self.unit == "active" and self.is_live is True

    def cells(self) -> tuple[str, ...]:
        """The row's texts, in the order of COLUMNS."""
        live = {None: "", True: "live", False: "not live"}[self.is_live]
        return (
            f"{self.host}\n{self.address}",
            f"{self.service or ''} {self.unit}\n{f'pid {self.pid}' if self.pid else ''}".strip(),
            f"{self.chosen[:SHORT]}\n{live}" if self.chosen else NONE,
            "\n".join(self.models) or NONE,
        )


def rows(lab: Lab) -> Iterator[Row]:
    """Look at every host."""
    for name, host in lab.hosts.items():
        if not lab.running(name):
            yield Row(name, host.address, host.service, unit="off")
        elif host.service is None:
            yield Row(name, host.address, None)
        else:
            yield _look(lab, host, host.service)


def row(host: LabHost, unit: str, chosen: str, status: str) -> Row:
    """Build the row of a host from what it says of its service.

    :param unit: ActiveState and MainPID, as `systemctl show` prints them; empty when it does not answer.
    :param chosen: the chosen set's set.json, empty where none is chosen.
    :param status: the stand-in's status file, empty where it never ran.
    """
    shown = dict(line.split("=", 1) for line in unit.splitlines())
    pid, holds, says = int(shown.get("MainPID", 0)), _parse(chosen), _parse(status)
    return Row(
        host.name,
        host.address,
        host.service,
        unit=shown.get("ActiveState", "unknown"),
        pid=pid,
        chosen=holds.get("digest"),
        is_live=_is_live(holds, says) if holds and says.get("pid") == pid else None,
        models=tuple(f"{model} {version}" for model, version in sorted(holds.get("models", {}).items())),
    )


def table(found: Iterable[Row]) -> Table:
    """Lay rows out; one that is unhealthy is red."""
    grid = Table(*COLUMNS, box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for each in found:
        grid.add_row(*each.cells(), style="" if each.is_healthy else "red")
    return grid


def _look(lab: Lab, host: LabHost, service: str) -> Row:
    def says(*command: str) -> str:
        return lab.run(host.name, command).stdout

    unit = says("systemctl", "show", "--property=ActiveState,MainPID", service)
    chosen = says("cat", str(layout.sets(service) / sets.CHOSEN / "set.json"))
    status = says("cat", f"{host.home}/{service}.status.json")
    return row(host, unit, chosen, status)


def _is_live(chosen: dict[str, Any], status: dict[str, Any]) -> bool:
    """Whether the process has read the config that the chosen set holds."""
    wanted = {file["path"]: file["sha256"] for file in chosen["files"]}
    return bool(wanted.get(status["config"]) == status["config_sha256"])


def _parse(text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text) if text else {}
    return data
