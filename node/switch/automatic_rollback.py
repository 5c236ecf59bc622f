"""Automatic rollback to the set before: after an unhealthy switch, a killed one, or a power cut in the midst of one."""

from __future__ import annotations

from contextlib import suppress
from typing import Optional

from node import layout, linked_files
from node.errors import Refusal, Unknown
from node.health import health, last_words
from node.machine import services
from node.store import files, history, lock, pending_switch, sets
from node.store.history import short
from node.store.pending_switch import PendingSwitch
from node.store.service_set import ServiceSet
from node.switch import installation, stopping
from node.switch.switch_result import Result, conclude


def recover(service: str) -> None:
    """End a switch of this service that died: its unit's OnFailure=. Safe to repeat; does nothing without a note.

    Raises Refusal or OSError when it could not: then the note is there, for a later try.
    """
    pending = pending_switch.read_or_set_aside(service)
    if pending is None:
        return
    asked = pending.request
    with lock.held(layout.switch_lock(service), "switch", asked.operator, "rollback after " + asked.purpose):
        pending = pending_switch.read_or_set_aside(service)
        if pending is not None:
            roll_back(pending, _what_happened(pending))


def recover_at_boot() -> None:
    """Choose again what was chosen before a power cut, before the boot starts it. Raises Refusal naming what failed."""
    problems = []
    for service in layout.services():
        try:
            _recover_at_boot(service)
        except (Refusal, OSError) as error:
            problems.append("%s: %s" % (service, error))
            with suppress(Refusal):
                services.control("start", "--no-block", "sentinelcam-recover@%s.service" % service)
    if problems:
        raise Refusal("; ".join(problems))


def _recover_at_boot(service: str) -> None:
    with lock.held(layout.switch_lock(service), "switch", "the boot", "rollback after a power cut"):
        pending = pending_switch.read_or_set_aside(service)
        if pending is None or pending.boot == pending_switch.boot_id():
            return
        happened, old = pending.reason or _what_happened(pending), _old(pending)
        if old is None:
            _choose_new(pending)
            end(pending, history.FAILED, happened + "; there is no other set to roll back to")
        else:
            _choose_old(pending)
            _start_without_waiting(old)  # the boot gave it up already where it could not parse the new set's unit
            end(pending, history.ROLLED_BACK, happened)


def _what_happened(pending: PendingSwitch) -> str:
    is_same_boot = pending.boot == pending_switch.boot_id()
    return history.KILLED if is_same_boot else history.WENT_DOWN


def roll_back(pending: PendingSwitch, problem: str) -> Result:
    """Choose the set from before again and wait until it is healthy; without a healthy one the new one stays.

    Safe to repeat. Raises Refusal while a linked file is open for writing: then the note stays, for a later try.
    """
    old = _old(pending)
    reason = pending.reason or problem + _last_words(pending)
    if pending.reason is None:  # a rollback that waits for a file goes on in another unit
        with suppress(OSError):  # a full disk must not keep it from rolling back
            pending_switch.put(pending._replace(reason=reason))
    if old is None:
        _choose_new(pending)
        return end(pending, history.FAILED, reason + "; there is no other set to roll back to")
    try:
        installation.prove_replaceable(layout.pending(old.service))
    except Refusal:  # where nothing can be noted any more, a service that is stopped would be so for ever
        _start_again(old)
        raise
    stop(pending, old)
    try:
        _choose_old(pending)
    except (Refusal, OSError) as error:
        return _leave_as_it_lies(pending, old, "%s; and its files could not be put back: %s" % (reason, error))
    try:
        still = _start(pending, old)
    except Unknown as unknown:
        return end(pending, history.ROLLED_BACK, "%s; unknown whether that works: %s" % (reason, unknown))
    if still is None:
        return end(pending, history.ROLLED_BACK, reason)
    stop(pending, old)
    _choose_new(pending)
    return end(pending, history.FAILED, "%s; set %s is unhealthy too: %s" % (reason, short(pending.old), still))


def _leave_as_it_lies(pending: PendingSwitch, old: ServiceSet, reason: str) -> Result:
    """A service that runs with what is there is better than none."""
    _start_again(old)
    is_chosen = sets.digest_of(old.service, sets.CHOSEN) == pending.old
    how = history.ROLLED_BACK if is_chosen else history.FAILED
    return end(pending, how, reason + "; it was started with what is there")


def _start_again(old: ServiceSet) -> None:
    with suppress(Refusal):
        _start_without_waiting(old)


def _start_without_waiting(content: ServiceSet) -> None:
    """Let systemd start a service that is to run, and its timers."""
    if content.is_to_run:
        services.control("start", "--no-block", content.unit, *content.timers)


def _old(pending: PendingSwitch) -> Optional[ServiceSet]:
    """Return the set to roll back to; None when there is none that is whole.

    The site may say by now that the service is not to run: then a rollback does not start it either.
    """
    asked = pending.request
    old, new = sets.find(asked.service, pending.old), sets.find(asked.service, asked.digest)
    if old is None or pending.old == asked.digest:
        return None
    if new is None or new.content.is_to_run:
        return old.content
    return old.content._replace(state=new.content.state)


def _last_words(pending: PendingSwitch) -> str:
    with suppress(Refusal):
        return last_words.of(sets.read(pending.request.service, pending.request.digest).content)
    return ""


def stop(pending: PendingSwitch, service: ServiceSet) -> None:
    """Stop a service whose switch this is, when no task writes a linked file. Raises Refusal."""
    named = sets.named(service.service, pending.old, pending.request.digest)
    linked_files.wait(named, service.health_check.writer_timeout)
    stopping.stop(service.unit, named, pending.request)
    files.unlink(layout.started(service.service))


def _start(pending: PendingSwitch, service: ServiceSet) -> Optional[str]:
    """Start a service if it is to run. Returns what is unhealthy then."""
    if not service.is_to_run:
        return None
    try:
        services.start(service.unit, service.health_check.start_timeout)
    except Refusal as refusal:
        return str(refusal)
    return health.wait_through(service, lambda: stop(pending, service))


def _choose_old(pending: PendingSwitch) -> None:
    assert pending.old is not None
    service, new = pending.request.service, pending.request.digest
    drop_timers(service, new, pending.old)  # the switch may have died after it had enabled them
    put_in_place(service, pending.old, pending.previous)
    with suppress(Refusal, OSError):  # a set that starts without its queue is better than none
        stopping.put_back_queue(sets.read(service, new).content)


def drop_timers(service: str, leaving: Optional[str], staying: str) -> None:
    """Stop and disable the timers of one set that another lacks, before their units go."""
    with suppress(Refusal):
        old = sets.load(service, leaving or "").content
        new = sets.load(service, staying).content
        for timer in sorted(set(old.timers) - set(new.timers)):
            services.control("disable", "--quiet", "--now", timer)


def _choose_new(pending: PendingSwitch) -> None:
    """The new set stays, unhealthy as it is; systemd goes on trying to run it."""
    with suppress(Refusal):  # a unit that does not parse, say: what is wrong with the set is told anyway
        new = put_in_place(pending.request.service, pending.request.digest, pending.previous_of_new)
        if new.is_to_run:
            with suppress(OSError):
                stopping.put_back_queue(new)
            services.control("enable", "--quiet", new.unit, *new.timers)
            _start_without_waiting(new)


def put_in_place(service: str, digest: str, previous: Optional[str]) -> ServiceSet:
    """Choose a set, put its files to their paths, and let systemd know its units. Safe to repeat; raises Refusal."""
    sets.choose(service, digest, previous)
    installed = installation.install(service).content
    services.reload(installed.units)
    return installed


def end(pending: PendingSwitch, name: str, reason: Optional[str] = None) -> Result:
    """Record how a switch ended, and take its note away."""
    result = conclude(pending.request, pending.old, name, reason)
    pending_switch.clear(pending.request.service)
    if name in (history.CHOSEN, history.ROLLED_BACK):  # else nobody works it off, and a start may have deleted it
        stopping.drop_queue(pending.request.service)
    return result
