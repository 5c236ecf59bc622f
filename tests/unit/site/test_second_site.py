"""Another site is another small file, and everything follows from it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from modelctl.desired.check import check
from modelctl.desired.desired_state import desired
from modelctl.desired.render import render
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import load
from modelctl.schema import Pin, PinnedFile, Pins

FLEET = load(Path(__file__).with_name("second_site.py")).fleet


def config(host: str, path: str) -> Any:
    return yaml.safe_load(next(file.content or "" for file in render(FLEET, host) if file.path == Path(path)))


def test_its_configs_render() -> None:
    assert check(FLEET).files == 2 * 12 + 2 + 2 * 2 + 2 * 2 + 2


@pytest.mark.parametrize(("host", "home"), [("attic", "/home/pi"), ("cellar", "/home/ops")])
def test_each_sentinel_has_its_own_home_and_the_same_datasink(host: str, home: str) -> None:
    found = config(host, f"{home}/sentinel.yaml")
    assert found["default_pump"] == "tcp://barn:5556"
    assert found["socket_dir"] == f"{home}/sentinel/sockets"


def test_each_sentinel_has_its_own_accelerator_version_and_log_level() -> None:
    attic, cellar = config("attic", "/home/pi/sentinel.yaml"), config("cellar", "/home/ops/sentinel.yaml")
    engines = [found["task_engines"]["Alpha"]["accelerator"] for found in (attic, cellar)]
    levels = [found["logconfig"]["root"]["level"] for found in (attic, cellar)]
    assert (engines, levels) == (["ncs2", "cpu"], ["INFO", "DEBUG"])
    detection = config("attic", "/home/pi/sentinel/tasks/GetFaces.yaml")["face_detection"]
    assert detection["target"] == "myriad"
    assert "edgetpu_model" not in detection
    recon = [
        config("attic", "/home/pi/sentinel/tasks/FaceRecon.yaml")["facemodel"],
        config("cellar", "/home/ops/sentinel/tasks/FaceRecon.yaml")["facemodel"],
    ]
    assert recon == [
        "/home/pi/sentinel/models/face_recognition/2026-02-02/facemodel.pickle",
        "/home/ops/sentinel/models/face_recognition/2025-02-25/facemodel.pickle",
    ]


def test_profiles_name_camera_nodes() -> None:
    found = config("cellar", "/home/ops/sentinel/tasks/DailyCleanup.yaml")["retention_profiles"]
    assert found == {
        "people": {
            "strategy": "face_quality",
            "nodes": ["Front_Gate"],
            "retention_days": 3,
            "confidence_threshold": 0.9,
            "min_face_ratio": 0.2,
        },
        "default": {"strategy": "minimal_retention", "retention_days": 5},
    }


@pytest.mark.parametrize(("host", "version"), [("barn", "2026-02-02"), ("shed", "2025-02-25")])
def test_each_datasink_serves_its_own_face_list(host: str, version: str) -> None:
    found = config(host, "/home/ops/datapump.yaml")
    assert found["facefile"] == f"/home/ops/sentinelcam/face_recognition/facelist_{version}.csv"


def test_outposts_send_to_their_datasinks() -> None:
    assert config("gate", "/home/pi/imagenode.yaml")["hub_address"] == {"H1": "tcp://barn:5555"}
    assert config("porch", "/home/ops/imagenode.yaml")["hub_address"] == {"H1": "tcp://shed:5555"}


def test_legacy_outpost_on_ncs2() -> None:
    found = config("gate", "/home/pi/imagenode.yaml")
    assert found["node"]["name"] == "Front_Gate"
    camera = found["cameras"]["P1"]
    assert camera["vflip"] is True
    folder = "/home/pi/imagenode/models/mobilenet_ssd/2020-12-06"
    assert camera["detectors"]["outpost"]["mobilenetssd"] == {
        "confidence": 0.5,
        "prototxt_path": f"{folder}/MobileNetSSD_deploy.prototxt",
        "model_path": f"{folder}/MobileNetSSD_deploy.caffemodel",
        "target": "myriad",
    }


def test_an_outpost_with_two_cameras() -> None:
    cameras = config("porch", "/home/ops/imagenode.yaml")["cameras"]
    assert list(cameras) == ["W1", "O1"]
    assert cameras["W1"]["detectors"]["outpost"]["spyglass"] == "(640, 360)"
    assert "depthai" not in cameras["W1"]["detectors"]["outpost"]
    blob = "/home/ops/imagenode/models/mobilenet_ssd_depthai/2022-04-02/mobilenet-ssd_openvino_2021.4_6shave.blob"
    assert cameras["O1"]["detectors"]["outpost"]["depthai"]["model"] == blob


def test_it_is_warned_of_each_ncs2() -> None:
    assert [line.split(":")[0] for line in FLEET.warnings()] == ["site.hosts.attic", "site.hosts.gate"]


def test_pinned_it_can_be_deployed() -> None:
    models: dict[str, dict[str, Pin]] = {}
    for name, model in FLEET.registry.models.items():
        files = {file: PinnedFile(sha256="a" * 64, size=1) for file in model.files.values()}
        for version in {model.current_version, model.previous_version} - {None}:
            models.setdefault(name, {})[str(version)] = Pin(manifest="b" * 64, files=files)
    pinned = Fleet(FLEET.site, FLEET.registry, FLEET.standards, Pins(models=models))
    wanted = {host: desired(pinned, host) for host in pinned.site.hosts}
    assert {host: found.source.local for host, found in wanted.items() if found.source.local} == {"barn": True}
    assert [found.state for found in wanted["porch"].sets] == ["stopped"]
    assert wanted["gate"].versions[0].directory == Path("/home/pi/imagenode/models/mobilenet_ssd/2020-12-06")
    face_list = wanted["shed"].face_list
    assert face_list is not None
    assert face_list.version == "2025-02-25"
