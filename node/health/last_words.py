"""What a service said last, as the reason of a failure tells it: in its journal, and in a log of the program's own."""

from __future__ import annotations

from typing import Dict, List

from node.errors import Refusal
from node.health import program_log
from node.machine import process_tree, services
from node.printable import printable
from node.store import rights
from node.store.service_set import ServiceSet

LINES = 5
LONGEST_LINE = 300
FIRST_LINES: Dict[str, str] = {"imagenode": "Starting imagenode.py"}
"""Services that write SERVICE.log beside their main script, and the line that each of their starts begins with."""


def of(service: ServiceSet) -> str:
    """Return the last lines since the service's last start, to follow a reason; nothing where it said nothing."""
    said = {"journal lines": services.journal(service.unit, LINES).splitlines(), "lines of its log": _own_log(service)}
    return "".join("; last %s: %s" % (where, " | ".join(lines)) for where, lines in said.items() if lines)


def _own_log(service: ServiceSet) -> List[str]:
    first, script = FIRST_LINES.get(service.service), service.work.script
    if first is None or script is None:
        return []
    try:
        path, owner = script.with_suffix(".log"), rights.owner_of(service.user)
        lines = program_log.since_start(path, owner, _started(service), first)
    except Refusal:
        return []  # a return must not fail for want of words
    return [printable(line[:LONGEST_LINE]) for line in lines[-LINES:]]


def _started(service: ServiceSet) -> float:
    """When the main process started, in seconds since the boot; of one that has ended the earliest that it can be."""
    main = process_tree.look().get(services.status(service.unit).pid)
    return main.started if main else process_tree.now() - service.health_check.start_timeout
