"""What the configs say: equal to the reference for the default site, and by rule for other choices."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelctl.desired import render as rendering
from modelctl.desired.render import render
from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet
from modelctl.schema import DepthAI, FaceConfidence, MinimalRetention, MotionParams, WebCamera
from tests.chandler.inventory.site import SITE
from tests.unit.modelctl.sites import fleet, site, site_with, site_with_camera

EXPECTED = json.loads(Path(__file__).with_name("expected-default.json").read_text(encoding="utf-8"))
CPU = "/home/ops/sentinel/models/face_detection/2020-03-25"


def configs(fleet: Fleet, host: str, home: str = "/home/ops") -> dict[str, Any]:
    """The parsed configs of a host, by their path below the service user's home, as the reference names them."""
    files = [file for file in render(fleet, host) if file.path.suffix == ".yaml"]
    return {
        str(file.path).removeprefix(f"{home}/").removeprefix("sentinel/"): yaml.safe_load(file.content or "")
        for file in files
    }


def detector(fleet: Fleet, host: str, camera: str) -> dict[str, Any]:
    found = configs(fleet, host)["imagenode.yaml"]["cameras"][camera]["detectors"]["outpost"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("host", SITE.hosts)
def test_default_site_equals_the_reference(host: str) -> None:
    assert configs(fleet(), host) == EXPECTED.get(host, {})


def test_the_reference_names_hosts_of_the_default_site_only() -> None:
    assert set(EXPECTED) == {"data1", "sentinel", "lab1", "east", "alpha5"}


def test_each_listed_task_has_its_config() -> None:
    found = {str(file.path) for file in render(fleet(), "sentinel")}
    listed = {task["config"] for task in configs(fleet(), "sentinel")["sentinel.yaml"]["task_list"].values()}
    assert listed == {path for path in found if "/tasks/" in path}


@pytest.mark.parametrize(
    ("changes", "edgetpu", "target"),
    [
        ({}, "face_detection_edgetpu/2025-12-19/ssd_mobilenet_v2_face_quant_postprocess_edgetpu.tflite", "cpu"),
        ({"face_model": "blazeface"}, "face_detection_blazeface/2026-01-02/face_detection_short_range.tflite", "cpu"),
        ({"accelerator": "cpu"}, None, "cpu"),
        ({"accelerator": "cpu", "face_model": "blazeface"}, None, "cpu"),
        ({"accelerator": "ncs2"}, None, "myriad"),
    ],
)
def test_get_faces_by_accelerator_and_face_model(changes: dict[str, Any], edgetpu: str | None, target: str) -> None:
    found = configs(fleet(site_with("sentinel", **changes)), "sentinel")
    edgetpu_model = {"edgetpu_model": f"/home/ops/sentinel/models/{edgetpu}"} if edgetpu else {}
    assert found["tasks/GetFaces.yaml"]["face_detection"] == {
        "confidence": 0.5,
        "prototxt_path": f"{CPU}/deploy.prototxt",
        "model_path": f"{CPU}/res10_300x300_ssd_iter_140000.caffemodel",
        "target": target,
        **edgetpu_model,
    }
    all_frames, latency = (
        found[f"tasks/{task}.yaml"]["mobilenetssd"] for task in ("MobileNetSSD_allFrames", "MeasureRingLatency")
    )
    assert (all_frames["target"], latency) == (target, all_frames)
    engines = found["sentinel.yaml"]["task_engines"]
    first = changes.get("accelerator", "coral")
    assert [engine["accelerator"] for engine in engines.values()] == [first, "cpu", "cpu"]


@pytest.mark.parametrize(
    ("changes", "confidence"),
    [({}, 0.1), ({"face_model": "blazeface"}, 0.2), ({"accelerator": "cpu"}, 0.3), ({"accelerator": "ncs2"}, 0.4)],
)
def test_confidence_is_per_kind_of_face_detector(changes: dict[str, Any], confidence: float) -> None:
    kinds = FaceConfidence(ssd_mobilenet=0.1, blazeface=0.2, cpu=0.3, ncs2=0.4)
    found = configs(fleet(site_with("sentinel", face_confidence=kinds, **changes)), "sentinel")
    assert found["tasks/GetFaces.yaml"]["face_detection"]["confidence"] == confidence


def test_overrides_hold_on_their_host_and_its_alone() -> None:
    changed = fleet(site_with("sentinel", model_version_overrides={"face_recognition": "2025-02-25"}))
    recon = configs(changed, "sentinel")["tasks/FaceRecon.yaml"]
    assert recon["facemodel"] == "/home/ops/sentinel/models/face_recognition/2025-02-25/facemodel.pickle"
    assert configs(changed, "data1") == EXPECTED["data1"]


@pytest.mark.parametrize("host", ["sentinel", "lab1", "east", "alpha5"])
def test_legacy_node_lives_in_another_home_but_the_datasink_does_not(host: str) -> None:
    changed = fleet(site(legacy_nodes=(host,)))
    expected = json.loads(json.dumps(EXPECTED[host]).replace("/home/ops", "/home/pi"))
    assert configs(changed, host, home="/home/pi") == expected
    assert {file.owner for file in render(changed, host)} == {"root", "pi"}
    assert configs(changed, "data1") == EXPECTED["data1"]


@pytest.mark.parametrize(
    ("host_debug", "camera_debug", "level"),
    [(False, False, "INFO"), (True, False, "DEBUG"), (False, True, "DEBUG"), (True, True, "DEBUG")],
)
def test_log_level_of_a_camera(host_debug: bool, camera_debug: bool, level: str) -> None:
    lab1 = site_with_camera("lab1", "P1", debug_mode=camera_debug).hosts["lab1"]
    changed = fleet(site_with("lab1", lab1.model_copy(update={"debug_mode": host_debug})))
    logconfig = detector(changed, "lab1", "P1")["logconfig"]
    assert (logconfig["handlers"]["zmq"]["level"], logconfig["root"]["level"]) == (level, level)


@pytest.mark.parametrize(
    ("host", "config", "handler"), [("sentinel", "sentinel.yaml", "zmq"), ("data1", "datapump.yaml", "file")]
)
def test_log_level_of_a_host(host: str, config: str, handler: str) -> None:
    logconfig = configs(fleet(site_with(host, debug_mode=True)), host)[config]["logconfig"]
    assert (logconfig["handlers"][handler]["level"], logconfig["root"]["level"]) == ("DEBUG", "DEBUG")


@pytest.mark.parametrize(("accelerator", "target"), [("none", "cpu"), ("ncs2", "myriad")])
def test_mobilenetssd_without_coral_names_the_cpu_files(accelerator: str, target: str) -> None:
    found = detector(fleet(site_with_camera("lab1", "P1", accelerator=accelerator)), "lab1", "P1")
    assert found["accelerator"] == accelerator
    assert found["mobilenetssd"] == EXPECTED["lab1"]["imagenode.yaml"]["cameras"]["P1"]["detectors"]["outpost"][
        "mobilenetssd"
    ] | {"target": target}


def test_optional_settings_of_a_camera() -> None:
    motion = MotionParams(
        var_threshold=16.5,
        detect_shadows=False,
        history=500,
        min_contour_width=21,
        min_contour_height=22,
        gaussian_blur=5,
        no_motion_threshold=10,
    )
    changes = {"roi": ((5, 10), (95, 90)), "motion_params": motion, "spyglass": (640, 480), "detectobjects": "motion"}
    found = detector(fleet(site_with_camera("lab1", "P1", interesting_objects=("on", "cat"), **changes)), "lab1", "P1")
    assert found["ROI"] == "(5, 10), (95, 90)"
    assert found["spyglass"] == "(640, 480)"
    assert found["interesting_objects"] == ["on", "cat"]
    assert "mobilenetssd" not in found
    assert found["motion_params"] == {
        "varThreshold": 16.5,
        "detectShadows": False,
        "history": 500,
        "minContourW": 21,
        "minContourH": 22,
        "gaussianBlur": 5,
        "noMotionThreshold": 10,
    }


def test_webcam_has_neither_a_pi_cameras_nor_an_oaks_settings() -> None:
    webcam = WebCamera(viewname="Door", resolution=(640, 480), framerate=15, detectobjects="motion")
    found = configs(fleet(site_with("lab1", cameras={"W1": webcam})), "lab1")["imagenode.yaml"]["cameras"]["W1"]
    assert set(found) == {"viewname", "resolution", "framerate", "detectors"}
    outpost = found["detectors"]["outpost"]
    assert set(outpost) == {
        "publish_cam", "publish_log", "logconfig", "spyglass", "detectobjects", "accelerator", "tracker",
        "sentinel_tasks",
    }  # fmt: skip
    assert (outpost["accelerator"], outpost["spyglass"]) == ("none", "(640, 480)")


def test_sentinel_tasks_are_written_also_where_there_are_none() -> None:
    """imagenode reads them unasked, and ends with a KeyError where the key is not there."""
    for host, camera in (("lab1", "P1"), ("east", "O1")):
        assert detector(fleet(site_with_camera(host, camera, sentinel_tasks={})), host, camera)["sentinel_tasks"] == {}


def test_pi_camera_carries_what_is_set() -> None:
    changed = fleet(site_with_camera("lab1", "P1", vflip=True, threaded_read=True))
    camera = configs(changed, "lab1")["imagenode.yaml"]["cameras"]["P1"]
    assert (camera["vflip"], camera["threaded_read"]) == (True, True)


def test_oak_camera_without_encoder_has_none() -> None:
    pipeline = DepthAI(pipeline="Other", images="i", jpegs="j", neural_nets={"Q2": "n"})
    found = detector(fleet(site_with_camera("east", "O1", encoder=None, depthai=pipeline)), "east", "O1")
    blob = EXPECTED["east"]["imagenode.yaml"]["cameras"]["O1"]["detectors"]["outpost"]["depthai"]["model"]
    assert "encoder" not in found
    assert found["depthai"] == {
        "pipeline": "Other",
        "model": blob,
        "images": "i",
        "jpegs": "j",
        "neural_nets": {"Q2": "n"},
    }


def test_heartbeat_of_an_outpost() -> None:
    assert configs(fleet(site_with("lab1", heartbeat=30)), "lab1")["imagenode.yaml"]["node"]["heartbeat"] == 30


def test_minimal_retention_can_list_outposts() -> None:
    profiles = {"short": MinimalRetention(retention_days=1, outposts=("lab1",))}
    found = configs(fleet(site(retention_profiles=profiles)), "sentinel")["tasks/DailyCleanup.yaml"]
    assert found["retention_profiles"] == {
        "short": {"strategy": "minimal_retention", "retention_days": 1, "nodes": ["outpost"]}
    }


def test_a_site_without_profiles_has_an_empty_table() -> None:
    found = configs(fleet(site(retention_profiles={}, run_deletes=False)), "sentinel")["tasks/DailyCleanup.yaml"]
    assert found == {"run_deletes": False, "max_scan_days": 14, "retention_profiles": {}}


words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,20}", fullmatch=True)


@given(viewname=words, objects=st.lists(words, max_size=3), labels=st.dictionaries(words, st.just("GetFaces2")))
def test_words_come_back_from_yaml_as_they_went_in(viewname: str, objects: list[str], labels: dict[str, str]) -> None:
    changes = {"viewname": viewname, "interesting_objects": tuple(objects), "sentinel_tasks": labels}
    changed = fleet(site_with_camera("lab1", "P1", **changes))
    assert configs(changed, "lab1")["imagenode.yaml"]["cameras"]["P1"]["viewname"] == viewname
    found = detector(changed, "lab1", "P1")
    assert (found.get("interesting_objects", []), found["sentinel_tasks"]) == (objects, labels)


@pytest.mark.parametrize(
    ("template", "line"),
    [
        (
            "x: {{ model('mobilenet_ssd', 'model') }}",
            "registry.models.mobilenet_ssd.files: found 'model'; allowed: caffemodel, prototxt",
        ),
        (
            "x: {{ model('harcascades', 'eye') }}",
            "site.hosts.lab1: model in a config: found 'harcascades'; "
            "allowed: a model that this host gets: mobilenet_ssd",
        ),
        ("x: {{ nonsense }}", "templates/imagenode/imagenode.yaml.j2: UndefinedError: 'nonsense' is undefined"),
        (
            "x: {% if %}",
            "templates/imagenode/imagenode.yaml.j2: TemplateSyntaxError: Expected an expression, got ",
        ),
        ("x: [", "templates/imagenode/imagenode.yaml.j2: while parsing a flow node"),
    ],
)
def test_faulty_template(template: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "imagenode"
    folder.mkdir()
    (folder / "imagenode.service.j2").write_text("", encoding="utf-8")
    (folder / "imagenode.yaml.j2").write_text(template, encoding="utf-8")
    monkeypatch.setattr(rendering, "TEMPLATES", tmp_path)
    rendering.environment.cache_clear()
    try:
        with pytest.raises(Faults) as caught:
            render(fleet(), "lab1")
    finally:
        rendering.environment.cache_clear()
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].startswith(line)
