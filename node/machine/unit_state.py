"""How systemd sees a unit of a set, against what it was told: one judgement for deploy, status and console."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import List

from node import layout
from node.machine.services import Status
from node.printable import printable

_OF_THE_DISTRIBUTION = tuple(
    folder + kind
    for folder in ("/usr/lib/systemd/system/", "/lib/systemd/system/")
    for kind in ("service.d", "timer.d")
)
"""Its drop-ins for every unit of a kind. What it ships for one unit by name is for none of ours."""


def outdated(unit: str, status: Status) -> List[str]:
    """Return, a line each, what systemd has not read yet."""
    return ["%s has changed since systemd read it" % unit] if status.is_outdated else []


def asleep(unit: str, status: Status) -> List[str]:
    """Return, a line each, what a unit that is to run will not do: at a boot, and a timer at all.

    Whether a service runs is not told: node/health/health.py judges that.
    """
    found = []
    if status.enabled != "enabled":
        found.append("%s is %s, expected enabled" % (unit, status.enabled or "absent"))
    if unit.endswith(".timer") and not status.is_running:
        found.append("%s is %s, expected active" % (unit, status.active))
    return found


def foreign(unit: str, status: Status) -> List[str]:
    """Return, a line each, what others have told systemd of a unit: it may run something else than the set says."""
    expected = str(layout.UNITS / unit)
    found = []
    if status.fragment not in ("", expected):
        found.append("%s is read from %s, expected %s; remove that file" % (unit, printable(status.fragment), expected))
    for path in status.drop_ins:
        if str(PurePosixPath(path).parent) not in _OF_THE_DISTRIBUTION:
            found.append("%s is changed by %s, which no set has; remove that file" % (unit, printable(path)))
    return found
