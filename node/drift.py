"""What differs from a set: its files, its links, and what systemd makes of its units.

A switch to the set mends all of it, but for what somebody else has laid beside our units: that is theirs, and is told.
Whether the service runs is not told: node/health.py judges that.
"""

from __future__ import annotations

from typing import Dict, Iterator, List

from node import disk, installation, services, unit_state
from node.orders import ServiceSet
from node.printable import printable
from node.services import Status

Statuses = Dict[str, Status]  # by unit


def statuses(content: ServiceSet) -> Statuses:
    """Return how systemd sees the units of a set that are to run. Raises Refusal."""
    return {unit: services.status(unit) for unit in [content.unit, *content.timers]} if content.is_to_run else {}


def of(content: ServiceSet, units: Statuses) -> List[str]:
    """Return what is not as a set has it, empty when all is. Raises Refusal for what cannot be looked at."""
    found = [*_files(content), *_links(content)]
    for unit, status in units.items():
        found += [*unit_state.outdated(unit, status), *unit_state.asleep(unit, status)]
    return found


def asleep(units: Statuses) -> List[str]:
    """Return what systemd does not do by itself: for that alone no service has to be stopped."""
    return [line for unit, status in units.items() for line in unit_state.asleep(unit, status)]


def foreign(units: Statuses) -> List[str]:
    """Return what of others changes the units."""
    return [line for unit, status in units.items() for line in unit_state.foreign(unit, status)]


def _files(content: ServiceSet) -> Iterator[str]:
    return ("%s differs" % file.path for file in content.files if not installation.is_installed(file))


def _links(content: ServiceSet) -> Iterator[str]:
    for link in content.links:
        if not installation.is_linked(link):
            yield "%s names %s, expected %s" % (link.path, printable(disk.target(link.path) or "nothing"), link.target)
