"""The side of whoever asked for a switch: begin it in a transient unit, wait for its end, say how it ended."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator

from node import layout, protocol
from node.desired_state import DesiredState
from node.errors import Ended, Refusal, fault_of
from node.machine import commands
from node.machine.services import STOP_LIMIT
from node.protocol.steps import Refused, SwitchResult
from node.pull import face_list
from node.store import disk, files, history, lock, pending_switch, sets
from node.store.pending_switch import Request
from node.store.service_set import HealthCheck, ServiceSet
from node.switch import switch_result

PAUSE = 0.1  # seconds between looks


def switch(desired: DesiredState) -> None:
    """Store each desired set and switch to it; say on standard output how that ended.

    Raises Refusal when one is refused, rolled back or failed: those after it are left alone.
    """
    ended: Dict[str, str] = {}
    try:
        with _before_it_begins():
            try:
                face_list.require_switchable(desired)
            except Refusal as refusal:
                refuse(desired, str(refusal))
        for wanted in desired.sets:
            follow(_stored(wanted, desired), wanted.health_check)
            ended[wanted.service] = history.CHOSEN
    except Ended as end:
        ended[desired.sets[len(ended)].service] = end.how
        raise
    finally:
        print(protocol.dumps(SwitchResult(ended)))


@contextmanager
def _before_it_begins() -> Iterator[None]:
    """Whatever goes wrong here, nothing was changed."""
    try:
        yield
    except Ended:
        raise
    except Refusal as refusal:
        raise Ended(history.REFUSED, str(refusal)) from None
    except OSError as error:
        raise Ended(history.REFUSED, fault_of(error, "switch")) from None


def _stored(wanted: ServiceSet, desired: DesiredState) -> Request:
    with _before_it_begins():
        try:
            store(wanted, desired)
        except lock.Taken as taken:
            refuse(desired, "%s: %s" % (wanted.service, taken))
    id = os.urandom(16).hex()
    return Request(id, desired.host, wanted.service, wanted.digest, desired.operator, desired.purpose, desired.commit)


def store(wanted: ServiceSet, desired: DesiredState) -> None:
    """Store a set as one of the desired state's checkout. Raises lock.Taken while its service is switched."""
    with lock.held(layout.switch_lock(wanted.service), "switch", desired.operator, desired.purpose):
        sets.put(wanted, desired.commit, desired.product)


def renew(desired: DesiredState) -> None:
    """Store the chosen sets again, as made from this checkout's commit."""
    for wanted in desired.sets:
        store(wanted, desired)


def refuse(desired: DesiredState, reason: str) -> None:
    """Record that these sets may not be switched. Raises Refusal with the reason."""
    digests = {wanted.service: wanted.digest for wanted in desired.sets}
    record(Refused(desired.host, digests, desired.operator, desired.purpose, desired.commit, reason))


def record(refused: Refused) -> None:
    """Record that the control node has refused to switch these sets. Raises Ended with the reason."""
    for service, digest in refused.sets.items():
        request = Request("", refused.host, service, digest, refused.operator, refused.purpose, refused.commit)
        history.add(request, sets.digest_of(service, sets.CHOSEN), history.REFUSED, refused.reason)
    raise Ended(history.REFUSED, refused.reason)


def follow(request: Request, health_check: HealthCheck) -> None:
    """Run a switch in its unit and wait for its end. Raises Refusal unless the set is chosen and healthy."""
    limit = 2 * (health_check.writer_timeout + health_check.start_timeout + health_check.settle_time + STOP_LIMIT) + 60
    said = _run_unit(request, limit)
    deadline = time.monotonic() + limit
    while _is_pending(request):  # the unit died, and the recovery is at it
        if time.monotonic() >= deadline:
            unit = "sentinelcam-recover@" + request.service
            raise Refusal(request.service + ": the rollback is still pending; see journalctl --unit=" + unit)
        time.sleep(PAUSE)
    result = switch_result.take(request.id) or _refused(request, said)
    if result.line is not None:
        raise Ended(result.name, result.line)


def _run_unit(request: Request, limit: float) -> str:
    """Run a switch and wait for it. Returns the first line of what systemd-run complains of, if it does."""
    path = _file_of(request.id)
    with _before_it_begins():
        files.folder(path.parent)
        files.write(path, json.dumps(request._asdict()).encode())
    try:
        done = commands.run(
            [
                "systemd-run", "--quiet", "--wait", "--collect", "--unit=" + _unit(request.service),
                "--description=Switch of " + request.service + ", by " + request.operator,
                "--property=OnFailure=sentinelcam-recover@" + request.service + ".service",
                "--property=RuntimeMaxSec=%d" % limit,
                *layout.PYTHON, sys.path[0], "switch-unit", request.id,
            ],
            limit + commands.SECONDS,
        )  # fmt: skip
    finally:
        files.unlink(path)
    return commands.first_line(done.stderr, "")


def read(id: str) -> Request:
    """Return the request that this unit was begun for."""
    return Request(**json.loads(disk.read(_file_of(id)).decode()))


def _file_of(id: str) -> Path:
    return layout.RUNTIME / ("request-" + id)


def _unit(service: str) -> str:
    return "sentinelcam-switch-" + service


def _is_pending(request: Request) -> bool:
    pending = pending_switch.read(request.service)
    return pending is not None and pending.request.id == request.id


def _refused(request: Request, said: str) -> switch_result.Result:
    """There is no result and no note: the unit did not begin, or was killed before it changed anything."""
    reason = said or "the switch ended before it changed anything; see journalctl --unit=" + _unit(request.service)
    if "already" in said:
        holder = lock.holder(layout.switch_lock(request.service))
        reason = "another switch is running here: %s; wait for it and run again" % holder
    history.add(request, sets.digest_of(request.service, sets.CHOSEN), history.REFUSED, reason)
    return switch_result.Result(history.REFUSED, request.service + ": " + reason)
