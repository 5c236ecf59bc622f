"""One look at whether a service does its work: its processes, its journal, its ports, its answers and its pictures.

None proves another: a port is open before a model is read, and pictures go on beside a detector that has died.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, Iterable, NamedTuple, Optional, Pattern, Sequence, Set

from node.coral import mapped, stick
from node.errors import Refusal, Unknown, printable
from node.health import sockets, zmtp
from node.machine import journal, processes, services
from node.machine.processes import Process, Table
from node.machine.services import Status
from node.store.service_set import ServiceSet

WORKS = "works"
NOT_YET = "not yet"  # what must come has not come
BROKEN = "broken"  # it does not come any more
NO_STICK = "no stick"  # what ended had no Coral stick to work with
UNKNOWN = "unknown"  # could not be seen

ANSWER_SECONDS = 6.0  # a sentinel waits 5 s for its own job thread before it answers
LISTEN_SECONDS = 5.0  # pictures come several times a second
STATUS = b'{"task": "STATUS"}'
FAILURES: Dict[str, Pattern[str]] = {
    "imagenode": re.compile(r"LensTasking (failure\.|ending|ended)"),
    "sentinel": re.compile("Exception in thread"),
}
"""Lines in the journal of this start after which a service works no more, whatever else goes on."""
_NO_STICK = ", and the Coral stick is absent; plug it in, and restart the service"
LOADED = re.compile(r"LensTasking started\.")  # a view's child has loaded its model; some releases are silent


class Look(NamedTuple):
    verdict: str
    reason: str = ""
    age: float = 0.0  # seconds that the service has run; 0 when it does not
    on_stick: bool = False  # all that is missing may have worked with a Coral stick


class Seen(NamedTuple):
    """What a check finds a service by."""

    status: Status
    main: Process
    table: Table


Check = Callable[[ServiceSet, Seen], Optional[Look]]


def look(service: ServiceSet, status: Status) -> Look:
    """Look at a service whose unit had this status a moment ago. What cannot be seen makes it unknown, not healthy."""
    try:
        table = processes.look()
        main = table.get(status.pid)
        if main is None or not main.is_alive:
            return Look(NOT_YET, "%s has no main process" % service.unit)
        age = processes.now() - main.started
        return _worst(service, Seen(status, main, table))._replace(age=age)
    except Unknown as unknown:
        return Look(UNKNOWN, str(unknown))


def _worst(service: ServiceSet, seen: Seen) -> Look:
    """Return the first fault; what follows from a worker's end is excused where its Coral stick is absent."""
    verdict = Look(WORKS)
    for name, check in _CHECKS:
        found = check(service, seen) if name in service.health_check.checks else None
        if found is not None and found.verdict == NO_STICK:
            verdict = found
        elif found is not None and not (found.verdict == BROKEN and verdict.verdict == NO_STICK):
            return found
    return verdict


def has_loaded(service: ServiceSet) -> bool:
    """Tell whether each view's child has said that its model is loaded."""
    try:
        said = journal.lines(service.unit, services.status(service.unit))
        return sum(map(bool, map(LOADED.search, said))) >= len(service.work.views)
    except Refusal:
        return False


def queue(service: ServiceSet) -> Optional[str]:
    """Return what a sentinel's queue holds, as a deploy shows it before a switch; None where its release is silent."""
    if service.work.asked is None:
        return None
    try:
        said = _parsed(zmtp.ask(service.work.asked, STATUS, ANSWER_SECONDS)) or {}
        held = said.get("queue")
        counts = [(each, held.get(each)) for each in ("queued", "running")] if isinstance(held, dict) else []
        return ", ".join("%d %s" % (_length(value), name) for name, value in counts if _length(value)) or None
    except Refusal:  # it is silent, or could not be asked: its queue is not what the look is for
        return None


def _workers(service: ServiceSet, seen: Seen) -> Optional[Look]:
    alive = len(processes.workers(seen.table, seen.main.pid))
    if alive >= service.work.workers:
        return None
    reason = "%s: %d of %d workers live" % (service.unit, alive, service.work.workers)
    on_stick = alive + service.work.on_stick >= service.work.workers
    if on_stick and stick.state() == stick.ABSENT:
        return Look(NO_STICK, reason + _NO_STICK)
    children = [each for each in processes.family(seen.table, seen.main.pid) if each.parent == seen.main.pid]
    dead = [each for each in children if not each.is_alive]
    return Look(BROKEN if dead else NOT_YET, reason, on_stick=on_stick)


def _libraries(service: ServiceSet, seen: Seen) -> Optional[Look]:
    foreign = mapped.foreign(service, seen.main, seen.table)
    return Look(BROKEN, foreign) if foreign is not None else None


def _journal(service: ServiceSet, seen: Seen) -> Optional[Look]:
    pattern = FAILURES.get(service.service)
    line = journal.find(service.unit, seen.status, pattern) if pattern else None
    if line is None:
        return None
    reason = "%s said: %s" % (service.unit, printable(line))
    on_stick = bool(service.work.views) and service.work.on_stick > 0  # they are a view's: a sentinel's are no worker's
    if on_stick and stick.state() == stick.ABSENT:  # a look may fall between a worker's last words and its end
        return Look(NO_STICK, reason + _NO_STICK)
    return Look(BROKEN, reason, on_stick=on_stick)


def _ports(service: ServiceSet, seen: Seen) -> Optional[Look]:
    own = [each.pid for each in processes.family(seen.table, seen.main.pid)]
    found = sockets.ports(service.work.ports, own)
    for number in service.work.ports:
        if not found[number].is_open:
            return Look(NOT_YET, "%s: port %d is closed, expected open" % (service.unit, number))
        if not found[number].is_own:
            return Look(NOT_YET, "%s: port %d is held by another process" % (service.unit, number))
    return None


def _answer(service: ServiceSet, _: Seen) -> Optional[Look]:
    port = service.work.asked
    if port is None:
        return None
    try:
        said = zmtp.ask(port, STATUS, ANSWER_SECONDS)
    except zmtp.NoAnswer as silent:
        return Look(NOT_YET, "%s: STATUS is unanswered: %s" % (service.unit, silent))
    if said.startswith(b"Error"):
        return Look(NOT_YET, "%s: STATUS is answered Error, its jobs are stuck" % service.unit)
    engines = (_parsed(said) or {}).get("engines")
    if not isinstance(engines, dict):
        return None  # an older release says OK, and a later one what it likes
    alive = [name for name, each in engines.items() if not (isinstance(each, dict) and each.get("alive") is False)]
    if len(alive) >= service.work.workers:
        return None
    return Look(BROKEN, "%s: %d of %d task engines live" % (service.unit, len(alive), service.work.workers))


def _pictures(service: ServiceSet, _: Seen) -> Optional[Look]:
    port, silent = service.work.published, set(service.work.views)
    if port is None or not silent:
        return None
    try:
        for message in zmtp.listen(port, LISTEN_SECONDS):
            silent -= _views(message.first, silent) if len(message.sizes) > 1 and message.sizes[1] else set()
            if not silent:
                return None
    except zmtp.NoAnswer as none:
        return Look(NOT_YET, "%s: no frames: %s" % (service.unit, none))
    return Look(NOT_YET, "%s: no frame of %s" % (service.unit, ", ".join(sorted(silent))))


def _views(first: bytes, wanted: Iterable[str]) -> Set[str]:
    """Which of these views a picture is of: its first frame is {"msg": "NODE VIEW|TYPE"}, as imagezmq writes it."""
    said = (_parsed(first) or {}).get("msg")
    return {view for view in wanted if isinstance(said, str) and said.partition("|")[0] == view}


def _parsed(text: bytes) -> Optional[Dict[str, Any]]:
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _length(value: Any) -> int:
    """A number of jobs, or the jobs."""
    return max(value, 0) if isinstance(value, int) else len(value) if isinstance(value, (list, dict)) else 0


# In the order in which a program comes to it.
_CHECKS: Sequence["tuple[str, Check]"] = (
    ("libraries", _libraries),  # first: no stick excuses it
    ("port", _ports),
    ("workers", _workers),
    ("journal", _journal),
    ("answer", _answer),
    ("pictures", _pictures),
)
