"""The machine's clock: what it shows, and whether that can be relied on."""

from __future__ import annotations

from node.machine import commands, processes
from node.protocol.retention import Moment
from node.store import history, pending_switch

DRIFT = 600  # seconds that a clock which nobody sets may gain or lose in five weeks


def look() -> Moment:
    """Return the time, and whether systemd says that the clock is synchronised, by whatever program."""
    said = commands.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"]).stdout.strip()
    return Moment(history.now(), pending_switch.boot_id(), processes.now(), said == "yes")


def was_set(before: Moment, now: Moment) -> bool:
    """Tell whether the clock was set between two moments. Of two boots only a step backwards is seen."""
    passed = history.seconds(now.time) - history.seconds(before.time)
    if before.boot != now.boot:
        return passed < 0
    return abs(passed - (now.uptime - before.uptime)) > DRIFT
