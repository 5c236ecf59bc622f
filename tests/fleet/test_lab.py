"""The lab itself: it comes up, comes back, and goes without a trace."""

from pathlib import Path

import pytest

from lab.lab import Lab
from modelctl.errors import OperatorError
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import deploy


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


def test_down_leaves_no_process_mount_or_namespace_behind(lab: Lab) -> None:
    lab.down()
    lab.down()
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [command for command in commands if b"systemd-nspawn" in command]
    assert "sentinelcam-lab" not in Path("/proc/mounts").read_text()
    assert not list(Path("/run/netns").glob("sentinelcam-lab*"))
    lab.up()
    assert all(lab.running(name) for name in lab.hosts)
    assert deploy().code == 0  # the other stories stand on it
