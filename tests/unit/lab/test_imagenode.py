"""The stand-in of imagenode hides what the real one hides."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cases import each
from tests.unit.lab.standins import Home, children, comes, connects, frames, free_port

PICTURE = "(640, 480)"
PI = "outpost PiCamera|jpg"


def view(name: str, ports: tuple[int, int], model: str | None, **changes: Any) -> dict[str, Any]:
    """One camera's block; an OAK camera's when it has a blob."""
    detector = {
        "publish_cam": ports[0], "publish_log": ports[1], "spyglass": PICTURE, "sentinel_tasks": {},
        "detectobjects": "mobilenetssd" if model else "none", "mobilenetssd": {"model_path": model},
    }  # fmt: skip
    return {"viewname": name, "resolution": PICTURE, "detectors": {"outpost": detector | changes}}


def imagenode(home: Home, model: str | None, **changes: Any) -> tuple[int, int]:
    """Write the config of an imagenode with one camera; its publisher's port and its log's."""
    ports = free_port(), free_port()
    cameras = {"P1": view("PiCamera", ports, model, **changes)}
    home.write("imagenode.yaml", {"node": {"name": "outpost"}, "cameras": cameras})
    return ports


def test_ports_and_pictures_come_before_the_model_is_read(home: Home) -> None:
    model = home.model("a")
    ports = imagenode(home, model)
    process = home.start("imagenode", load_seconds=1.5)
    assert frames(ports[0], 1)[0] == PI
    assert (connects(ports[1]), home.journal.read_text(), home.status("imagenode")) == (True, "", {})
    status = home.settled("imagenode")
    assert set(status["opened"]) == {model, str(home.path / "imagenode.yaml")}
    assert (status["errors"], children(process)) == ({}, ["S"])
    home.says("LensTasking started.")


@each("size, orders", [(None, {}), (3999, {}), (0, {}), (4000, {"dead_child": True})])
def test_a_bad_model_leaves_a_zombie_and_pictures(tmp_path: Path, size: int | None, orders: dict[str, Any]) -> None:
    home = Home(tmp_path)
    try:
        ports = imagenode(home, str(tmp_path / "models" / "missing") if size is None else home.model("a", size))
        process = home.start("imagenode", **orders)
        comes(lambda: children(process) == ["Z"], "zombie")
        home.says("LensTasking failure.\nTraceback (most recent call last):")
        home.says("LensTasking ended with exceptionCount=0.")
        assert home.settled("imagenode")["errors"] == {"PiCamera": "its child has ended"}
        assert frames(ports[0], 0.5)
        assert (children(process), process.poll()) == (["Z"], None)
    finally:
        home.end()


def test_a_child_can_die_later_and_silently(home: Home) -> None:
    imagenode(home, home.model("a"))
    process = home.start("imagenode", zombie_after=0.5)
    home.says("LensTasking started.")
    assert children(process) == ["S"]
    comes(lambda: children(process) == ["Z"], "zombie")
    home.says("LensTasking failure #2.")
    home.says("LensTasking ended with exceptionCount=2.")

    home.end()
    process = home.start("imagenode", zombie_after=0.2, silent_journal=True)
    comes(lambda: children(process) == ["Z"], "zombie")
    assert home.journal.read_text() == ""


@each(
    "changes, orders, logged",
    [
        ({"spyglass": "(320, 240)"}, {}, False),
        ({"motion_params": {"gaussianBlur": 4}}, {}, False),
        ({}, {"camera_fails": True}, False),
        ({}, {"key_error": "viewname"}, True),
    ],
)
def test_a_fault_of_the_main_thread_leaves_ports_without_pictures(
    tmp_path: Path, changes: dict[str, Any], orders: dict[str, Any], logged: bool
) -> None:
    """The journal is silent: only imagenode.log has a cause, and only that of a missing setting."""
    home = Home(tmp_path)
    try:
        (tmp_path / "imagenode.log").unlink(missing_ok=True)
        ports = imagenode(home, home.model("a"), **changes)
        process = home.start("imagenode", **orders)
        comes(lambda: "main" in home.status("imagenode").get("errors", {}), "end of the main thread")
        assert frames(ports[0], 0.6) == []
        assert (process.poll(), children(process), connects(ports[0]), connects(ports[1])) == (None, ["S"], True, True)
        assert home.journal.read_text() in ("", "LensTasking started.\n")
        assert ("KeyError" in (tmp_path / "imagenode.log").read_text()) == logged
        process.terminate()
        assert process.wait(20) == 0
    finally:
        home.end()


def test_a_setting_that_the_program_reads_unasked_is_missed(home: Home) -> None:
    ports = imagenode(home, home.model("a"))
    config = home.path / "imagenode.yaml"
    config.write_text(config.read_text().replace("sentinel_tasks", "tasks"))
    home.start("imagenode")
    comes(lambda: "main" in home.status("imagenode").get("errors", {}), "end of the main thread")
    assert home.status("imagenode")["errors"]["main"] == "KeyError: 'sentinel_tasks'"
    assert connects(ports[0])


@pytest.mark.parametrize("fault", ["blob", "camera"])
def test_an_oak_outpost_ends_well_instead(home: Home, fault: str) -> None:
    blob = home.model("blob", 3999 if fault == "blob" else 4000)
    imagenode(home, None, depthai={"model": blob})
    orders: dict[str, Any] = {"camera_fails": True} if fault == "camera" else {}
    assert home.start("imagenode", **orders).wait(20) == 0


def test_pictures_can_come_late_stop_and_never_come(home: Home) -> None:
    ports = imagenode(home, None)
    for orders in ({"no_frames": True}, {"first_frame_after": 60}, {"frames_stop_after": 0}):
        home.start("imagenode", **orders)
        home.settled("imagenode")
        assert frames(ports[0], 0.6) == []
        home.end()
    home.start("imagenode", first_frame_after=0.3, frames_stop_after=1.5)
    comes(lambda: frames(ports[0], 0.4) != [], "first picture")
    comes(lambda: frames(ports[0], 0.4) == [], "end of the pictures")


def test_two_views_publish_on_one_port_and_one_can_be_silent(home: Home) -> None:
    ports = free_port(), free_port()
    cameras = {name: view(name, ports, home.model(name)) for name in ("Left", "Right")}
    home.write("imagenode.yaml", {"node": {"name": "outpost"}, "cameras": cameras})
    process = home.start("imagenode")
    comes(lambda: set(frames(ports[0], 1)) == {"outpost Left|jpg", "outpost Right|jpg"}, "both views")
    assert children(process) == ["S", "S"]
    home.end()
    home.start("imagenode", silent_view="Left")
    comes(lambda: set(frames(ports[0], 1)) == {"outpost Right|jpg"}, "the other view alone")


def test_its_ports_can_close_although_the_child_has_them_too(home: Home) -> None:
    ports = imagenode(home, home.model("a"))
    process = home.start("imagenode", port_until=0.8)
    comes(lambda: connects(ports[0]), "port open")
    comes(lambda: not connects(ports[0]), "port closed again")
    assert (process.poll(), children(process)) == (None, ["S"])


def test_sigterm_ends_it_and_its_children(home: Home) -> None:
    imagenode(home, home.model("a"))
    process = home.start("imagenode")
    home.settled("imagenode")
    process.terminate()
    assert process.wait(20) == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_deaf_one_has_deaf_children(home: Home) -> None:
    imagenode(home, home.model("a"))
    process = home.start("imagenode", deaf=True)
    home.settled("imagenode")
    os.killpg(process.pid, 15)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.4)
    assert children(process) == ["S"]
