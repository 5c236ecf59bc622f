"""Whether a service is healthy: waiting until it is, after a start; and how it is at any other time."""

from __future__ import annotations

import time
from typing import Callable, Iterator, NamedTuple, Optional

from node import layout
from node.coral import stacks, stick
from node.errors import Refusal, Unknown
from node.health import work
from node.health.work import Look
from node.machine import services
from node.machine.services import Status
from node.store import checksum_cache, disk, files, rights
from node.store.service_set import ServiceSet

PAUSE = 0.1  # seconds between looks
LONG_PAUSE = 0.5  # of a service that takes long: a look reads the process table and the journal
SOON = 10.0  # seconds in which a service that has just started is given time
OFTEN = 3  # restarts by systemd after which a service is not taken for one that is starting


def not_ready(service: ServiceSet) -> Optional[str]:
    """Return what keeps the set's model files or stack from being used. Raises Refusal when its user does not exist."""
    return next(_not_ready(service), None)


def _not_ready(service: ServiceSet) -> Iterator[str]:
    for named in service.named_files:
        if (disk.reached(named.path) is None) if named.linked else not disk.is_file(named.path):
            yield "%s: missing; run deploys/models.py" % named.path
    user = rights.owner_of(service.user)
    for named in service.named_files:
        if not disk.is_readable(named.path, user):
            yield "%s: not readable by %s; check owner and mode" % (named.path, service.user)
    for named in service.named_files:
        if not named.linked and not checksum_cache.holds(named.path, named.sha256):
            told = (named.path, named.sha256[:12])
            yield "%s: not verified with its pinned SHA-256 %s; run deploys/models.py" % told
    stack = service.stack
    if stack is not None and not stacks.is_verified(stack.digest):
        told = (stack.directory, stack.version)
        yield "%s: the stack coral_packages/%s is not there as it was unpacked; run deploys/models.py" % told


class StickIsBack(Refusal):
    """The Coral stick, absent after the start, is there; what works with it is not."""


def wait_through(service: ServiceSet, stop: Callable[[], None]) -> Optional[str]:
    """Wait as `wait` does. A service whose stick came after its start is stopped by this, and started anew: once."""
    try:
        return wait(service)
    except StickIsBack:
        stop()
    try:
        services.start(service.unit, service.health_check.start_timeout)
    except Refusal as refusal:
        return str(refusal)
    try:
        return wait(service)
    except StickIsBack as still:
        return str(still)


def wait(service: ServiceSet) -> Optional[str]:
    """Wait until a service that was just started has worked for its settle time. Returns None, or what is unhealthy.

    What has ended is told at once, what has not come at the start timeout. Raises Unknown where it could not be seen,
    StickIsBack where it is to be started once more.
    """
    begun = time.monotonic()
    deadline = begun + service.health_check.start_timeout
    # systemd keeps the count of a service that was stopped between two restarts.
    restarts = services.status(service.unit).restarts
    healthy_since: Optional[float] = None
    absent: Optional[float] = None
    has_loaded = False
    while True:
        is_absent = _has_no_stick(service)  # before the look: what it finds may be due to that
        found = _look_after_start(service, restarts)
        now = time.monotonic()
        absent = now if is_absent or found.verdict == work.NO_STICK else absent
        if absent is not None and _has_missed_it(found, min(absent + SOON, deadline) - now):
            raise StickIsBack(found.reason)
        pause = PAUSE if now - begun < SOON else LONG_PAUSE
        if found.verdict == work.BROKEN:
            return found.reason
        if found.verdict in (work.WORKS, work.NO_STICK):
            has_loaded = has_loaded or _has_loaded(service, found)
            healthy_since = now if healthy_since is None or not has_loaded else healthy_since
            left = healthy_since + service.health_check.settle_time - now
            if left <= 0:
                return not_ready(service) if "files" in service.health_check.checks else None
            pause = min(pause, left)
        elif now >= deadline:
            return _overdue(service, found)
        else:
            healthy_since = None
        time.sleep(pause)


def _has_no_stick(service: ServiceSet) -> bool:
    """Tell whether the stick is absent that some of it works with, and ends without."""
    try:
        return service.work.on_stick > 0 and stick.state() == stick.ABSENT
    except Unknown:
        return False


def _has_missed_it(found: Look, left: float) -> bool:
    """Tell whether what works with the stick has ended, or had all its time to begin."""
    return found.on_stick and (found.verdict == work.BROKEN or left <= 0)


def _look_after_start(service: ServiceSet, restarts: int) -> Look:
    try:
        status = services.status(service.unit)
    except Refusal as refusal:  # systemd is being started anew, say
        return Look(work.UNKNOWN, str(refusal))
    has_restarted = status.restarts > restarts or status.sub == "auto-restart"
    if status.active == "failed" or (has_restarted and "restarts" in service.health_check.checks):
        return Look(work.BROKEN, "%s ended after its start (%s, %s)" % (service.unit, status.active, status.sub))
    return _look(service, status)


def _look(service: ServiceSet, status: Status) -> Look:
    if not status.is_running:
        return Look(work.NOT_YET, "%s is %s, expected active" % (service.unit, status.active))
    return work.look(service, status)


def _has_loaded(service: ServiceSet, found: Look) -> bool:
    """Tell whether the models are loaded: a view's child may die of that after it has reported."""
    return not service.work.views or found.age >= service.health_check.model_wait or work.has_loaded(service)


def _overdue(service: ServiceSet, found: Look) -> str:
    reason = "%s within %g s" % (found.reason, service.health_check.start_timeout)
    if found.verdict == work.UNKNOWN:
        raise Unknown(reason)
    return reason


class Health(NamedTuple):
    """How a service is that should run. `verdict` is one of these; `reason` says why it is not healthy."""

    verdict: str
    reason: str
    may_restart: bool  # a run may start it anew: once for each set and boot, and never one that is starting

    def __str__(self) -> str:
        return "%s: %s" % (self.verdict, self.reason)


HEALTHY, UNHEALTHY, STARTING = "healthy", "unhealthy", "starting"


def judge(service: ServiceSet, status: Status, seconds: float = SOON) -> Health:
    """Return how a service is, whose unit had this status a moment ago.

    One that has just started is given so many seconds.
    """
    until = time.monotonic() + seconds
    while True:
        if status.is_down:
            return Health(UNHEALTHY, "%s is %s, expected active" % (service.unit, status.active), False)
        found = _look(service, status)
        is_young = found.age < service.health_check.start_timeout
        if found.verdict not in (work.NOT_YET, work.UNKNOWN) or not is_young or time.monotonic() >= until:
            return _judged(service, found, is_young and status.restarts < OFTEN)
        time.sleep(PAUSE)
        status = services.status(service.unit)


def _judged(service: ServiceSet, found: Look, is_starting: bool) -> Health:
    if found.verdict == work.WORKS:
        return Health(HEALTHY, "", False)
    if found.verdict in (work.NO_STICK, work.UNKNOWN):
        return Health(found.verdict, found.reason, False)
    if found.verdict == work.NOT_YET and is_starting:
        return Health(STARTING, "%s, %d s after its start" % (found.reason, found.age), False)
    is_old = found.age >= service.health_check.start_timeout
    return Health(UNHEALTHY, found.reason, is_old and not _was_restarted(service))


def _was_restarted(service: ServiceSet) -> bool:
    """Tell whether a run has started it anew for its health, since the boot, with this very set."""
    try:
        return disk.read(layout.restarted(service.service)) == service.digest.encode()
    except FileNotFoundError:
        return False


def note_restart(service: ServiceSet) -> None:
    """Note that a run starts this service anew because it is unhealthy with its chosen set."""
    files.folder(layout.RUNTIME)
    files.write(layout.restarted(service.service), service.digest.encode())
