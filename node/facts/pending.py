"""A switch of a service that has begun and not ended."""

from __future__ import annotations

from typing import Optional

from node import layout
from node.protocol.facts import Pending
from node.store import lock, pending_switch


def look(service: str) -> Optional[Pending]:
    """Return the note of a switch that has not ended; None where there is none. Raises Refusal for a damaged one."""
    noted = pending_switch.read(service)
    if noted is None:
        return None
    is_running, asked = lock.is_held(layout.switch_lock(service)), noted.request
    return Pending(is_running, asked.operator, asked.purpose, noted.time, noted.old, asked.digest, asked.commit)
