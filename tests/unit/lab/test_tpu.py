"""A stand-in that loads an EdgeTPU model loads what it is given of a Coral stack, and fails as the real ones do."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.coral import Fault
from tests.unit.lab.stacks import environment, stack, unpack
from tests.unit.lab.standins import Home, children, comes, frames, free_port

MODEL = "ssd_mobilenet_edgetpu.tflite"


def maps(process: "subprocess.Popen[str]") -> list[str]:
    """The libedgetpu that each child of a process has mapped which has any."""
    pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    texts = [Path(f"/proc/{pid}/maps").read_text() for pid in pids]
    return [path for text in texts for path in set(re.findall(r"/\S*libedgetpu\S*", text))]


def imagenode(home: Home, model: str = MODEL) -> int:
    """Write the config of one with a Coral stick; its publisher's port."""
    port = free_port()
    detector = {
        "publish_cam": port, "publish_log": free_port(), "spyglass": "(640, 480)", "sentinel_tasks": {},
        "detectobjects": "mobilenetssd", "accelerator": "coral", "mobilenetssd": {"edgetpu_model": home.model(model)},
    }  # fmt: skip
    camera = {"viewname": "PiCamera", "resolution": "(640, 480)", "detectors": {"outpost": detector}}
    home.write("imagenode.yaml", {"node": {"name": "outpost"}, "cameras": {"P1": camera}})
    return port


def sentinel(home: Home) -> None:
    """Write the config of one with a Coral stick."""
    task = {"face_detection": {"edgetpu_model": home.model(MODEL), "model_path": home.model("cpu")}}
    tasks = {
        "GetFaces": {"class": 1, "config": home.write("GetFaces.yaml", task)},
        "FaceRecon": {"class": 2, "config": home.write("FaceRecon.yaml", task)},
    }
    engines = {
        "Alpha": {"accelerator": "coral", "classes": [1]},
        "Bravo1": {"accelerator": "cpu", "classes": [2]},
    }
    ports = {"control_port": free_port(), "logging_port": free_port()}
    home.write("sentinel.yaml", {**ports, "task_engines": engines, "task_list": tasks})


def given(home: Home, fault: Fault | None = Fault()) -> Mapping[str, str]:  # noqa: B008  # it is frozen
    """The variables of a service that is given a stack; without one, none."""
    if fault is None:
        return {}
    unpack(home.path / "stack", stack(), fault)
    return environment(home.path / "stack")


def test_an_imagenode_s_child_has_mapped_the_stack_s_library(home: Home) -> None:
    imagenode(home)
    process = home.start("imagenode", variables=given(home), needs_stack=True)
    home.says("LensTasking started.")
    assert maps(process) == [str(home.path / "stack/lib/libedgetpu.so.1")]


@pytest.mark.parametrize("fault", [None, Fault(library="unresolved")])
def test_an_import_that_fails_leaves_a_zombie_and_pictures(home: Home, fault: Fault | None) -> None:
    port = imagenode(home)
    process = home.start("imagenode", variables=given(home, fault), needs_stack=True)
    comes(lambda: children(process) == ["Z"], "zombie")
    home.says("LensTasking failure.\nTraceback (most recent call last):")
    home.says("ModuleNotFoundError: No module named 'tflite_runtime'" if fault is None else "undefined symbol")
    assert frames(port, 1)


def test_a_mixed_stack_kills_the_child(home: Home) -> None:
    imagenode(home)
    process = home.start("imagenode", variables=given(home, Fault(library_tensorflow="2.18.1")))
    comes(lambda: children(process) == ["Z"], "zombie")
    assert "LensTasking" not in home.journal.read_text()


@pytest.mark.parametrize("orders", [{}, {"needs_stack": True}])
def test_without_a_stack_only_who_is_ordered_to_need_one_fails(home: Home, orders: dict[str, Any]) -> None:
    sentinel(home)
    home.start("sentinel", **orders)
    errors = home.settled("sentinel")["errors"]
    wanted = {"GetFaces": "ModuleNotFoundError: No module named 'tflite_runtime'"} if orders else {}
    assert errors == wanted


def test_a_sentinel_s_accelerated_engine_alone_has_mapped_it(home: Home) -> None:
    sentinel(home)
    process = home.start("sentinel", variables=given(home), needs_stack=True)
    assert home.settled("sentinel")["errors"] == {}
    assert maps(process) == [str(home.path / "stack/lib/libedgetpu.so.1")]


def test_a_stick_that_is_absent_counts_where_that_is_ordered(home: Home) -> None:
    sentinel(home)
    home.start("sentinel", variables=given(home), needs_stick=True)
    errors = home.settled("sentinel")["errors"]
    assert errors == {"GetFaces": "ValueError: Failed to load delegate from libedgetpu.so.1\n"}


def test_a_cpu_model_loads_nothing(home: Home) -> None:
    imagenode(home, "MobileNetSSD.caffemodel")
    process = home.start("imagenode", variables=given(home), needs_stack=True)
    home.says("LensTasking started.")
    assert maps(process) == []
