"""The lab itself: it comes up, and comes back. That it goes without a trace is seen at the end of all stories."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lab.lab import Lab
from lab.name import NAME, identity
from lab.network import TCP_TABLE_OF_A_PI
from modelctl.errors import OperatorError
from tests.fleet.conftest import NodeOf, traces
from tests.fleet.operator import CHECKOUT

SECOND, THIRD = f"{NAME[:10]}2", f"{NAME[:10]}23"
TINY = """\
import subprocess
from lab.hosts import HOSTS
from lab.lab import Lab
lab = Lab({"deepend": HOSTS["deepend"]})
"""


def test_up_twice_is_harmless(lab: Lab, node: NodeOf) -> None:
    boots = {name: node(name).read("/proc/sys/kernel/random/boot_id") for name in lab.hosts}
    lab.up()
    assert {name: node(name).read("/proc/sys/kernel/random/boot_id") for name in lab.hosts} == boots


def test_a_host_has_a_table_of_connections_of_its_own(node: NodeOf) -> None:
    """Where the kernel can make one; it shows one that is shared as a negative number."""
    size = int(node("lab1").shell("cat /proc/sys/net/ipv4/tcp_ehash_entries 2>/dev/null || echo 8192"))
    assert size == TCP_TABLE_OF_A_PI


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


def on(name: str, command: str) -> str:
    """What a command on a lab of one host prints; the lab has another name than that of all stories."""
    done = subprocess.run(
        [sys.executable, "-c", TINY + command], cwd=CHECKOUT, env={**os.environ, "LAB": name},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def two_more() -> Iterator[None]:
    """Two more labs, whose names begin as this one's and as each other's."""
    for name in (SECOND, THIRD):
        on(name, "lab.down(); lab.up(); lab.run('deepend', 'hostname >/srv/mine')")
    yield
    for name in (SECOND, THIRD):
        on(name, "lab.down()")


@pytest.mark.usefixtures("two_more")
def test_labs_side_by_side_do_not_see_one_another(lab: Lab, node: NodeOf) -> None:
    boots = {name: node(name).read("/proc/sys/kernel/random/boot_id") for name in lab.hosts}
    assert not node("deepend").exists("/srv/mine")
    assert traces(identity(SECOND)) != []
    on(SECOND, "lab.down()")
    assert traces(identity(SECOND)) == []
    lab.power_cut("deepend")
    lab.boot("deepend")
    assert on(THIRD, "subprocess.run([*lab.ssh('deepend'), 'cat', '/srv/mine'], check=True)") == "deepend\n"
    on(THIRD, "lab.down()")
    assert traces(identity(THIRD)) == []
    boots["deepend"] = node("deepend").read("/proc/sys/kernel/random/boot_id")
    assert {name: node(name).read("/proc/sys/kernel/random/boot_id") for name in lab.hosts} == boots
