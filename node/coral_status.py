"""How it is with a service's Coral stack: the stick, the library, the user's access. None of it is a verdict."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional

from node import mapped, process_tree, stick
from node.drift import Statuses
from node.errors import Unknown
from node.service_set import ServiceSet


def look(content: ServiceSet, units: Statuses) -> Optional[Dict[str, Any]]:
    """Return it as plain data, None of a set without one; the keys are those of modelctl.nodes.node_status.Coral.

    `library` is "loaded", "not loaded yet", "PATH (foreign)", or "unknown" where it could not be seen.
    """
    if content.stack is None:
        return None
    return {
        "version": content.stack.version,
        "stick": stick.shown(),
        "library": _library(content, units),
        "problem": stick.device_problem(content.user),
    }


def text(found: Optional[Dict[str, Any]]) -> Iterator[str]:
    """Yield the same in lines for people."""
    if found is not None:
        yield "%s, stick %s, library %s" % (found["version"], found["stick"], found["library"])
        if found["problem"]:
            yield found["problem"]


def _library(content: ServiceSet, units: Statuses) -> str:
    main = units.get(content.unit)
    try:
        table = process_tree.look() if main is not None and main.is_running else {}
        process = table.get(main.pid) if main is not None else None
        return mapped.library(content, process, table) if process is not None else mapped.NOT_YET
    except Unknown:
        return stick.UNKNOWN
