"""What the real programs end at, or go blind with, is refused: by path, with what they would do."""

from collections.abc import Callable

import pytest

from modelctl.errors import Faults
from modelctl.inventory.hosts import RING_BUFFERS
from modelctl.schema import MotionParams, OakCamera, PinnedFile, Pins, Site, WebCamera
from tests.unit.cases import each
from tests.unit.modelctl.sites import fleet, pinned, site_with, site_with_camera

DETECTORS = "mobilenetssd or motion: without a detector no event is ever recorded"
SIZES = "(640, 480) or (640, 360): the sentinel's tasks fail on other pictures"
MOTION = MotionParams(
    var_threshold=16,
    detect_shadows=False,
    history=500,
    min_contour_width=21,
    min_contour_height=21,
    gaussian_blur=4,
    no_motion_threshold=10,
)
P1, O1, W1 = (f"site.hosts.{place}" for place in ("lab1.cameras.P1", "east.cameras.O1", "lab1.cameras.W1"))


def web(**changes: object) -> Site:
    fields = {"viewname": "Door", "resolution": (640, 480), "framerate": 15, "detectobjects": "motion", **changes}
    return site_with("lab1", cameras={"W1": WebCamera(**fields)})


CASES: dict[str, tuple[Callable[[], Site], str]] = {
    "a Pi camera without a detector": (
        lambda: site_with_camera("lab1", "P1", detectobjects="none"),
        f"{P1}.detectobjects: found 'none'; allowed: {DETECTORS}",
    ),
    "a webcam without a detector": (
        lambda: web(detectobjects="none"),
        f"{W1}.detectobjects: found 'none'; allowed: {DETECTORS}",
    ),
    "a picture that is too large": (
        lambda: site_with_camera("lab1", "P1", resolution=(1280, 720)),
        f"{P1}.resolution: found (1280, 720); allowed: {SIZES}",
    ),
    "a picture that stands upright": (
        lambda: web(resolution=(480, 640)),
        f"{W1}.resolution: found (480, 640); allowed: {SIZES}",
    ),
    "an OAK camera's picture": (
        lambda: site_with_camera("east", "O1", resolution=(640, 480)),
        f"{O1}.resolution: found (640, 480); allowed: (640, 360), the size of what an OAK camera's pipeline makes",
    ),
    "a spyglass that is smaller": (
        lambda: site_with_camera("lab1", "P1", spyglass=(320, 240)),
        f"{P1}.spyglass: found (320, 240); allowed: (640, 480), the picture's, or None: "
        "with another size imagenode publishes no picture",
    ),
    "a spyglass of another ring buffer": (
        lambda: site_with_camera("east", "O1", spyglass=(640, 480)),
        f"{O1}.spyglass: found (640, 480); allowed: (640, 360), the picture's, or None: "
        "with another size imagenode publishes no picture",
    ),
    "an even blur": (
        lambda: site_with_camera("lab1", "P1", motion_params=MOTION),
        f"{P1}.motion_params.gaussian_blur: found 4; allowed: an odd number: with an even one the blur fails at the "
        "first picture, and imagenode publishes none",
    ),
}


@each("name", CASES)
def test_a_camera(name: str) -> None:
    build, line = CASES[name]
    with pytest.raises(Faults) as caught:
        fleet(build())
    assert caught.value.faults == (line,)


def test_all_that_is_wrong_with_a_camera_is_told_at_once() -> None:
    with pytest.raises(Faults) as caught:
        fleet(web(resolution=(1, 1), spyglass=(2, 2), detectobjects="none"))
    assert [line.split(":")[0] for line in caught.value.faults] == [
        f"{W1}.resolution", f"{W1}.spyglass", f"{W1}.detectobjects",
    ]  # fmt: skip


@each("size", RING_BUFFERS.values())
def test_what_the_programs_can_use(size: tuple[int, int]) -> None:
    motion = MOTION.model_copy(update={"gaussian_blur": 5})
    assert fleet(web(resolution=size, spyglass=size, motion_params=motion, detectobjects="motion"))
    oak = OakCamera(viewname="Yard", resolution=(640, 360), framerate=30)
    assert fleet(site_with("east", cameras={"O1": oak}))


def with_size(model: str, name: str, size: int) -> Pins:
    found = pinned()
    [version] = found.models[model]
    pin = found.models[model][version]
    files = {**pin.files, name: PinnedFile(sha256="a" * 64, size=size)}
    found.models[model][version] = pin.model_copy(update={"files": files})
    return found


def test_a_pinned_model_without_a_byte() -> None:
    """S11: pinned by an older release, say."""
    with pytest.raises(Faults) as caught:
        fleet(pins=with_size("haarcascades", "haarcascade_eye.xml", 0))
    assert caught.value.faults == (
        "pins.models.haarcascades.2020-03-25.files.haarcascade_eye.xml.size: found 0; allowed: a file with content; "
        "store the whole file as another version, and name that one",
    )


@each(
    "model, name, size",
    [
        ("haarcascades", "haarcascade_eye.xml", 1),
        ("haarcascades", "notes.txt", 0),  # no config names it
        ("face_recognition", "facelist.csv", 0),  # linked: it grows on the node
        ("face_recognition", "facedata.hdf5", 0),
    ],
)
def test_pinned_files_that_may_be(model: str, name: str, size: int) -> None:
    """S11."""
    assert fleet(pins=with_size(model, name, size)).pin(model, fleet().registry.models[model].current_version)


def test_an_empty_model_that_no_host_gets() -> None:
    """S11: pins are append-only, so it must not stand in the way for ever."""
    found = pinned(("haarcascades", "2026-05-01"))
    pin = found.models["haarcascades"]["2026-05-01"]
    empty = {"haarcascade_eye.xml": PinnedFile(sha256="a" * 64, size=0)}
    found.models["haarcascades"]["2026-05-01"] = pin.model_copy(update={"files": empty})
    assert fleet(pins=found).versions("sentinel")["haarcascades"] == "2020-03-25"
