"""The machine's clock: what it shows, and whether that can be relied on."""

from __future__ import annotations

from typing import Optional

from node.machine import commands, processes, services
from node.protocol.retention import Moment
from node.store import history, pending_switch

KEEPERS = ("systemd-timesyncd", "chrony", "ntpsec", "ntp", "openntpd")  # Debian's packages, and their services
DRIFT = 600  # seconds that a clock which nobody sets may gain or lose in five weeks


def look() -> Moment:
    """Return the time, and whether systemd says that the clock is synchronised, by whatever program."""
    return Moment(history.now(), pending_switch.boot_id(), processes.now(), is_synchronized())


def is_synchronized() -> bool:
    """Tell whether systemd says so; without it nobody does."""
    try:
        said = commands.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"]).stdout
    except FileNotFoundError:
        return False
    return said.strip() == "yes"


def keeper() -> Optional[str]:
    """Return the running program that sets the clock; None where none runs."""
    return next((name for name in KEEPERS if services.status(name + ".service").is_running), None)


def was_set(before: Moment, now: Moment) -> bool:
    """Tell whether the clock was set between two moments. Of two boots only a step backwards is seen."""
    passed = history.seconds(now.time) - history.seconds(before.time)
    if before.boot != now.boot:
        return passed < 0
    return abs(passed - (now.uptime - before.uptime)) > DRIFT
