"""Each fault fails its host with one line, serves the others, and leaves what ran running."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import Run, deploy, predict

pytestmark = pytest.mark.usefixtures("settled")

STORED = "/home/ops/sentinelcam/model_registry/mobilenet_ssd/2026-05-01"
WANTED = "mobilenet_ssd/2026-05-01"
HOSTS = ("data1", "data2", "lab1", "east", "alpha5")
"""The hosts of most runs here: two that the version concerns, the datasink, and two who are to be served."""
AFFECTED = {"lab1", "alpha5"}


@pytest.fixture
def newer(tmp_path: Path, node: NodeOf) -> Path:
    """A site that wants a mobilenet_ssd that no node has yet, and something else of each host that does not use it."""
    for name in AFFECTED | {"sentinel"}:
        node(name).shell(f"rm -rf /home/ops/{node(name).service}/models/{WANTED}")
    others = {name: {"debug_mode": True} for name in ("data2", "east")}
    return site.write(tmp_path / "newer.py", versions={"mobilenet_ssd": "2026-05-01"}, hosts=others)


@pytest.fixture
def registry(node: NodeOf) -> Iterator[Node]:
    """The primary datasink, its copy of the newer version restored afterwards."""
    there = node("data1")
    there.shell(f"cp -a {STORED} /root/kept")
    yield there
    there.shell(f"rm -rf {STORED} && mv /root/kept {STORED}")


def limits(*names: str) -> list[str]:
    return [word for name in names for word in ("--limit", name)]


def assert_one_line(run: Run, host: str, text: str) -> None:
    lines = [line for line in run.lines_with(f"[{host}]") if text in line]
    assert len(lines) == 1, run.err
    assert "Traceback" not in run.err


def assert_others_served(run: Run, node: NodeOf, failed: set[str]) -> None:
    assert run.code == 1
    assert run.failed() == failed
    for name in {"data2", "east"} - failed:
        assert "DEBUG" in node(name).read(f"/home/ops/{node(name).service}.yaml")


def test_a_node_that_is_down(newer: Path, lab: Lab, node: NodeOf) -> None:
    """It fails the dry run too."""
    configs = node("lab1").configs()
    lab.power_cut("lab1")
    predicted, run = predict(*limits(*HOSTS), site=newer), deploy(*limits(*HOSTS), site=newer)
    assert predicted.code == 1
    assert "Traceback" not in predicted.err
    assert predicted.predicted()["Pull models"] == {"alpha5"}
    assert_others_served(run, node, {"lab1"})
    assert_one_line(run, "lab1", "Could not connect")
    assert node("alpha5").exists(f"/home/ops/imagenode/models/{WANTED}")
    lab.boot("lab1")
    assert node("lab1").configs() == configs
    assert node("lab1").status()["pid"] == node("lab1").pid()


def test_a_version_missing_on_the_datasink(newer: Path, registry: Node, node: NodeOf) -> None:
    registry.shell(f"rm -rf {STORED}")
    before = {name: node(name).snapshot() for name in AFFECTED | {"data1"}}
    run = deploy(*limits(*HOSTS), site=newer)
    assert_others_served(run, node, AFFECTED | {"data1"})
    assert_one_line(run, "data1", f"{WANTED}: not in the registry")
    for name in AFFECTED:
        assert_one_line(run, name, f"{WANTED}: ")
    without_datasink = deploy(*limits("lab1", "east"), site=newer)
    assert (without_datasink.code, without_datasink.failed()) == (1, {"lab1"})
    assert_one_line(without_datasink, "lab1", "not in the registry of data1")
    assert {name: node(name).snapshot() for name in before} == before


def test_a_file_whose_bytes_are_wrong(newer: Path, registry: Node, node: NodeOf) -> None:
    registry.shell(f"printf x | dd of={STORED}/MobileNetSSD_deploy.caffemodel bs=1 seek=1000 conv=notrunc status=none")
    before = {name: node(name).snapshot() for name in AFFECTED}
    run = deploy(*limits(*HOSTS), site=newer)
    assert_others_served(run, node, AFFECTED)
    for name in AFFECTED:
        assert_one_line(run, name, f"{WANTED}/MobileNetSSD_deploy.caffemodel: the registry's copy has SHA-256")
        assert not node(name).exists(f"/home/ops/{node(name).service}/models/{WANTED}")
    assert {name: node(name).snapshot() for name in before} == before


def test_a_manifest_with_another_digest(newer: Path, registry: Node, node: NodeOf) -> None:
    registry.shell(f"echo '# touched' >>{STORED}/manifest.yaml")
    before = {name: node(name).snapshot() for name in AFFECTED | {"data1"}}
    run = deploy(*limits(*HOSTS), site=newer)
    assert_others_served(run, node, AFFECTED | {"data1"})
    assert_one_line(run, "data1", "manifest differs from its pin")
    assert_one_line(run, "lab1", f"{WANTED}/manifest.yaml: the registry's copy has SHA-256")
    assert {name: node(name).snapshot() for name in before} == before


def test_a_full_disk_and_a_linked_file_held_open_past_the_limit(
    newer: Path, lab: Lab, node: NodeOf, writer: "subprocess.Popen[str]"
) -> None:
    """Each on its host, in one run: the disk is refused before the first byte."""
    staging, failed = "/home/ops/imagenode/models/.staging", {"lab1", "sentinel"}
    node("lab1").shell(f"mkdir -p {staging} && mount -t tmpfs -o size=256k,mode=700 tmpfs {staging}")
    before, received = {name: node(name).snapshot() for name in failed}, lab.bytes_received("lab1")
    try:
        run = deploy(*limits(*HOSTS, "sentinel"), site=newer)
    finally:
        node("lab1").shell(f"umount {staging}")
    assert writer.poll() is None
    assert_others_served(run, node, failed)
    assert_one_line(run, "lab1", "MB needed, 0.0 MB free beside a reserve of 200.0 MB")
    assert lab.bytes_received("lab1") - received < 300_000
    assert_one_line(run, "sentinel", "facedata.hdf5 (process")
    assert {name: node(name).snapshot() for name in failed} == before
    assert node("alpha5").exists(f"/home/ops/imagenode/models/{WANTED}")


def test_a_linked_file_that_is_closed_in_time_is_waited_for(
    tmp_path: Path, node: NodeOf, writer: "subprocess.Popen[str]"
) -> None:
    patient = {"sentinel": {"writer_timeout": 60}}
    variant = site.write(tmp_path / "site.py", hosts={"sentinel": {"debug_mode": True}}, health_checks=patient)
    held_open = writer.stdin
    assert held_open is not None
    closing = Timer(3, held_open.close)  # the deploy runs into the open file meanwhile
    closing.start()
    run = deploy("--limit", "sentinel", site=variant)
    closing.join()
    assert run.code == 0, run.err
    assert "DEBUG" in node("sentinel").read("/home/ops/sentinel.yaml")


def test_success_means_running(tmp_path: Path, node: NodeOf) -> None:
    hosts = {name: {"debug_mode": True} for name in ("data2", "east", "lab1")}
    variant = site.write(tmp_path / "site.py", hosts=hosts, health_checks=site.PATIENT)
    node("lab1").write("/etc/sentinelcam-lab/behaviour.json", '{"imagenode": {"crash_after": 0.3}}')
    run = deploy("--data", "canary=east", *limits(*hosts), site=variant)
    assert_others_served(run, node, {"lab1"})
    assert_one_line(run, "lab1", "stays chosen: imagenode.service ended after its start")
