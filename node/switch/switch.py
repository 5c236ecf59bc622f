"""The switch: from one set of a service to another, all or nothing.

It runs in a transient unit, so that it outlives a lost connection. A note says that it has begun; whatever ends it
before its time, node/switch/automatic_rollback.py finds the note and rolls back to the set before.
"""

from __future__ import annotations

import os
import signal
from typing import List, Optional

from node import layout, linked_files
from node.coral import trial
from node.errors import Refusal, Unfit, Unknown
from node.health import health
from node.machine import services
from node.store import files, history, lock, pending_switch, sets
from node.store.pending_switch import PendingSwitch, Request
from node.store.service_set import Named, ServiceSet
from node.switch import automatic_rollback, drift, follow, installation, stopping
from node.switch.switch_result import UNFIT, Result, conclude


def run_unit(id: str) -> None:
    """Run the switch that this unit was begun for."""
    # systemd counts an end by SIGTERM as a clean one, after which nothing would choose the set before again.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    run(follow.read(id))


def run(request: Request) -> Result:
    """Switch a service to a stored set, and return the result, which is recorded.

    Raises Refusal or OSError when it could neither switch nor roll back: then the note is there, for a later try.
    """
    try:
        with lock.held(layout.switch_lock(request.service), "switch", request.operator, request.purpose):
            return _run(request)
    except lock.Taken as refusal:
        return conclude(request, sets.digest_of(request.service, sets.CHOSEN), history.REFUSED, str(refusal))


def _run(request: Request) -> Result:
    try:
        wanted = sets.load(request.service, request.digest).content
        left = pending_switch.read(request.service)
        if left is None and _is_only_asleep(wanted):
            services.enable([wanted.unit, *wanted.timers])
            return conclude(request, wanted.digest, history.CHOSEN)
        pending = _prepare(request, wanted, left)
        pending_switch.put(pending)
    except (Refusal, OSError) as error:
        name = UNFIT if isinstance(error, Unfit) else history.REFUSED
        return conclude(request, sets.digest_of(request.service, sets.CHOSEN), name, str(error))
    if left is not None:
        reason = "%s; a later switch, by %s, goes on from there" % (left.reason or "it died", request.operator)
        conclude(left.request, left.old, history.FAILED, reason)
    try:
        problem = _change(wanted, pending)
    except Unknown as unknown:
        return _end(wanted, pending, history.FAILED, "unknown whether it works: %s" % unknown)
    except (Refusal, OSError) as error:
        problem = str(error)
    return automatic_rollback.roll_back(pending, problem) if problem else _end(wanted, pending, history.CHOSEN)


def _end(wanted: ServiceSet, pending: PendingSwitch, name: str, reason: Optional[str] = None) -> Result:
    """The new set stays."""
    result = automatic_rollback.end(pending, name, reason)
    sets.prune(wanted.service)
    return result


def _is_only_asleep(wanted: ServiceSet) -> bool:
    """Tell whether the service runs what it should, and only its units are to be enabled."""
    if {sets.digest_of(wanted.service, sets.CHOSEN), sets.live(wanted.service)} != {wanted.digest}:
        return False
    units = drift.statuses(wanted)
    asleep = drift.asleep(units)
    return bool(asleep) and asleep == drift.of(wanted, units) and units[wanted.unit].is_running


def _prepare(request: Request, wanted: ServiceSet, left: Optional[PendingSwitch]) -> PendingSwitch:
    """Make sure that the switch can begin, and say what it is to roll back to. Raises Refusal or OSError.

    `left` is the note of a switch that died, and from which nobody rolled back yet.
    """
    problem = health.not_ready(wanted)
    if problem:
        raise Refusal(problem)
    if wanted.is_to_run:
        trial.refuse_unfit(wanted)
    installation.require_free(wanted)
    pending = _pending(request, wanted, left)
    stopping.drop_queue(wanted.service)
    is_same = pending.old == wanted.digest and wanted.is_to_run
    if is_same and health.judge(wanted, services.status(wanted.unit), 0).may_restart:
        health.note_restart(wanted)
    installation.require_own(wanted, pending.old)
    installation.require_replaceable(wanted, pending.old)
    before, after = (sets.named(wanted.service, digest) for digest in (pending.old, wanted.digest))
    _wait(wanted, [*before, *after])
    old, new = ({each.path for each in named if each.linked} for named in (before, after))
    if old != new:
        linked_files.keep([*before, *after])
        _wait(wanted, [*before, *after])  # copying takes its time
    return pending


def _wait(wanted: ServiceSet, named: List[Named]) -> None:
    if wanted.is_to_run:
        linked_files.wait(named, wanted.health_check.writer_timeout)


def _pending(request: Request, wanted: ServiceSet, left: Optional[PendingSwitch]) -> PendingSwitch:
    if left is not None:  # the links may name its set, the note names the one before
        return left._replace(request=request, boot=pending_switch.boot_id(), time=history.now(), reason=None)
    old = sets.digest_of(request.service, sets.CHOSEN)
    stored = sets.find(request.service, old)
    if stored is None or stored.commit == sets.ADOPTED:
        # Of what an older tool or a hand has changed since, nothing of ours has a copy; nor of a set that is damaged.
        status = services.status(wanted.unit)
        state = "running" if status.is_running or status.enabled == "enabled" else "stopped"
        old = sets.adopt(wanted, state) or old
    previous = sets.digest_of(request.service, sets.PREVIOUS)
    return PendingSwitch(request, pending_switch.boot_id(), history.now(), old, previous)


def _change(wanted: ServiceSet, pending: PendingSwitch) -> Optional[str]:
    """Put the new set in place and start it. Returns what is unhealthy; raises Refusal or OSError."""
    if wanted.is_to_run:
        stopping.stop(wanted.unit, sets.named(wanted.service, pending.old, wanted.digest), pending.request)
        stopping.keep_queue(wanted)
        files.unlink(layout.started(wanted.service))
    automatic_rollback.drop_timers(wanted.service, pending.old, wanted.digest)
    automatic_rollback.put_in_place(wanted.service, wanted.digest, pending.previous_of_new)
    if not wanted.is_to_run:
        return None
    services.start(wanted.unit, wanted.health_check.start_timeout)
    try:
        problem = health.wait_through(wanted, lambda: automatic_rollback.stop(pending, wanted))
    except Unknown:
        services.enable([wanted.unit, *wanted.timers])
        raise
    if problem is None and sets.live(wanted.service) != wanted.digest:
        problem = "%s: its files were not put in place before its start; see its journal" % wanted.unit
    if problem is None:
        services.enable([wanted.unit, *wanted.timers])
    return problem


def start(service: str) -> None:
    """Put the chosen set in place, as the unit does before each start, and note which set this start is of."""
    chosen = installation.install(service)
    files.folder(layout.RUNTIME)
    files.write(layout.started(service), chosen.content.digest.encode())
