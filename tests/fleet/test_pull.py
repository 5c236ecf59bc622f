"""Pulls over bad links, and what is never pulled again."""

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import CHECKOUT, DEFAULT_SITE, PYINFRA, deploy

pytestmark = pytest.mark.usefixtures("deployed")

MODELS = "/home/ops/imagenode/models"
VERSION = f"{MODELS}/mobilenet_ssd/2020-12-06"
MODEL = f"{VERSION}/MobileNetSSD_deploy.caffemodel"
STAGED = f"{MODELS}/.staging/mobilenet_ssd/2020-12-06/MobileNetSSD_deploy.caffemodel"
SENTINEL = "/home/ops/sentinel/models"
FACES = f"{SENTINEL}/face_recognition/2026-02-02"


STAGED_AT_FAULT = 10_000_000  # bytes
IN_FLIGHT = 4_000_000  # bytes that were on their way when the receiver was killed


def wait_until(condition: Callable[[], bool], limit: float = 30.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.05)


def wait_until_staged(node: Node, size: int) -> None:
    wait_until(lambda: node.size(STAGED) > size)


def kill_pull(node: Node) -> None:
    """End what the operator's run had started on the node."""
    node.shell("pkill -KILL -f 'program/.* [p]ull'; pkill -KILL rsync; true")
    wait_until(lambda: node.code("pgrep -f 'program/.* [p]ull' || pgrep rsync") != 0)


@pytest.fixture
def bare(lab: Lab, node: NodeOf) -> Node:
    """A new node behind a slow cable."""
    lab.reset("lab1")
    lab.limit("lab1", "80mbit")
    return node("lab1")


@pytest.fixture
def received(bare: Node, lab: Lab) -> Callable[[], int]:
    """Bytes that have come to the new node since then."""
    start = lab.bytes_received(bare.name)
    return lambda: lab.bytes_received(bare.name) - start


@pytest.fixture
def pulling(bare: Node) -> Iterator["subprocess.Popen[bytes]"]:
    """A deploy that has brought some of the model, but not all."""
    words = [PYINFRA, str(DEFAULT_SITE), "deploys/models.py", "-y", "--limit", "lab1"]
    with subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until_staged(bare, STAGED_AT_FAULT)
        yield process
        process.kill()


@pytest.mark.usefixtures("settled")
def test_a_link_that_is_cut_in_mid_pull(
    received: Callable[[], int], pulling: "subprocess.Popen[bytes]", bare: Node, lab: Lab
) -> None:
    assert not bare.exists(VERSION)
    lab.cut("lab1")
    before = bare.size(STAGED)
    time.sleep(1)  # the cable is out for a moment: the fault itself, not a wait for it
    assert not bare.exists(VERSION)
    lab.mend("lab1")
    assert pulling.wait(timeout=120) == 0
    assert before > 0
    assert bare.status()["errors"] == {}
    assert received() < 1.05 * bare.size(MODEL) + 500_000


@pytest.mark.usefixtures("settled")
def test_an_operator_whose_machine_dies_in_mid_pull(
    received: Callable[[], int], pulling: "subprocess.Popen[bytes]", bare: Node, lab: Lab
) -> None:
    pulling.kill()
    kill_pull(bare)
    assert not bare.exists(VERSION)
    assert bare.size(STAGED) > STAGED_AT_FAULT
    lab.limit("lab1", "200mbit")
    run = deploy("--limit", "lab1")
    assert run.code == 0, run.err
    assert received() < bare.size(MODEL) + IN_FLIGHT
    assert not bare.exists(f"{MODELS}/.staging")


@pytest.mark.long
@pytest.mark.usefixtures("settled")
def test_a_pull_that_is_killed_again_and_again_gets_there(bare: Node, received: Callable[[], int]) -> None:
    for kill in range(1, 13):
        words = [PYINFRA, str(DEFAULT_SITE), "deploys/models.py", "-y", "--limit", "lab1"]
        with subprocess.Popen(words, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_until_staged(bare, kill * 1_500_000)
            process.kill()
        kill_pull(bare)
        assert not bare.exists(VERSION)
    assert deploy("--limit", "lab1").code == 0
    assert received() < bare.size(MODEL) + 12 * IN_FLIGHT


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


def test_silent_damage_is_found_by_reading_every_byte(node: NodeOf) -> None:
    lab1 = node("lab1")
    wanted = lab1.sha256(MODEL)
    lab1.shell(f"cp -p {MODEL} /root/kept; printf x | dd of={MODEL} bs=1 seek=99 conv=notrunc status=none")
    lab1.shell(f"touch -r /root/kept {MODEL}; rm /root/kept")
    assert deploy("--limit", "lab1").changed() == {}
    assert "Pull models" in deploy("--limit", "lab1", "--data", "verify=full").changed()
    assert lab1.sha256(MODEL) == wanted


def test_bytes_that_the_node_already_holds_are_not_fetched(node: NodeOf, lab: Lab) -> None:
    lab1 = node("lab1")
    size = lab1.size(MODEL)
    lab1.shell(f"rm {VERSION}/MobileNetSSD_deploy.prototxt")
    received = lab.bytes_received("lab1")
    assert deploy("--limit", "lab1").code == 0
    assert lab.bytes_received("lab1") - received < min(size, 500_000)
    assert lab1.exists(f"{VERSION}/MobileNetSSD_deploy.prototxt")
