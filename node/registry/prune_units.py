"""The units of the registry's clean-up, on the primary datasink: a service, and the timer that starts it."""

from __future__ import annotations

from typing import List

from node import layout
from node.errors import Refusal
from node.health import last_words
from node.machine import commands, services
from node.protocol.retention import Sweep, Swept
from node.registry.sweep import SERVICE
from node.store import disk, files
from node.store.service_set import Installed
from node.switch import installation


def differences(units: List[Installed]) -> List[str]:
    """Return what is not as these units want it."""
    found = ["%s differs" % unit.path for unit in units if not installation.is_installed(unit)]
    for timer in _timers(units):
        status = services.status(timer)
        if status.enabled != "enabled" or not status.is_running:
            found.append("%s is %s and %s" % (timer, status.enabled or "absent", status.active))
    return found


def install(units: List[Installed]) -> None:
    """Put the units in place, and enable the timers. Raises Refusal when systemd refuses."""
    for unit in units:
        if not installation.is_installed(unit):
            files.write(unit.path, (unit.content or "").encode(), unit.mode)
    services.reload(unit.path.name for unit in units)
    for timer in _timers(units):
        if not services.status(timer).is_running:
            # systemd would make up for what a stopped timer has missed, at once.
            files.unlink(layout.TIMER_STAMPS / ("stamp-" + timer))
        services.enable([timer])


def _timers(units: List[Installed]) -> List[str]:
    return [unit.path.name for unit in units if unit.path.suffix == ".timer"]


def sweep(asked: Sweep) -> Swept:
    """Let the sweep run now, as its timer does. Raises Refusal where there is no such unit."""
    if not services.status(SERVICE).fragment:
        raise Refusal("%s: not there; a deploy brings it: pyinfra inventory.py deploys/cleanup.py" % SERVICE)
    before = len(disk.lines(asked.log))
    fault = None
    try:
        services.start(SERVICE, commands.LONG_SECONDS)
    except Refusal as refusal:
        fault = "%s: %s" % (refusal, "; ".join(last_words.in_journal(SERVICE)[-5:]))
    return Swept(disk.lines(asked.log)[before:], fault)
