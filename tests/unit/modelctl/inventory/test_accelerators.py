"""Which accelerators a host may have: an NCS2 only where one worked before, and none beside a Coral stick."""

from collections.abc import Mapping

import pytest

from modelctl.errors import Faults
from modelctl.inventory.hosts import Outpost
from modelctl.schema import Site
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.unit.modelctl.sites import fleet

MODELS = ("mobilenet_ssd", "mobilenet_ssd_edgetpu")


def outpost(accelerators: Mapping[str, str], *ncs2_nodes: str) -> Site:
    """The site whose lab1 has a camera for each of these accelerators."""
    lab1 = SITE.hosts["lab1"]
    assert isinstance(lab1, Outpost)
    cameras = {
        name: lab1.cameras["P1"].model_copy(update={"accelerator": accelerator, "viewname": name})
        for name, accelerator in accelerators.items()
    }
    changed = lab1.model_copy(update={"cameras": cameras, "models": MODELS})
    return SITE.model_copy(update={"hosts": {**SITE.hosts, "lab1": changed}, "ncs2_nodes": ncs2_nodes})


def refused(site: Site) -> tuple[str, ...]:
    with pytest.raises(Faults) as caught:
        fleet(site)
    return caught.value.faults


def test_coral_and_ncs2_run_in_different_pythons() -> None:
    assert refused(outpost({"P1": "coral", "P2": "ncs2"}, "lab1")) == (
        "site.hosts.lab1.cameras: found 'coral and ncs2'; allowed: one of them: their detectors run in different "
        "Pythons",
    )
    fleet(outpost({"P1": "coral", "P2": "none"}))
    fleet(outpost({"P1": "ncs2", "P2": "none"}, "lab1"))


def test_an_ncs2_is_for_nodes_that_had_one() -> None:
    assert refused(outpost({"P1": "ncs2"})) == (
        "site.hosts.lab1: accelerator: found 'ncs2'; allowed: coral or cpu; a node that worked with an NCS2 before "
        "goes into site.ncs2_nodes",
    )


def test_a_stick_needs_a_stack_or_a_word_that_its_owner_sees_to_it() -> None:
    bare = REGISTRY.model_copy(update={"coral": None})
    with pytest.raises(Faults) as caught:
        fleet(registry=bare)
    assert {line.partition(" which ")[2].split()[0] for line in caught.value.faults} == {
        "site.hosts.sentinel", "site.hosts.alpha5",
    }  # fmt: skip
    hosts = {
        name: host.model_copy(update={"coral_packages": False}) if name in ("sentinel", "alpha5") else host
        for name, host in SITE.hosts.items()
    }
    fleet(SITE.model_copy(update={"hosts": hosts}), registry=bare)
