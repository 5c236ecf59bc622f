"""What differs from a set: its files, its links, and what systemd makes of its units.

A switch to the set mends all of it, but for what somebody else has laid beside our units: that is theirs, and is told.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Dict, Iterator, List

from node import layout
from node.coral import mapped, stick
from node.errors import printable
from node.machine import processes, services
from node.machine.services import Status
from node.store import disk
from node.store.service_set import ServiceSet
from node.switch import installation

Statuses = Dict[str, Status]  # by unit

# Its drop-ins for every unit of a kind. What it ships for one unit by name is for none of ours.
_OF_THE_DISTRIBUTION = tuple(
    folder + kind
    for folder in ("/usr/lib/systemd/system/", "/lib/systemd/system/")
    for kind in ("service.d", "timer.d")
)


def statuses(content: ServiceSet) -> Statuses:
    """Return how systemd sees the units of a set that are to run. Raises Refusal."""
    return {unit: services.status(unit) for unit in [content.unit, *content.timers]} if content.is_to_run else {}


def of(content: ServiceSet, units: Statuses) -> List[str]:
    """Return what is not as a set has it. Raises Refusal for what cannot be looked at."""
    found = ["%s differs" % file.path for file in content.files if not installation.is_installed(file)]
    for link in content.links:
        if not installation.is_installed(link):
            read = printable(disk.target(link.path) or "nothing")
            found.append("%s names %s, expected %s" % (link.path, read, link.target))
    found += ["%s has changed since systemd read it" % unit for unit, each in units.items() if each.is_outdated]
    return [*found, *asleep(units), *_of_stack(content, units)]


def asleep(units: Statuses) -> List[str]:
    """Return which units systemd does not start by itself. For that alone no service has to be stopped."""
    found = []
    for unit, status in units.items():
        if status.enabled != "enabled":
            found.append("%s is %s, expected enabled" % (unit, status.enabled or "absent"))
        if unit.endswith(".timer") and not status.is_running:
            found.append("%s is %s, expected active" % (unit, status.active))
    return found


def foreign(units: Statuses) -> List[str]:
    """Return what others have told systemd of the units, which may run something else than the set says."""
    found = []
    for unit, status in units.items():
        read, expected = status.fragment, str(layout.UNITS / unit)
        if read not in ("", expected):
            found.append("%s is read from %s, expected %s; remove that file" % (unit, printable(read), expected))
        for path in status.drop_ins:
            if str(PurePosixPath(path).parent) not in _OF_THE_DISTRIBUTION:
                found.append("%s is changed by %s, which no set has; remove that file" % (unit, printable(path)))
    return found


def _of_stack(content: ServiceSet, units: Statuses) -> Iterator[str]:
    """Yield what a process has not taken up that was put right since it started: its groups, a mapped library."""
    main = units.get(content.unit)
    if content.stack is None or main is None or not main.is_running:
        return
    if stick.is_member(content.user, stick.GROUP) and stick.is_older(main.pid):
        yield "%s was started before %s was in %s" % (content.unit, content.user, stick.GROUP)
    table = processes.look()
    replaced = mapped.replaced(content, table[main.pid], table) if main.pid in table else None
    if replaced is not None:
        yield replaced
