"""The switch: from one set of a service to another.

It runs as a transient unit whose name is the lock, so that it outlives a lost connection and never runs twice at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import List, Optional

from node import files, health, layout, linked, services, sets
from node.errors import Refusal
from node.orders import Limits, Order, ServiceSet

UNIT_FOLDER = Path("/etc/systemd/system")


def switch(order: Order) -> None:
    """Store each set of the order and switch to it in a transient unit. Raises Refusal when one fails."""
    for wanted in order.sets:
        sets.put(wanted, order.commit)
        _follow(wanted, order.limits)


def _follow(wanted: ServiceSet, limits: Limits) -> None:
    unit = "sentinelcam-switch-" + wanted.service
    outcome = layout.RUNTIME / ("outcome-" + uuid.uuid4().hex)
    words = ["switch-unit", wanted.service, wanted.digest, json.dumps(limits._asdict()), str(outcome)]
    result = subprocess.run(
        ["systemd-run", "--quiet", "--wait", "--collect", "--unit=" + unit, sys.executable, sys.path[0], *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True,
    )  # fmt: skip
    if not outcome.exists():
        reason = (result.stderr.strip().splitlines() or ["no outcome; see journalctl -u " + unit])[0]
        if "already" in reason:
            reason = "another switch is running; wait for it (systemctl status " + unit + ") and run again"
        raise Refusal(wanted.service + ": " + reason)
    error = json.loads(outcome.read_text())["error"]
    files.remove(outcome)
    if error:
        raise Refusal(wanted.service + ": " + error)


def run(service: str, digest: str, limits: Limits, outcome: Path) -> None:
    """Switch to a stored set, inside the transient unit; leaves the outcome for whoever asked.

    Raises Refusal too, so that the unit's journal has the reason when nobody is left to ask.
    """
    try:
        _run(sets.load(service, digest).content, limits)
    except Refusal as refusal:
        _leave(outcome, str(refusal))
        raise
    except BaseException as failure:
        _leave(outcome, "the switch failed: %r; see journalctl -u sentinelcam-switch-%s" % (failure, service))
        raise
    _leave(outcome, None)


def _leave(outcome: Path, error: Optional[str]) -> None:
    files.folder(outcome.parent)
    files.write(outcome, json.dumps({"error": error}).encode())


def _run(wanted: ServiceSet, limits: Limits) -> None:
    problem = health.unready(wanted)
    if problem:
        raise Refusal(problem)
    old = sets.digest_of(wanted.service, sets.CHOSEN) or sets.adopt(wanted)
    if wanted.state != "running":
        _commit(wanted, old)
        return
    linked.wait(wanted.named_files, limits.linked_wait)
    if services.status(wanted.unit).active != "inactive":
        services.control("stop", wanted.unit)
    try:
        _commit(wanted, old)
    except (Refusal, OSError):
        _resume(wanted, old)
        raise
    services.control("enable", "--quiet", wanted.unit, *wanted.timers)
    services.control("start", wanted.unit, *wanted.timers)
    problem = health.wait(wanted, limits)
    if problem:
        last = services.journal(wanted.unit, 5).replace("\n", " | ")
        raise Refusal("%s; chosen now: %s; last journal lines: %s" % (problem, wanted.digest[:12], last))
    sets.prune(wanted.service)


def _resume(wanted: ServiceSet, old: Optional[str]) -> None:
    """The new set could not be put in place (a full disk, say): what ran before runs on."""
    if old is not None:
        sets.choose(wanted.service, old, None)
        sets.install(wanted.service)
        services.control("daemon-reload")
        services.control("start", wanted.unit)


def _commit(wanted: ServiceSet, old: Optional[str]) -> None:
    units = _units()
    sets.choose(wanted.service, wanted.digest, old)
    sets.install(wanted.service)
    if _units() != units:
        services.control("daemon-reload")


def _units() -> List[str]:
    """What systemd would read: a changed unit needs a reload."""
    return [str(path) + files.sha256(path) for path in sorted(UNIT_FOLDER.glob("*.*")) if path.is_file()]


def start(service: str) -> None:
    """What the unit runs before each start: the chosen set's files, whole, and a note of which set this start is of."""
    chosen = sets.install(service)
    files.folder(layout.RUNTIME)
    files.write(layout.started(service), chosen.content.digest.encode())
