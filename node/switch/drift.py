"""What differs from a set: its files, its links, and what systemd makes of its units.

A switch to the set mends all of it, but for what somebody else has laid beside our units: that is theirs, and is told.
Whether the service runs is not told: node/health/health.py judges that.
"""

from __future__ import annotations

from typing import Dict, Iterator, List

from node.coral import mapped, stick
from node.machine import process_tree, services, unit_state
from node.machine.services import Status
from node.printable import printable
from node.store import disk
from node.store.service_set import ServiceSet
from node.switch import installation

Statuses = Dict[str, Status]  # by unit


def statuses(content: ServiceSet) -> Statuses:
    """Return how systemd sees the units of a set that are to run. Raises Refusal."""
    return {unit: services.status(unit) for unit in [content.unit, *content.timers]} if content.is_to_run else {}


def of(content: ServiceSet, units: Statuses) -> List[str]:
    """Return what is not as a set has it, empty when all is. Raises Refusal for what cannot be looked at."""
    found = [*_files(content), *_links(content)]
    for unit, status in units.items():
        found += [*unit_state.outdated(unit, status), *unit_state.asleep(unit, status)]
    return [*found, *_groups(content, units), *_libraries(content, units)]


def asleep(units: Statuses) -> List[str]:
    """Return what systemd does not do by itself: for that alone no service has to be stopped."""
    return [line for unit, status in units.items() for line in unit_state.asleep(unit, status)]


def foreign(units: Statuses) -> List[str]:
    """Return what of others changes the units."""
    return [line for unit, status in units.items() for line in unit_state.foreign(unit, status)]


def _files(content: ServiceSet) -> Iterator[str]:
    return ("%s differs" % file.path for file in content.files if not installation.is_installed(file))


def _groups(content: ServiceSet, units: Statuses) -> Iterator[str]:
    """A process has the groups that its user had at its start."""
    main = units.get(content.unit)
    if content.stack is None or main is None or not main.is_running:
        return
    if stick.is_member(content.user, stick.GROUP) and stick.is_older(main.pid):
        yield "%s was started before %s was in %s" % (content.unit, content.user, stick.GROUP)


def _libraries(content: ServiceSet, units: Statuses) -> Iterator[str]:
    """What was put right on the disk is not so in a process that has mapped it before."""
    main = units.get(content.unit)
    if content.stack is None or main is None or not main.is_running:
        return
    table = process_tree.look()
    found = mapped.replaced(content, table[main.pid], table) if main.pid in table else None
    if found is not None:
        yield found


def _links(content: ServiceSet) -> Iterator[str]:
    for link in content.links:
        if not installation.is_linked(link):
            yield "%s names %s, expected %s" % (link.path, printable(disk.target(link.path) or "nothing"), link.target)
