"""One lab host as a process: power on, power off, its leader, its console."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import cgroups
from lab.hosts import LabHost
from lab.name import ID, command
from lab.network import NETNS_FOLDER, namespace
from lab.shell import run
from modelctl.errors import OperatorError

BOOT_PROGRAM = Path(__file__).with_name("boot.sh")
POLL = 0.1
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Process:
    """A process by its id and start time (in clock ticks): an id alone is given to others later."""

    pid: int
    started: int

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _started(self.pid) == self.started


def power_on(host: LabHost, layers: Sequence[Path]) -> None:
    """Start a host that is off from its disk: what it wrote itself, over the given layers (uppermost first).

    :raises OperatorError: when it does not even start.
    """
    for name in ("root", "work"):
        (host.folder / name).mkdir(parents=True, exist_ok=True)
    in_own_session = ("setsid", "--fork", "unshare", "--mount", "--propagation", "private")
    arguments = (ID, host.name, str(host.folder), ":".join(map(str, layers)), str(NETNS_FOLDER / namespace(host)))
    run(*in_own_session, "sh", str(BOOT_PROGRAM), *arguments)
    wait_until(_record(host).exists, limit=10, what=f"{host.name}: start; see: {command(f'logs {host.name}')}")


def power_cut(host: LabHost) -> None:
    """End a host as a power cut does: nothing in it gets to finish. Harmless when it is off."""
    wait_until(lambda: not cgroups.kill_all(host), limit=20, what=f"{host.name}: end of all its processes")
    cgroups.remove(host)
    _record(host).unlink(missing_ok=True)


def running(host: LabHost) -> Process | None:
    """The recorded process of a host, when it is alive."""
    try:
        process = Process(*map(int, _record(host).read_text().split()))
    except FileNotFoundError:
        return None
    return process if process.alive() else None


def leader(host: LabHost) -> int:
    """Process id, on the control node, of the host's first process.

    :raises OperatorError: when the host is off.
    """
    process = running(host)
    for pid in _descendants(process.pid) if process else ():
        if _pids_by_namespace(pid)[1:] == ["1"]:
            return pid
    raise OperatorError(f"{host.name}: off; run: {command('up')}")


def erase(host: LabHost) -> None:
    """Remove all that a host that is off ever wrote."""
    shutil.rmtree(host.folder, ignore_errors=True)


def console_log(host: LabHost) -> Path:
    """What the host's console showed since it was last powered on."""
    return host.folder / "console.log"


def console_lines(host: LabHost) -> list[str]:
    """The console log without colours and empty lines."""
    text = COLOUR.sub("", console_log(host).read_text(errors="replace"))
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def wait_until(condition: Callable[[], bool], limit: float, what: str) -> None:
    """Wait for a condition.

    :param limit: seconds to wait at most.
    :raises OperatorError: when it does not come true in time.
    """
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise OperatorError(f"{what}: not within {limit:.0f} s")
        time.sleep(POLL)


def _record(host: LabHost) -> Path:
    return host.folder / "process"


def _started(pid: int) -> int | None:
    """Start time of a living process, in clock ticks since the boot of this machine."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def _descendants(pid: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in map(int, children):
        yield child
        yield from _descendants(child)


def _pids_by_namespace(pid: int) -> list[str]:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
