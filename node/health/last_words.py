"""What a service said last, as the reason of a failure tells it: in its journal, and in a log of the program's own.

Where the clock was set meanwhile, lines of such a log may be missing or of the start before: nothing is judged by them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Dict, List

from node.errors import Refusal, Unknown, printable
from node.machine import journal, processes, services
from node.store import handles, rights
from node.store.rights import Owner
from node.store.service_set import ServiceSet

LINES = 5
LONGEST_LINE = 300
FIRST_LINES: Dict[str, str] = {"imagenode": "Starting imagenode.py"}
"""Services that write SERVICE.log beside their main script, and the line that each of their starts begins with."""
MOST = 64 << 10  # bytes of the end of such a log
_SLACK = 1.0  # seconds


def of(service: ServiceSet) -> str:
    """Return the last lines since the service's last start, to follow a reason; nothing where it said nothing."""
    said = {"journal lines": in_journal(service.unit), "lines of its log": _own_log(service)}
    return "".join("; last %s: %s" % (where, " | ".join(lines)) for where, lines in said.items() if lines)


def in_journal(unit: str) -> List[str]:
    """Return the last lines of a unit's last start, oldest first."""
    try:
        journal.sync()  # what it said as it ended may still be on its way
        return _shown(journal.lines(unit, services.status(unit), LINES))
    except Refusal:
        return []  # a return must not wait for it


def _own_log(service: ServiceSet) -> List[str]:
    first, script = FIRST_LINES.get(service.service), service.work.script
    if first is None or script is None:
        return []
    try:
        path, owner = script.with_suffix(".log"), rights.owner_of(service.user)
        return _shown(in_log(path, owner, _started(service), first)[-LINES:])
    except Refusal:
        return []  # a return must not fail for want of words


def _shown(lines: List[str]) -> List[str]:
    return [printable(line[:LONGEST_LINE]) for line in lines]


def _started(service: ServiceSet) -> float:
    """When the main process started, in seconds since the boot; of one that has ended the earliest that it can be."""
    main = processes.look().get(services.status(service.unit).pid)
    return main.started if main else processes.now() - service.health_check.start_timeout


def in_log(path: Path, owner: Owner, started: float, first: str) -> List[str]:
    """Return what was written since a start: from the last line that holds `first`, or all where the file has none.

    `started` is in seconds since the boot. The file is read with its owner's rights. Raises Unknown.
    """
    try:
        with rights.of(owner), handles.opened(path) as file:
            found = os.fstat(file.fileno())
            start = time.time() - (processes.now() - started)
            if not start - _SLACK <= found.st_mtime <= time.time() + _SLACK:
                return []
            file.seek(max(0, found.st_size - MOST))
            said = file.read(MOST).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, Refusal) as error:
        raise Unknown("the log could not be read: %s" % error) from None
    begins = [number for number, line in enumerate(said) if first in line]
    return said[begins[-1] :] if begins else said
