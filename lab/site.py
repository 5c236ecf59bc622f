"""The lab as a fleet: the default site at the lab's addresses, with a second datasink and with pins of its own."""

from __future__ import annotations

from pathlib import Path

from inventory.registry import REGISTRY
from inventory.site import SITE
from inventory.standards import STANDARDS
from lab import keys
from lab.hosts import HOSTS
from modelctl.fleet import Fleet
from modelctl.inventory.pins import load_pins
from modelctl.schema import Datasink, Gate, Gates, Host, Site

PINS = Path(__file__).with_name("pins.json")
SOURCES = Path(__file__).parent.parent / "inventory"
_GATE = Gate(linked_wait=3, settle=0.5, deadline=20)
GATES = Gates(sentinel=_GATE, imagenode=_GATE, datapump=_GATE)
"""Stand-ins start at once, and tests wait for each second."""


def fleet() -> Fleet:
    """The lab's fleet, validated.

    :raises modelctl.errors.Faults: the default site or the registry is invalid, or they do not agree.
    """
    return Fleet(lab_site(SITE), REGISTRY, STANDARDS.model_copy(update={"gates": GATES}), load_pins(PINS))


def lab_site(default: Site) -> Site:
    """A site moved into the lab: those of its hosts that the lab has, and the lab's second datasink."""
    hosts: dict[str, Host] = {
        name: host.model_copy(update={"address": HOSTS[name].address, "login": HOSTS[name].login})
        for name, host in default.hosts.items()
        if name in HOSTS
    }
    hosts["data2"] = Datasink(address=HOSTS["data2"].address)
    return default.model_copy(
        update={
            "name": "lab",
            "hosts": hosts,
            "ssh_key": keys.OPERATOR,
            "known_hosts": keys.KNOWN_HOSTS,
            "pull_ca": keys.PULL_CA,
        }
    )
