"""A node that an older tool or a hand set up: nothing right is copied again, nothing foreign is lost."""

import json
import subprocess
from collections.abc import Sequence

import pytest

from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import deploy

pytestmark = pytest.mark.usefixtures("settled")

REGISTRY = "/home/ops/sentinelcam/model_registry"
MODELS = "/home/ops/imagenode/models"
VERSION = f"{MODELS}/mobilenet_ssd/2020-12-06"
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


@pytest.fixture
def old(lab: Lab, node: NodeOf) -> Node:
    """lab1 as the older tool left it."""
    lab.reset("lab1")
    copy(lab, "data1", "lab1", MODELS, ["mobilenet_ssd/2020-12-06", "haarcascades/2020-03-25"])
    there = node("lab1")
    there.write("/home/ops/imagenode.yaml", OLD_CONFIG)
    there.write(BACKUP, "an older config\n")
    there.write(f"{MODELS}/mine/notes.txt", "by hand\n")
    there.write("/etc/systemd/system/imagenode.service", OLD_UNIT)
    there.shell("chown ops:ops /home/ops/imagenode.yaml; systemctl daemon-reload; systemctl enable --quiet imagenode")
    return there


def test_versions_that_are_right_are_adopted_where_they_are(old: Node, lab: Lab) -> None:
    inodes = old.shell(f"find {MODELS} -type f -printf '%i %T@ %p\\n' | sort")
    received = lab.bytes_received("lab1")
    run = deploy("--limit", "lab1")
    assert run.code == 0, run.err
    assert old.shell(f"find {MODELS} -type f -printf '%i %T@ %p\\n' | sort") == inodes
    assert lab.bytes_received("lab1") - received < 500_000
    assert old.status()["errors"] == {}
    assert deploy("--limit", "lab1").changed() == {}


def test_the_old_state_is_the_first_previous_set(old: Node) -> None:
    sets = "/var/lib/sentinelcam/sets/imagenode"
    config, unit = (old.sha256(path) for path in ("/home/ops/imagenode.yaml", "/etc/systemd/system/imagenode.service"))
    assert deploy("--limit", "lab1").code == 0
    previous = json.loads(old.read(f"{sets}/previous/set.json"))
    assert {file["path"]: file["sha256"] for file in previous["files"]} == {
        "/home/ops/imagenode.yaml": config,
        "/etc/systemd/system/imagenode.service": unit,
    }
    assert old.read(f"{sets}/previous/files/{config}") == OLD_CONFIG


def test_what_is_absent_is_remembered_as_absent(lab: Lab, node: NodeOf) -> None:
    lab.reset("sentinel")
    sentinel = node("sentinel")
    sentinel.write("/home/ops/sentinel/tasks/GetFaces.yaml", "old: true\n")
    sentinel.write("/home/ops/sentinel/tasks/MyOwnTask.yaml", "mine: true\n")
    assert deploy("--limit", "sentinel").code == 0
    previous = json.loads(sentinel.read("/var/lib/sentinelcam/sets/sentinel/previous/set.json"))
    assert [file["path"] for file in previous["files"]] == ["/home/ops/sentinel/tasks/GetFaces.yaml"]
    assert "/home/ops/sentinel.yaml" in previous["absent"]
    assert sentinel.read("/home/ops/sentinel/tasks/MyOwnTask.yaml") == "mine: true\n"


def test_nothing_foreign_is_lost(old: Node) -> None:
    assert deploy("--limit", "lab1").code == 0
    assert old.read(BACKUP) == "an older config\n"
    assert old.read(f"{MODELS}/mine/notes.txt") == "by hand\n"
    assert old.exists(f"{MODELS}/haarcascades/2020-03-25/haarcascade_eye.xml")


def test_a_damaged_file_in_an_old_folder_is_replaced_singly(old: Node) -> None:
    old.shell(f"echo x >>{VERSION}/MobileNetSSD_deploy.prototxt; echo kept >{VERSION}/extra.txt")
    inode = old.shell(f"stat -c %i {VERSION}/MobileNetSSD_deploy.caffemodel")
    run = deploy("--limit", "lab1")
    assert run.code == 0, run.err
    assert old.shell(f"stat -c %i {VERSION}/MobileNetSSD_deploy.caffemodel") == inode
    assert old.read(f"{VERSION}/extra.txt") == "kept\n"
    assert not old.read(f"{VERSION}/MobileNetSSD_deploy.prototxt").endswith("x\n")


def test_a_face_list_that_a_hand_changed_stays_and_is_said(lab: Lab, node: NodeOf) -> None:
    data2 = node("data2")
    path = "/home/ops/sentinelcam/face_recognition/facelist_2026-02-02.csv"
    lab.reset("data2")
    data2.write(path, "date,event\n2026-01-01,mine\n")
    run = deploy("--limit", "data2")
    assert run.code == 1
    assert run.lines_with("it holds what exists nowhere else, so it stays")
    assert data2.read(path) == "date,event\n2026-01-01,mine\n"
    data2.shell(f"mv {path} {path}.kept")
    assert deploy("--limit", "data2").code == 0


def test_the_link_is_made_where_an_older_tool_forgot_it(lab: Lab, node: NodeOf) -> None:
    link = "/home/ops/sentinelcam/face_recognition/facelist_current.csv"
    node("data1").shell(f"rm {link}")
    assert deploy("--limit", "data1").changed() == {"deploys/configs.py | Make the face list current": {"data1"}}
    assert node("data1").shell(f"readlink {link}") == "facelist_2026-02-02.csv"
    assert lab.running("data1")
