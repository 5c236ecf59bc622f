"""A node that an older tool or a hand set up: nothing right is copied again, nothing foreign is lost."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import COLLECT, SWITCH_CANARIES, Run, deploy

REGISTRY = "/home/ops/sentinelcam/model_registry"
MODELS = "/home/ops/imagenode/models"
VERSION = f"{MODELS}/mobilenet_ssd/2020-12-06"
CONFIG = "/home/ops/imagenode.yaml"
UNIT = "/etc/systemd/system/imagenode.service"
SETS = "/var/lib/sentinelcam/sets"
INODES = f"find {MODELS} -type f -printf '%i %T@ %p\\n' | sort"
OLD_CONFIG = "node:\n  name: outpost   # by the older tool\ncameras: {}\n"
OLD_UNIT = """\
[Unit]
Description=imagenode, as the older tool wrote it
[Service]
User=ops
ExecStart=/home/ops/.opencv/bin/python /home/ops/imagenode/imagenode/imagenode.py
[Install]
WantedBy=multi-user.target
"""
BACKUP = "/home/ops/imagenode.yaml.4021.2025-11-01@08:00:00~"


def copy(lab: Lab, source: str, target: str, folder: str, names: Sequence[str]) -> None:
    """Copy folders between hosts as an older tool would have, behind the back of the code under test."""
    pack = [*lab.console(source), "tar", "-C", REGISTRY, "-c", *names]
    unpack = [*lab.console(target), "sh", "-c", f"mkdir -p {folder} && tar -C {folder} -x && chown -R ops:ops {folder}"]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        subprocess.run(unpack, stdin=packing.stdout, check=True, timeout=60)


@dataclass(frozen=True)
class Story:
    """What was on the nodes before, and the run that adopted them."""

    inodes: str
    config: str
    unit: str
    received: int  # bytes
    run: Run


@pytest.fixture(scope="module")
def story(deployed: Lab, node: NodeOf) -> Story:
    lab, lab1, sentinel = deployed, node("lab1"), node("sentinel")
    lab.reset("lab1", "sentinel")
    leave_old_node(lab, lab1)
    sentinel.write("/home/ops/sentinel/tasks/GetFaces.yaml", "old: true\n")
    sentinel.write("/home/ops/sentinel/tasks/MyOwnTask.yaml", "mine: true\n")
    inodes, config, unit = lab1.shell(INODES), lab1.sha256(CONFIG), lab1.sha256(UNIT)
    received = lab.bytes_received("lab1")
    run = deploy("--limit", "data1", "--limit", "lab1", "--limit", "sentinel")
    return Story(inodes, config, unit, lab.bytes_received("lab1") - received, run)


def leave_old_node(lab: Lab, node: Node) -> None:
    """What the older tool leaves: versions in no checksum cache, plain configs, dated backups, things of its own."""
    copy(lab, "data1", node.name, MODELS, ["mobilenet_ssd/2020-12-06", "haarcascades/2020-03-25"])
    node.write(CONFIG, OLD_CONFIG)
    node.write(BACKUP, "an older config\n")
    node.write(f"{MODELS}/mine/notes.txt", "by hand\n")
    node.write(UNIT, OLD_UNIT)
    node.shell(f"chown ops:ops {CONFIG}; systemctl daemon-reload; systemctl enable --quiet imagenode")


def test_versions_that_are_right_are_adopted_where_they_are(story: Story, node: NodeOf) -> None:
    assert story.run.code == 0, story.run.err
    assert node("lab1").shell(INODES) == story.inodes
    assert story.received < 500_000
    assert node("lab1").status()["errors"] == {}
    assert deploy("--limit", "lab1").changed() == {}


def test_the_old_state_is_the_first_previous_set(story: Story, node: NodeOf) -> None:
    previous = json.loads(node("lab1").read(f"{SETS}/imagenode/previous/set.json"))
    assert {file["path"]: file["sha256"] for file in previous["files"]} == {CONFIG: story.config, UNIT: story.unit}
    assert node("lab1").read(f"{SETS}/imagenode/previous/files/{story.config}") == OLD_CONFIG


def test_what_was_absent_is_remembered_as_absent(story: Story, node: NodeOf) -> None:
    assert story.run.code == 0
    previous = json.loads(node("sentinel").read(f"{SETS}/sentinel/previous/set.json"))
    assert [file["path"] for file in previous["files"]] == ["/home/ops/sentinel/tasks/GetFaces.yaml"]
    assert "/home/ops/sentinel.yaml" in previous["absent"]


def test_nothing_foreign_is_lost(story: Story, node: NodeOf) -> None:
    assert story.run.code == 0
    assert node("lab1").read(BACKUP) == "an older config\n"
    assert node("lab1").read(f"{MODELS}/mine/notes.txt") == "by hand\n"
    assert node("lab1").exists(f"{MODELS}/haarcascades/2020-03-25/haarcascade_eye.xml")
    assert node("sentinel").read("/home/ops/sentinel/tasks/MyOwnTask.yaml") == "mine: true\n"


def test_a_damaged_file_in_an_old_folder_is_replaced_singly(deployed: Lab, node: NodeOf) -> None:
    lab1 = node("lab1")
    deployed.reset("lab1")
    leave_old_node(deployed, lab1)
    wanted, inode = lab1.sha256(f"{VERSION}/MobileNetSSD_deploy.prototxt"), f"stat -c %i {VERSION}/*.caffemodel"
    lab1.shell(f"echo x >>{VERSION}/MobileNetSSD_deploy.prototxt; echo kept >{VERSION}/extra.txt")
    before = lab1.shell(inode)
    run = deploy("--limit", "lab1")
    assert run.code == 0, run.err
    assert lab1.shell(inode) == before
    assert lab1.sha256(f"{VERSION}/MobileNetSSD_deploy.prototxt") == wanted
    assert lab1.read(f"{VERSION}/extra.txt") == "kept\n"
    lab1.shell(f"rm {VERSION}/extra.txt")


@pytest.mark.usefixtures("settled")
def test_a_face_list_that_a_hand_changed_stays_and_is_said(deployed: Lab, node: NodeOf) -> None:
    data2 = node("data2")
    path = "/home/ops/sentinelcam/face_recognition/facelist_2026-02-02.csv"
    deployed.reset("data2")
    data2.write(path, "date,event\n2026-01-01,mine\n")
    run = deploy("--limit", "data2")
    assert run.code == 1
    assert run.lines_with("it holds what exists nowhere else, so it stays")
    assert data2.read(path) == "date,event\n2026-01-01,mine\n"
    data2.shell(f"mv {path} {path}.kept")


@pytest.mark.usefixtures("deployed")
def test_the_link_is_made_where_an_older_tool_forgot_it(node: NodeOf) -> None:
    link = "/home/ops/sentinelcam/face_recognition/facelist_current.csv"
    node("data1").shell(f"rm {link}")
    assert deploy("--limit", "data1").changed() == {SWITCH_CANARIES: {"data1"}, COLLECT: {"data1"}}
    assert node("data1").shell(f"readlink {link}") == "facelist_2026-02-02.csv"
