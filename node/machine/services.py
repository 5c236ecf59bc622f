"""systemd, as far as this project asks it."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from node import layout
from node.errors import Refusal
from node.machine import commands, processes
from node.store import disk

PAUSE = 0.1  # seconds between looks
STOP_LIMIT = 120.0  # seconds; systemd ends a service that does not end by its unit's TimeoutStopSec, 90 s at most
LIMIT = 300.0  # seconds; a service may take long to end
_FIELDS = (
    "ActiveState,SubState,MainPID,UnitFileState,NRestarts,NeedDaemonReload,LoadState,FragmentPath,DropInPaths,"
    "InvocationID,ExecMainPID"
)


class Status(NamedTuple):
    """A unit as systemd sees it. Field names follow systemctl show."""

    active: str
    sub: str
    pid: int
    enabled: str
    restarts: int
    is_outdated: bool  # its unit file has changed since systemd read it
    fragment: str = ""  # the path of its unit file
    drop_ins: Tuple[str, ...] = ()  # the paths of what changes that, in systemd's order
    invocation: str = ""  # the number of its last start
    last_pid: int = 0  # its main process's, which may have ended

    @property
    def is_running(self) -> bool:
        return self.active == "active"

    @property
    def is_down(self) -> bool:
        """Tell whether systemd will not start it by itself."""
        return self.active in ("inactive", "failed")


def status(unit: str) -> Status:
    """Return a unit's status; one that does not exist is inactive."""
    done = commands.run(["systemctl", "show", "--property=" + _FIELDS, unit])
    if done.returncode != 0:
        raise Refusal("systemctl show %s: %s" % (unit, commands.first_line(done.stderr)))
    found: Dict[str, str] = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return Status(
        active=found["ActiveState"],
        sub=found["SubState"],
        pid=int(found.get("MainPID") or 0),  # timers have none
        enabled=found["UnitFileState"],
        restarts=int(found.get("NRestarts") or 0),
        is_outdated=found.get("NeedDaemonReload") == "yes" or _is_overlooked(unit, found.get("LoadState")),
        fragment=found.get("FragmentPath", ""),
        drop_ins=_paths(found.get("DropInPaths", "")),
        invocation=found.get("InvocationID", ""),
        last_pid=int(found.get("ExecMainPID") or 0),
    )


def _paths(said: str) -> Tuple[str, ...]:
    """systemd quotes a path with a space in it."""
    try:
        return tuple(shlex.split(said))
    except ValueError:
        return (said,)


def _is_overlooked(unit: str, load_state: Optional[str]) -> bool:
    """systemd before 246 goes on thinking that a unit is absent when another unit's ordering had named it."""
    return load_state == "not-found" and disk.is_file(layout.UNITS / unit)


def start(unit: str, limit: float) -> None:
    """Start a service. Raises Refusal when systemd refuses, or has not started it after `limit` seconds."""
    try:
        control("start", unit, limit=limit)
    except commands.Overdue:
        raise Refusal("systemctl start %s: not started within %g s" % (unit, limit)) from None


def control(*words: str, limit: float = LIMIT) -> None:
    """Run systemctl. Raises Refusal with its own first line when it fails, Overdue after `limit` seconds."""
    done = commands.run(["systemctl", *words], limit)
    if done.returncode != 0:
        raise Refusal("systemctl " + " ".join(words) + ": " + commands.first_line(done.stderr))


def reload(units: Iterable[str]) -> None:
    """Let systemd read the unit files again where one of these has changed, by whoever did it."""
    if any(status(unit).is_outdated for unit in units):
        control("daemon-reload")


def enable(units: List[str]) -> None:
    """Let units run now and after each boot; also those that are enabled, for their [Install] may have changed."""
    # For those systemd need not read every unit again, which takes longest.
    are_enabled = all(status(unit).enabled == "enabled" for unit in units)
    control("enable", "--quiet", "--now", *(["--no-reload"] if are_enabled else []), *units)
    reload(units)  # where systemd asks for it nevertheless


def stop(unit: str, precious: Set[Path]) -> None:
    """Stop a service, in the time that our units give it; then it is killed, once no precious file is open for writing.

    Raises Refusal when it does not stop.
    """
    if status(unit).active == "inactive":
        return
    try:
        control("stop", unit, limit=STOP_LIMIT)
    except commands.Overdue:
        while not status(unit).is_down:
            if not processes.writers(precious):
                control("kill", "--signal=SIGKILL", unit)
                break
            time.sleep(PAUSE)
        control("stop", unit)  # waits for the end, systemd's own time limit at most
