"""What a story leaves behind is restored, on the hosts where it was left, and the others do not notice."""

import pytest

from lab import network
from lab.lab import Lab
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.operator import modelctl
from tests.fleet.settlement import Settlement

CONFIG = "/home/ops/sentinel.yaml"


@pytest.mark.long
def test_what_a_story_leaves_is_restored_where_it_was_left(settlement: Settlement, lab: Lab, node: NodeOf) -> None:
    settlement.restore()
    assert settlement.changed() == []
    pids, config = {name: node(name).pid() for name in SERVED}, node("sentinel").sha256(CONFIG)

    lab.power_cut("data2")
    node("sentinel").shell(f"echo '# by hand' >>{CONFIG}; touch -d 2026-01-01 {CONFIG}")
    node("lab1").misbehave(exit=[1, "out of order"])
    node("alpha5").shell("systemctl stop imagenode")
    lab.cut("east")
    assert settlement.changed() == ["data2", "sentinel", "lab1", "alpha5"]

    settlement.restore()
    assert settlement.changed() == []
    assert node("sentinel").sha256(CONFIG) == config
    assert not node("lab1").exists("/etc/sentinelcam-lab")
    assert [name for name in SERVED if node(name).pid() != node(name).status()["pid"]] == []
    assert {name: node(name).pid() for name in ("data1", "east")} == {name: pids[name] for name in ("data1", "east")}
    assert modelctl("status", "--site", "lab/inventory.py").code == 0


def test_a_cable_that_is_pulled_or_slowed_is_mended(settlement: Settlement, lab: Lab) -> None:
    settlement.restore()
    lab.cut("east")
    lab.limit("lab1", "1mbit")
    assert network.harmed() == {"east", "lab1"}
    settlement.restore()
    assert network.harmed() == set()
    assert "tbf" not in lab.run("lab1", "tc qdisc show dev eth0").stdout


def test_a_look_leaves_a_settled_host_as_it_is(settlement: Settlement, node: NodeOf) -> None:
    settlement.restore()
    assert modelctl("verify", "--nodes", "--site", "lab/inventory.py").code == 0
    assert node("sentinel").shell("sentinelcam-node status")
    assert settlement.changed() == []
