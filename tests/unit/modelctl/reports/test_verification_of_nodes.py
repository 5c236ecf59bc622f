"""Asking a node what its folders hold, with a stand-in for ssh on PATH."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from modelctl.nodes import remote
from modelctl.registry.manifest import Differences
from modelctl.reports import verification
from modelctl.schema import Pin, Pins
from tests.unit.modelctl.fake_ssh import FakeSsh
from tests.unit.modelctl.sites import fleet, pinned

FLEET = fleet(pins=pinned(("face_recognition", "2025-02-25"), ("face_recognition", "2026-02-02.10")))
PINS = FLEET.pins.models["face_recognition"]
MODELS = ["face_recognition", "mobilenet_ssd"]
WELL: dict[str, Any] = {"stored": True, "missing": [], "extra": [], "changed": {}}
SHA = "ab" * 32
SENTINEL = "192.168.10.60"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSsh:
    return FakeSsh(tmp_path, monkeypatch)


def ask(
    ssh: FakeSsh, *folders: dict[str, Any], versions: tuple[str, ...] = ()
) -> tuple[dict[tuple[str, str], Differences], list[str]]:
    said = json.dumps({"folders": folders, "versions": versions})
    ssh.answer(SENTINEL, f"printf %s {shlex.quote(said)}")
    return verification.ask(FLEET, "sentinel", verification.question(FLEET, "sentinel", ["mobilenet_ssd"]))


def test_a_node_is_asked_about_every_pinned_version_newest_first() -> None:
    question = verification.question(FLEET, "sentinel", MODELS)
    assert list(question.folders) == [
        ("face_recognition", "2026-02-02.10"), ("face_recognition", "2026-02-02"), ("face_recognition", "2025-02-25"),
        ("mobilenet_ssd", "2020-12-06"),
    ]  # fmt: skip
    folder, pin = question.folders["face_recognition", "2026-02-02"], PINS["2026-02-02"]
    assert folder.path == Path("/home/ops/sentinel/models/face_recognition/2026-02-02")
    assert folder.digests == {"manifest.yaml": pin.manifest} | {name: file.sha256 for name, file in pin.files.items()}
    assert (folder.linked, folder.shared) == (["facedata.hdf5", "facelist.csv"], False)
    assert question.models == Path("/home/ops/sentinel/models")


def test_the_size_is_that_of_what_the_node_gets() -> None:
    files = [*PINS["2026-02-02"].files.values(), *FLEET.pins.models["mobilenet_ssd"]["2020-12-06"].files.values()]
    assert verification.question(FLEET, "sentinel", MODELS).size == sum(file.size for file in files)


def test_a_datasink_is_asked_about_its_copies_of_the_face_list_alone() -> None:
    question = verification.question(FLEET, "data1", MODELS)
    assert [version for _, version in question.folders] == ["2026-02-02.10", "2026-02-02", "2025-02-25"]
    folder, files = question.folders["face_recognition", "2026-02-02.10"], PINS["2026-02-02.10"].files
    assert folder.path == Path("/home/ops/sentinelcam/face_recognition")
    assert folder.digests == {
        "facelist_2026-02-02.10.csv": files["facelist.csv"].sha256,
        "facedata_2026-02-02.10.hdf5": files["facedata.hdf5"].sha256,
    }
    assert (folder.linked, folder.shared, question.models) == ([], True, None)


def test_an_old_pin_may_lack_one_of_the_two() -> None:
    pin = PINS["2025-02-25"]
    files = {name: file for name, file in pin.files.items() if name != "facedata.hdf5"}
    models = {"face_recognition": {**PINS, "2024-01-01": Pin(manifest=pin.manifest, files=files)}}
    asked = verification.question(fleet(pins=Pins(models=models)), "data1", MODELS)
    assert list(asked.folders["face_recognition", "2024-01-01"].digests) == ["facelist_2024-01-01.csv"]


def test_the_question_travels_as_input(ssh: FakeSsh) -> None:
    ask(ssh, WELL)
    command, message = ssh.asked(SENTINEL)[-2:]
    assert command == "env LC_ALL=C sudo -n /usr/local/sbin/sentinelcam-node verify"
    [folder] = json.loads(message)["folders"]
    assert set(folder) == {"path", "digests", "linked", "shared"}
    assert json.loads(message)["models"] == "/home/ops/sentinel/models"


def test_what_differs(ssh: FakeSsh) -> None:
    name = "MobileNetSSD_deploy.prototxt"
    changed = WELL | {"missing": ["a"], "extra": ["b\x1b"], "changed": {name: SHA}}
    found, seen = ask(ssh, changed, versions=("mobilenet_ssd/old\x1b",))
    said = FLEET.pins.models["mobilenet_ssd"]["2020-12-06"].files[name].sha256
    line = f"{name}: found SHA-256 {SHA}; its pin says {said}"
    assert found == {("mobilenet_ssd", "2020-12-06"): Differences(("a",), ("b?",), (line,))}
    assert seen == ["mobilenet_ssd/old?"]
    assert ask(ssh, WELL | {"stored": False}) == ({}, [])


@pytest.mark.parametrize(
    "folders",
    [
        [], [WELL, WELL], [{}], [WELL | {"changed": {"more": SHA}}], [WELL | {"stored": 1}], [WELL | {"missing": "a"}],
        [WELL | {"changed": {"MobileNetSSD_deploy.prototxt": None}}],
    ],
)  # fmt: skip
def test_an_odd_answer(ssh: FakeSsh, folders: list[dict[str, Any]]) -> None:
    with pytest.raises(remote.NoAnswer) as caught:
        ask(ssh, *folders)
    assert str(caught.value).startswith('sentinel (192.168.10.60): found {"folders": [')
    assert "; expected what differs there as JSON; " in str(caught.value)
