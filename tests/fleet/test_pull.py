"""Pulls that are interrupted, and what is never pulled again."""

import getpass
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, deploy, modelctl
from tests.fleet.pulls import BY_DEPLOY, MODEL, SIZE, STAGED, STAGING, VERSION, counter, pulling, wait_until_staged

pytestmark = pytest.mark.usefixtures("deployed")

SENTINEL = "/home/ops/sentinel/models"
FACES = f"{SENTINEL}/face_recognition/2026-02-02"
FACE_DATA = "/home/ops/sentinelcam/face_recognition/facedata_2026-02-02.hdf5"
STAGED_AT_FAULT = 10_000_000  # bytes
OPERATOR = f"{getpass.getuser()}@{socket.gethostname()}"
PROGRESS = "/run/sentinelcam/pull-progress"
IN_FLIGHT = 4_000_000  # bytes that were on their way when the receiver was killed


def kill_pull(node: Node) -> None:
    """End what the operator's run had started on the node."""
    node.shell("pkill -KILL -f 'program/.* [p]ull'; pkill -KILL rsync; true")
    is_over = "! pgrep -f 'program/.* [p]ull' && ! pgrep rsync"
    wait_until(lambda: node.code(is_over) == 0, 30, f"{node.name}: end of the pull")


def running(node: Node) -> list[dict[str, Any]]:
    """What goes on there, as status tells it."""
    shown = modelctl("status", node.name, "--json", "--site", str(DEFAULT_SITE))
    found: list[dict[str, Any]] = shown.json["hosts"][node.name]["running"]
    return found


@pytest.fixture
def bare(lab: Lab, node: NodeOf) -> Node:
    """A new node behind a slow cable."""
    lab.reset("lab1")
    lab.limit("lab1", "80mbit")
    return node("lab1")


@pytest.fixture
def received(bare: Node) -> Callable[[], int]:
    """Bytes that have come to the new node since then."""
    return counter(bare)


@pytest.mark.long
@pytest.mark.usefixtures("settled")
def test_a_link_that_is_cut_in_mid_pull(received: Callable[[], int], bare: Node, lab: Lab) -> None:
    with pulling() as run:
        wait_until_staged(bare, STAGED_AT_FAULT)
        lab.cut("lab1")
        time.sleep(1)  # the cable is out for a moment: the fault itself, not a wait for it
        assert not bare.exists(VERSION)
        lab.mend("lab1")
        assert run.wait(timeout=120) == 0
    assert bare.status()["errors"] == {}
    assert received() < 1.05 * SIZE + BY_DEPLOY


@pytest.mark.usefixtures("settled")
def test_an_operator_whose_machine_dies_in_mid_pull(received: Callable[[], int], bare: Node, lab: Lab) -> None:
    with pulling():
        wait_until_staged(bare, STAGED_AT_FAULT)
    kill_pull(bare)
    assert running(bare) == []
    assert not bare.exists(VERSION)
    assert bare.size(STAGED) > STAGED_AT_FAULT
    lab.limit("lab1", "200mbit")
    run = deploy("--limit", "lab1")
    assert run.code == 0, run.err
    assert received() < SIZE + IN_FLIGHT
    assert not bare.exists(STAGING)


@pytest.mark.usefixtures("settled")
def test_a_pull_in_which_nothing_moves_is_ended_and_goes_on(bare: Node, tmp_path: Path) -> None:
    """H17: whatever holds rsync up."""
    hasty = site.write(tmp_path / "hasty.py", limits={"pull_timeout": 2, "pull_patience": 3})
    with pulling(hasty) as run:
        wait_until_staged(bare, STAGED_AT_FAULT)
        bare.shell("pkill -STOP rsync")
        wait_until(lambda: bare.exists(PROGRESS), 10, "lab1: how far its pull is")
        [found] = running(bare)
        assert (found["work"], found["operator"]) == ("pull", OPERATOR)
        assert STAGED_AT_FAULT < found["done"] < found["size"]
        assert SIZE < found["size"] < SIZE + 100_000
        assert run.wait(timeout=120) == 0
    assert bare.status()["errors"] == {}
    assert bare.code("pgrep rsync") == 1


@pytest.mark.long
@pytest.mark.usefixtures("settled")
def test_a_pull_that_is_killed_again_and_again_gets_there(bare: Node, received: Callable[[], int]) -> None:
    for kill in range(1, 13):
        with pulling():
            wait_until_staged(bare, kill * 1_500_000)
        kill_pull(bare)
        assert not bare.exists(VERSION)
    assert deploy("--limit", "lab1").code == 0
    assert received() < SIZE + 12 * IN_FLIGHT


def test_linked_files_are_seeded_once_and_never_touched_again(node: NodeOf) -> None:
    sentinel = node("sentinel")
    sentinel.shell(f"echo 2026-11-01,evt9,x,1,anna,2 >>{FACES}/facelist.csv; printf more >>{FACES}/facedata.hdf5")
    before = [sentinel.sha256(f"{FACES}/{name}") for name in ("facelist.csv", "facedata.hdf5")]
    run = deploy("--limit", "sentinel", "--data", "verify=full")
    assert (run.code, run.changed()) == (0, {})
    assert [sentinel.sha256(f"{FACES}/{name}") for name in ("facelist.csv", "facedata.hdf5")] == before


def test_a_damaged_model_file_is_replaced_singly(node: NodeOf, lab: Lab) -> None:
    sentinel = node("sentinel")
    wanted = sentinel.sha256(f"{FACES}/facemodel.pickle")
    others = f"stat -c %i {FACES}/baselines.hdf5 {FACES}/facelist.csv {FACES}/facedata.hdf5"
    inodes, received = sentinel.shell(others), lab.bytes_received("sentinel")
    sentinel.shell(f"truncate -s 100 {FACES}/facemodel.pickle; echo mine >>{FACES}/facelist.csv")
    changed = sentinel.sha256(f"{FACES}/facelist.csv")
    run = deploy("--limit", "sentinel")
    assert run.code == 0, run.err
    assert sentinel.sha256(f"{FACES}/facemodel.pickle") == wanted
    assert sentinel.shell(others) == inodes
    assert sentinel.sha256(f"{FACES}/facelist.csv") == changed
    assert lab.bytes_received("sentinel") - received < sentinel.size(f"{FACES}/facemodel.pickle") + 500_000


def test_silent_damage_is_found_by_the_time_of_its_change(node: NodeOf) -> None:
    lab1 = node("lab1")
    wanted = lab1.sha256(MODEL)
    lab1.shell(f"cp -p {MODEL} /root/kept; printf x | dd of={MODEL} bs=1 seek=99 conv=notrunc status=none")
    lab1.shell(f"touch -r /root/kept {MODEL}; rm /root/kept")
    assert "Pull models" in deploy("--limit", "lab1").changed()
    assert lab1.sha256(MODEL) == wanted


def test_silent_damage_of_a_face_list_is_told_and_left(node: NodeOf) -> None:
    data2 = node("data2")
    data2.shell(f"cp -p {FACE_DATA} /root/kept; printf x | dd of={FACE_DATA} bs=1 seek=99 conv=notrunc status=none")
    data2.shell(f"touch -r /root/kept {FACE_DATA}")
    damaged = data2.sha256(FACE_DATA)
    run = deploy("--limit", "data2", "--limit", "east")
    kept = data2.sha256(FACE_DATA)
    data2.shell(f"mv /root/kept {FACE_DATA}")
    assert (run.code, kept) == (1, damaged)
    [line] = run.lines_with(f"{FACE_DATA}: SHA-256 ")
    assert "it holds what exists nowhere else, so it stays: move it away and run again" in line
    assert deploy("--limit", "data2").code == 0
    assert deploy("--limit", "data2", "--data", "verify=full").changed() == {}


def test_bytes_that_the_node_already_holds_are_not_fetched(node: NodeOf, lab: Lab) -> None:
    lab1 = node("lab1")
    size = lab1.size(MODEL)
    lab1.shell(f"rm {VERSION}/MobileNetSSD_deploy.prototxt")
    received = lab.bytes_received("lab1")
    assert deploy("--limit", "lab1").code == 0
    assert lab.bytes_received("lab1") - received < min(size, 500_000)
    assert lab1.exists(f"{VERSION}/MobileNetSSD_deploy.prototxt")
