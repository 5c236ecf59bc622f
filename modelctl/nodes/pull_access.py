"""What a node's pull key has to be: a deploy goes by it, and `modelctl doctor` tells of it."""

from modelctl.inventory.fleet import Fleet
from modelctl.nodes.pull_ca import PullCa
from modelctl.nodes.trust import known_key
from node.protocol.facts import PullAccess


def known_hosts(fleet: Fleet) -> str | None:
    """The datasink's host key as a node is given it; None where the operator does not know it."""
    site = fleet.site
    key = known_key(site.known_hosts, str(fleet.host(site.primary_datasink).address))
    return None if key is None else f"{key.line}\n"


def is_certified(fleet: Fleet, host: str, held: PullAccess) -> bool:
    """Whether the certificate that a node holds is this control node's, for its key, and of no revoked generation."""
    pull_ca, generation = PullCa(fleet.site.pull_ca), fleet.revoked.generation(host)
    return pull_ca.has_certified(held.certificate, held.public_key, host, generation)
