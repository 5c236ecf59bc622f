"""The lab itself: it comes up, and comes back. That it goes without a trace is seen at the end of all stories."""

import pytest

from lab.lab import Lab
from modelctl.errors import OperatorError
from tests.fleet.conftest import NodeOf


def test_up_twice_is_harmless(lab: Lab, node: NodeOf) -> None:
    boots = {name: node(name).read("/proc/sys/kernel/random/boot_id") for name in lab.hosts}
    lab.up()
    assert {name: node(name).read("/proc/sys/kernel/random/boot_id") for name in lab.hosts} == boots


def test_a_host_that_lost_power_comes_back_with_its_disk(lab: Lab, node: NodeOf) -> None:
    node("deepend").write("/root/kept", "on the disk\n")
    node("deepend").shell("sync")
    boot = node("deepend").read("/proc/sys/kernel/random/boot_id")
    lab.power_cut("deepend")
    assert not lab.running("deepend")
    lab.boot("deepend")
    assert node("deepend").read("/root/kept") == "on the disk\n"
    assert node("deepend").read("/proc/sys/kernel/random/boot_id") != boot


def test_a_boot_that_fails_shows_why(lab: Lab, node: NodeOf) -> None:
    node("deepend").shell("mv /usr/lib/systemd/systemd /root/; sync")
    lab.power_cut("deepend")
    with pytest.raises(OperatorError, match=r"(?s)deepend.*console"):
        lab.boot("deepend")
    lab.reset("deepend")
    assert node("deepend").code("true") == 0
