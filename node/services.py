"""systemd, as far as this project asks it."""

from __future__ import annotations

import subprocess
from typing import Dict, NamedTuple

from node.errors import Refusal


class Status(NamedTuple):
    """A unit as systemd sees it. Field names follow systemctl show."""

    active: str
    sub: str
    pid: int
    enabled: str
    restarts: int

    @property
    def is_running(self) -> bool:
        return self.active == "active"


def status(unit: str) -> Status:
    """Return a unit's status; one that does not exist is inactive."""
    fields = "ActiveState,SubState,MainPID,UnitFileState,NRestarts"
    output = subprocess.run(
        ["systemctl", "show", "--property=" + fields, unit],
        stdout=subprocess.PIPE, universal_newlines=True, check=True,
    ).stdout  # fmt: skip
    found: Dict[str, str] = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    return Status(
        active=found["ActiveState"],
        sub=found["SubState"],
        pid=int(found.get("MainPID") or 0),  # timers have none
        enabled=found["UnitFileState"],
        restarts=int(found.get("NRestarts") or 0),
    )


def control(*words: str) -> None:
    """Run systemctl. Raises Refusal with its own first line when it fails."""
    result = subprocess.run(
        ["systemctl", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True
    )
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[0]
        raise Refusal("systemctl " + " ".join(words) + ": " + reason)


def journal(unit: str, lines: int) -> str:
    """Return the last lines of a unit's journal, oldest first."""
    return subprocess.run(
        ["journalctl", "--unit=" + unit, "--lines=" + str(lines), "--output=cat", "--no-pager", "--quiet"],
        stdout=subprocess.PIPE, universal_newlines=True,
    ).stdout.strip()  # fmt: skip
