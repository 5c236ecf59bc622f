"""Everything about a fleet that can be known without a connection."""

from modelctl.faults import for_each
from modelctl.fleet import Fleet
from modelctl.rendering.render import render


def check(fleet: Fleet) -> int:
    """Render every file of every host and count them. Raises Faults with the faults of all hosts."""
    return sum(map(len, for_each(fleet.site.hosts, lambda host: render(fleet, host)).values()))


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
