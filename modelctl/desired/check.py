"""Everything about a fleet that can be known without a connection."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelctl import hints
from modelctl.desired.render import render
from modelctl.faults import for_each
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.trust import known_key


@dataclass(frozen=True)
class Checked:
    """A valid site. `warnings` are about what is deprecated, `not_ready` about what keeps a deploy from hosts."""

    site: str
    hosts: int
    files: int
    pins: int
    warnings: tuple[str, ...]
    not_ready: tuple[str, ...]


def check(fleet: Fleet) -> Checked:
    """Render every file of every host. Raises Faults with the faults of all hosts."""
    files = for_each(fleet.site.hosts, lambda host: render(fleet, host))
    return Checked(
        site=fleet.site.name,
        hosts=len(fleet.site.hosts),
        files=sum(map(len, files.values())),
        pins=sum(map(len, fleet.pins.models.values())),
        warnings=tuple(fleet.warnings()),
        not_ready=(*_unpinned(fleet), *_untrusted(fleet)),
    )


def _unpinned(fleet: Fleet) -> Iterator[str]:
    wanting: dict[str, list[str]] = {}
    for host in fleet.site.hosts:
        for version in fleet.unpinned(host):
            wanting.setdefault(version, []).append(host)
    for label, hosts in sorted(wanting.items()):
        yield f"{label}: no pin covers it, so a deploy to {', '.join(hosts)} refuses it; {hints.pinning(label)}"


def _untrusted(fleet: Fleet) -> Iterator[str]:
    known_hosts = fleet.site.known_hosts
    for name, host in fleet.site.hosts.items():
        if known_key(known_hosts, str(host.address)) is None:
            trust = hints.modelctl(f"trust {name}")
            yield f"{name}: no key of {host.address} in {known_hosts}, so no deploy reaches it; trust it: {trust}"
