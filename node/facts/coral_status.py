"""How it is with a service's Coral stack: the stick, the library, the user's access. None of it is a verdict."""

from __future__ import annotations

from typing import Iterator, Optional

from node.coral import mapped, stick
from node.errors import Unknown
from node.machine import process_tree
from node.protocol.status import Coral
from node.store.service_set import ServiceSet
from node.switch.drift import Statuses


def look(content: ServiceSet, units: Statuses) -> Optional[Coral]:
    """Return it, None of a set without one."""
    if content.stack is None:
        return None
    return Coral(content.stack.version, stick.shown(), _library(content, units), stick.device_problem(content.user))


def text(found: Optional[Coral]) -> Iterator[str]:
    """Yield the same in lines for people."""
    if found is not None:
        yield "%s, stick %s, library %s" % (found.version, found.stick, found.library)
        if found.problem:
            yield found.problem


def _library(content: ServiceSet, units: Statuses) -> str:
    main = units.get(content.unit)
    try:
        table = process_tree.look() if main is not None and main.is_running else {}
        process = table.get(main.pid) if main is not None else None
        return mapped.library(content, process, table) if process is not None else mapped.NOT_YET
    except Unknown:
        return stick.UNKNOWN
