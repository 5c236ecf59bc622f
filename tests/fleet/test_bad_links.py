"""A pull goes on through cut links, reboots and a full disk, moves hardly a byte twice, and shows nothing half done."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import deploy, end, predict
from tests.fleet.pulls import (
    BY_DEPLOY,
    MODELS,
    SIZE,
    STAGED,
    STAGING,
    VERSION,
    counter,
    first_sight,
    pinned,
    pulling,
    wait_until_staged,
)

pytestmark = pytest.mark.usefixtures("settled")

CUTS = 20
MOST = 1.05 * SIZE + BY_DEPLOY
MID_PULL = 5_000_000  # bytes
PROGRESS = re.compile(r"\[lab1\]\S* +[0-9.]+ (k?B )?of 23\.2 MB(, .+)?\n")


@pytest.fixture
def bare(lab: Lab, node: NodeOf) -> Node:
    """A new node; the datasink is behind a slow cable."""
    lab.reset("lab1")
    lab.limit("data1", "40mbit")
    return node("lab1")


@pytest.fixture
def received(bare: Node) -> Callable[[], int]:
    """Bytes that have come to the new node since then."""
    return counter(bare)


@pytest.fixture
def impatient(tmp_path: Path) -> Path:
    """A site that takes a link for dead after 2 s, and fills a node's disk to the last byte."""
    return site.write(tmp_path / "impatient.py", limits={"pull_timeout": 2, "pull_patience": 60, "reserve_bytes": 1})


def wait_for_a_dead_pull(node: Node) -> None:
    wait_until(lambda: node.code("pgrep -x rsync") != 0, 15, f"{node.name}: end of an rsync without a link")


def interrupt(node: Node, lethal: set[int]) -> None:
    """Cut the cable 20 times in one pull: for a moment, or, where that is lethal, until the pull has noticed."""
    for cut in range(1, CUTS + 1):
        wait_until_staged(node, cut * SIZE // (CUTS + 1))
        assert not node.exists(VERSION)
        node.lab.cut(node.name)
        if cut in lethal:
            wait_for_a_dead_pull(node)
        node.lab.mend(node.name)


@pytest.mark.parametrize(
    "lethal", [{3, 8, 13, 20}, pytest.param(set(range(1, CUTS + 1)), marks=pytest.mark.long)], ids=["4", "all"]
)
def test_a_link_that_is_cut_20_times_in_one_pull(
    impatient: Path, received: Callable[[], int], bare: Node, lethal: set[int]
) -> None:
    with first_sight(bare) as seen, pulling(impatient) as run:
        interrupt(bare, lethal)
        ended = end(run)
        assert ended.code == 0
        assert seen() == pinned()
    assert PROGRESS.search(ended.err)
    assert received() < MOST
    assert bare.status()["errors"] == {}
    assert not bare.exists(STAGING)


def test_a_datasink_that_loses_its_power_in_mid_pull(
    impatient: Path, received: Callable[[], int], bare: Node, lab: Lab
) -> None:
    with first_sight(bare) as seen, pulling(impatient) as run:
        wait_until_staged(bare, MID_PULL)
        lab.power_cut("data1")
        wait_for_a_dead_pull(bare)
        lab.boot("data1")
        assert run.poll() is None
        assert end(run).code == 0
        assert seen() == pinned()
    assert received() < MOST


def test_a_node_that_loses_its_power_in_mid_pull(received: Callable[[], int], bare: Node, lab: Lab) -> None:
    lab.limit("data1", "20mbit")
    with pulling():
        wait_until_staged(bare, MID_PULL)
        lab.power_cut("lab1")
    lab.mend("data1")
    lab.boot("lab1")
    assert not bare.exists(VERSION)
    assert bare.size(STAGED) > MID_PULL
    # A disk may come back with zeros where the last bytes were on their way to it.
    bare.shell(f"dd if=/dev/zero of={STAGED} bs=64k count=1 seek=70 conv=notrunc status=none")
    with first_sight(bare) as seen:
        run = deploy("--limit", "lab1")
        assert run.code == 0, run.err
        assert seen() == pinned()
    assert received() < MOST
    assert not bare.exists(STAGING)


def test_a_disk_that_fills_up_in_mid_pull(impatient: Path, received: Callable[[], int], bare: Node) -> None:
    bare.shell(f"mkdir -p {MODELS} && mount -t tmpfs -o size=30m,uid=ops,gid=ops,mode=755 tmpfs {MODELS}")
    refused = predict("--limit", "lab1")
    assert refused.code == 1
    assert refused.lines_with(f"lab1: {MODELS}: too little space: 23.2 MB needed, 0.0 MB free beside a reserve of ")
    with first_sight(bare) as seen:
        with pulling(impatient) as process:
            wait_until_staged(bare, MID_PULL)
            bare.shell(f"head -c 20000000 /dev/zero >{MODELS}/of-somebody-else")
            run = end(process)
        assert run.code == 1
        [line] = run.lines_with("the disk is full")
        assert f"{MODELS}: the disk is full; free some space and run again: the pull resumes" in line
        assert not bare.exists(VERSION)
        assert bare.size(STAGED) > MID_PULL
        bare.shell(f"rm {MODELS}/of-somebody-else")
        run = deploy("--limit", "lab1", site=impatient)
        assert run.code == 0, run.err
        assert seen() == pinned()
    assert received() < MOST
    bare.shell(f"umount --lazy {MODELS}")
