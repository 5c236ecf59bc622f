"""What goes on at this moment: a pull, a switch. A lock says so, never a file: a killed one runs no longer."""

from __future__ import annotations

from contextlib import suppress
from typing import List, Optional

from node import layout
from node.errors import Refusal
from node.machine import services
from node.protocol.facts import Running
from node.pull import meter
from node.store import lock, pending_switch, sets
from node.store.pending_switch import PendingSwitch

PREPARES = "is prepared"
STOPS = "stops the service"
STARTS = "starts the service"
WAITS = "waits until the service is healthy"
ROLLS_BACK = "rolls back"


def look() -> List[Running]:
    found = [_pull(), *map(_switch, layout.services())]
    return [each for each in found if each is not None]


def _pull() -> Optional[Running]:
    holder = lock.holder_now(layout.pull_lock())
    if holder is None:
        return None
    begun = Running(holder.work or "pull", holder.operator, holder.purpose, holder.since)
    noted = meter.read()
    if noted is None or noted.pid != holder.pid:  # an earlier pull's
        return begun
    return begun._replace(done=noted.done, size=noted.size)


def _switch(service: str) -> Optional[Running]:
    holder = lock.holder_now(layout.switch_lock(service))
    if holder is None:
        return None
    work = holder.work or "switch"
    stage = _stage(service) if work == "switch" else None
    return Running(work, holder.operator, holder.purpose, holder.since, service, stage)


def _stage(service: str) -> Optional[str]:
    """Return how far a switch is; None where nobody knows."""
    with suppress(Refusal):  # of a damaged note, say
        noted = pending_switch.read(service)
        return PREPARES if noted is None else ROLLS_BACK if noted.reason is not None else _stage_of(noted)
    return None


def _stage_of(noted: PendingSwitch) -> str:
    service, wanted = noted.request.service, noted.request.digest
    status = services.status(sets.load(service, wanted).content.unit)
    is_new = sets.live(service) == wanted
    if status.active == "deactivating" or (status.is_running and not is_new):
        return STOPS
    return WAITS if is_new else STARTS


def text(found: Running) -> str:
    """It as a line at the console."""
    what = "%s of %s" % (found.work, found.service) if found.service else found.work
    line = "a %s is running since %s, by %s" % (what, found.since, found.operator)
    if found.stage is not None:
        line += ": it %s" % found.stage
    if found.done is not None and found.size is not None:
        line += ": %.1f of %.1f MB" % (found.done / 1e6, found.size / 1e6)
    return "%s; %s" % (line, found.purpose)
