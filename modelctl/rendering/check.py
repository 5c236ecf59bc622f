"""Everything about a fleet that can be known without a connection."""

from modelctl.errors import Faults
from modelctl.fleet import Fleet
from modelctl.rendering.render import render


def check(fleet: Fleet) -> int:
    """Render every file of every host and count them. Raises Faults with the faults of all hosts."""
    count, faults = 0, dict[str, None]()
    for host in fleet.site.hosts:
        try:
            count += len(render(fleet, host))
        except Faults as error:
            faults |= dict.fromkeys(error.faults)
    if faults:
        raise Faults(faults)
    return count


def warnings(fleet: Fleet) -> list[str]:
    """What does not keep a site from being valid, a line each."""
    return [*fleet.warnings(), *_unpinned(fleet)]


def _unpinned(fleet: Fleet) -> list[str]:
    wanting: dict[str, list[str]] = {}
    for host in fleet.site.hosts:
        for version in fleet.unpinned(host):
            wanting.setdefault(version, []).append(host)
    return [
        f"{version}: no pin covers it, so a deploy to {', '.join(hosts)} refuses it; pin it: modelctl pin"
        for version, hosts in sorted(wanting.items())
    ]
