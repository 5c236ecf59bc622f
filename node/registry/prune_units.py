"""The units of the registry's clean-up, on the primary datasink: a service, and the timer that starts it."""

from __future__ import annotations

from typing import List

from node import layout
from node.machine import services
from node.store import files
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
