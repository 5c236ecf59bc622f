"""Every fault of a tree: one line with the path to the bad value, what was found, what is allowed."""

from collections.abc import Callable
from typing import Any

import pytest

from modelctl.errors import Faults
from modelctl.faults import dotted, fault, for_each
from modelctl.inventory.fleet import Fleet
from modelctl.schema import (
    Datasink,
    FaceQuality,
    HealthCheck,
    HealthChecks,
    NeverDelete,
    OakCamera,
    Outpost,
    PiCamera,
    Pins,
    Registry,
    Sentinel,
    Site,
    Standards,
    WebCamera,
)
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.unit.cases import each
from tests.unit.modelctl.sites import fleet, pinned, registry_with, site, site_with, site_with_camera, with_datasink

EIGHT = "face_detection, face_detection_blazeface, face_detection_edgetpu, face_recognition, haarcascades"
MODELS = f"{EIGHT}, mobilenet_ssd, mobilenet_ssd_depthai, mobilenet_ssd_edgetpu, openface_torch"
VERSION = "a real date as YYYY-MM-DD, or YYYY-MM-DD.N with N from 2 for a later one of that day"
HOST = "up to 63 of a-z, 0-9 and -, no - at the ends"


def camera(**changes: Any) -> PiCamera:
    fields = {"viewname": "View", "resolution": (640, 480), "framerate": 30, "detectobjects": "motion"}
    return PiCamera(**{**fields, **changes})


def registry_without(name: str) -> Registry:
    models = {key: model for key, model in REGISTRY.models.items() if key != name}
    return REGISTRY.model_copy(update={"models": models})


CASES: dict[str, tuple[Callable[[], Fleet], str]] = {
    "a check that there is not": (
        lambda: fleet(
            standards=Standards(health_checks=HealthChecks(sentinel=HealthCheck(checks=frozenset({"prot"}))))
        ),
        "standards.health_checks.sentinel.checks.0: found 'prot'; "
        "allowed: answer, files, journal, libraries, pictures, port, restarts, workers; did you mean port?",
    ),
    "unknown field": (
        lambda: fleet(site_with_camera("lab1", "P1", vflp=True)),
        "site.hosts.lab1.cameras.P1.vflp: found True; not a field; allowed: accelerator, confidence, debug_mode, "
        "detectobjects, framerate, interesting_objects, motion_params, resolution, roi, sentinel_tasks, spyglass, "
        "threaded_read, tracker, vflip, viewname; did you mean vflip?",
    ),
    "missing field": (
        lambda: fleet(site_with("new", Sentinel())),  # type: ignore[call-arg]
        "site.hosts.new.address: found nothing; allowed: a value; this field has no default",
    ),
    "no real date": (
        lambda: fleet(registry=registry_with("haarcascades", current_version="2026-02-30")),
        f"registry.models.haarcascades.current_version: found '2026-02-30'; allowed: {VERSION}",
    ),
    "first version of a day has no number": (
        lambda: fleet(site_with("sentinel", model_version_overrides={"haarcascades": "2026-02-02.1"})),
        "site.hosts.sentinel.model_version_overrides.haarcascades: found '2026-02-02.1'; " + f"allowed: {VERSION}",
    ),
    "no address": (
        lambda: fleet(site_with("lab1", address="lab1.local")),
        "site.hosts.lab1.address: found 'lab1.local'; allowed: an IPv4 or IPv6 address",
    ),
    "no type of host": (
        lambda: fleet(site(hosts={**SITE.hosts, "x": "10.0.0.1"})),
        "site.hosts.x: found '10.0.0.1'; allowed: one of the types Datasink, Sentinel, Outpost, Trainer, Watchtower",
    ),
    "host name": (
        lambda: fleet(site(hosts={**SITE.hosts, "Lab 2": Sentinel(address="10.0.0.1")})),
        f"site.hosts.'Lab 2': found 'Lab 2'; allowed: a host name: {HOST}",
    ),
    "choice": (
        lambda: fleet(site_with("sentinel", accelerator="corral")),
        "site.hosts.sentinel.accelerator: found 'corral'; allowed: coral, cpu, ncs2; did you mean coral?",
    ),
    "blazeface full": (
        lambda: fleet(site_with("sentinel", blazeface_variant="full")),
        "site.hosts.sentinel.blazeface_variant: found 'full'; allowed: short",
    ),
    "unknown outpost in a profile": (
        lambda: fleet(site(retention_profiles={"all": NeverDelete(outposts=("lab1", "esat"))})),
        "site.retention_profiles.all.outposts.1: found 'esat'; allowed: alpha5, east, lab1; did you mean east?",
    ),
    "no outpost in a profile": (
        lambda: fleet(site(retention_profiles={"all": NeverDelete(outposts=("sentinel",))})),
        "site.retention_profiles.all.outposts.0: found 'sentinel'; allowed: alpha5, east, lab1",
    ),
    "unknown datasink": (
        lambda: fleet(site_with("lab1", datasink="data9")),
        "site.hosts.lab1.datasink: found 'data9'; allowed: data1",
    ),
    "unknown datasink to clean": (
        lambda: fleet(site_with("sentinel", cleans=("data9",))),
        "site.hosts.sentinel.cleans.0: found 'data9'; allowed: data1",
    ),
    "primary datasink among the further ones": (
        lambda: fleet(site_with("sentinel", cleans=("data1",))),
        "site.hosts.sentinel.cleans.0: found 'data1'; allowed: a further datasink: the primary one is cleaned anyway",
    ),
    "a datasink to clean twice": (
        lambda: fleet(with_datasink("data2", cleans=("data2", "data2"))),
        "site.hosts.sentinel.cleans.1: found 'data2'; allowed: each datasink once",
    ),
    "primary datasink is no datasink": (
        lambda: fleet(site(primary_datasink="sentinel")),
        "site.primary_datasink: found 'sentinel'; allowed: data1",
    ),
    "legacy node is no node": (
        lambda: fleet(site(legacy_nodes=("data1",))),
        "site.legacy_nodes.0: found 'data1'; allowed: alpha5, east, lab1, sentinel",
    ),
    "two hosts at one address": (
        lambda: fleet(site_with("data2", Datasink(address="192.168.10.20"))),
        "site.hosts.data2.address: found '192.168.10.20'; allowed: another one, this is host lab1's",
    ),
    "two hosts with one node name": (
        lambda: fleet(site_with("alpha5", node_name="outpost")),
        "site.hosts.alpha5.node_name: found 'outpost'; allowed: another one, this is host lab1's",
    ),
    "node name of another host": (
        lambda: fleet(site_with("alpha5", node_name="east")),
        "site.hosts.alpha5.node_name: found 'east'; allowed: another one, this is host east's",
    ),
    "two cameras with one view name": (
        lambda: fleet(site_with("lab1", cameras={"P1": camera(), "P2": camera()})),
        "site.hosts.lab1.cameras.P2.viewname: found 'View'; allowed: another name, this is camera P1's",
    ),
    "camera name": (
        lambda: fleet(site_with("lab1", cameras={"P": camera()})),
        "site.hosts.lab1.cameras.P: found 'P'; allowed: a camera name: O, P or W and a number, as in P1",
    ),
    "camera of another kind": (
        lambda: fleet(site_with("lab1", cameras={"W1": camera()})),
        "site.hosts.lab1.cameras.W1: found 'PiCamera'; allowed: WebCamera, as the letter W says",
    ),
    "unknown task": (
        lambda: fleet(site_with_camera("lab1", "P1", sentinel_tasks={"person": "GetFace"})),
        "site.hosts.lab1.cameras.P1.sentinel_tasks.person: found 'GetFace'; allowed: DailyCleanup, FaceDataUpdate, "
        "FaceRecon, FaceSweep, GetFaces, GetFaces2, MeasureRingLatency, MobileNetSSD_allFrames, VehicleSpeed; "
        "did you mean GetFaces?",
    ),
    "override of an unknown model": (
        lambda: fleet(site_with("sentinel", model_version_overrides={"harcascades": "2020-03-25"})),
        "site.hosts.sentinel.model_version_overrides: found 'harcascades'; "
        f"allowed: coral_packages, {MODELS}; did you mean haarcascades?",
    ),
    "override to an unknown version": (
        lambda: fleet(site_with("data1", model_version_overrides={"face_recognition": "2026-02-03"})),
        "site.hosts.data1.model_version_overrides.face_recognition: found '2026-02-03'; allowed: the current, previous "
        "or a pinned version: 2025-02-25, 2026-02-02",
    ),
    "override of a model that the host does not get": (
        lambda: fleet(site_with("lab1", model_version_overrides={"haarcascades": "2020-03-25"})),
        "site.hosts.lab1.model_version_overrides: found 'haarcascades'; "
        "allowed: a model that this host gets: mobilenet_ssd",
    ),
    "model list with an unknown name": (
        lambda: fleet(site_with("alpha5", models=("mobilenet_ssd", "mobilenet_ssd_edgetpu", "mobilenet"))),
        f"site.hosts.alpha5.models.2: found 'mobilenet'; allowed: {MODELS}; did you mean mobilenet_ssd?",
    ),
    "the site's model list with an unknown name": (
        lambda: fleet(site(outpost_models=("mobilenet_ssd", "yolo"))),
        f"site.outpost_models.1: found 'yolo'; allowed: {MODELS}",
    ),
    "model list without what a camera needs": (
        lambda: fleet(site_with("alpha5", models=("mobilenet_ssd",))),
        "site.hosts.alpha5.models: found ['mobilenet_ssd']; "
        "allowed: a list with mobilenet_ssd_edgetpu, which camera P1 needs",
    ),
    "role without a file": (
        lambda: fleet(registry=registry_with("mobilenet_ssd", files={"prototxt": "a.prototxt"})),
        "registry.models.mobilenet_ssd.files.caffemodel: found nothing; "
        "allowed: a file name; configs name the roles caffemodel, prototxt",
    ),
    "linked role without a file": (
        lambda: fleet(registry=registry_with("haarcascades", linked=frozenset({"facelist"}))),
        "registry.models.haarcascades.files.facelist: found nothing; "
        "allowed: a file name; configs name the roles eye",
    ),
    "model that configs name": (
        lambda: fleet(registry=registry_without("openface_torch")),
        "registry.models.openface_torch: found nothing; "
        "allowed: a Model with files for embedder: site.hosts.sentinel needs it",
    ),
    "file name": (
        lambda: fleet(registry=registry_with("haarcascades", files={"eye": "../eye.xml"})),
        "registry.models.haarcascades.files.eye: found '../eye.xml'; allowed: a file name: a letter or digit, "
        "then up to 126 of A-Z, a-z, 0-9 and ._+-, other than manifest.yaml",
    ),
    "previous version is the current one": (
        lambda: fleet(registry=registry_with("haarcascades", previous_version="2020-03-25")),
        "registry.models.haarcascades.previous_version: found '2020-03-25'; "
        "allowed: another version than current_version, or None",
    ),
    "pinned version without a file": (
        lambda: fleet(pins=Pins(models={"haarcascades": {"2020-03-25": {"manifest": "0" * 64, "files": {}}}})),
        "pins.models.haarcascades.2020-03-25.files: found []; "
        "allowed: a table with haarcascade_eye.xml, the file of role eye",
    ),
    "digest": (
        lambda: fleet(pins=Pins(models={"haarcascades": {"2020-03-25": {"manifest": "00", "files": {}}}})),
        "pins.models.haarcascades.2020-03-25.manifest: found '00'; allowed: a SHA-256: 64 of 0-9 and a-f",
    ),
    "unknown field of a pin": (
        lambda: fleet(pins=Pins(models={"x": {"2020-03-25": {"manifest": "0" * 64, "files": {}, "by": "me"}}})),
        "pins.models.x.2020-03-25.by: found 'me'; not a field",
    ),
}  # fmt: skip


@each("name", CASES)
def test_fault(name: str) -> None:
    build, line = CASES[name]
    with pytest.raises(Faults) as caught:
        build()
    assert caught.value.faults == (line,)


def test_all_faults_of_all_trees_at_once() -> None:
    faulty = site(
        primary_datasink="nowhere",
        legacy_nodes=("gone",),
        hosts={
            **SITE.hosts,
            "lab1": Outpost(address="x", datasink="nowhere", cameras={"P1": camera(vflp=1)}),
            "two": Outpost(address="192.168.10.21", datasink="nowhere", cameras={"P1": camera()}),
        },
        retention_profiles={"all": FaceQuality(outposts=("lab1", "gone"), retention_days=1, min_face_ratio=2)},  # type: ignore[call-arg]
    )
    registry = registry_with("haarcascades", current_version="yesterday", files={})
    with pytest.raises(Faults) as caught:
        fleet(faulty, registry, Pins(models={"x": {"2020-03-25": {"manifest": 1}}}))
    assert [line.split(":")[0] for line in caught.value.faults] == [
        "site.hosts.lab1.address",
        "site.hosts.lab1.cameras.P1.vflp",
        "site.retention_profiles.all.confidence_threshold",
        "site.retention_profiles.all.min_face_ratio",
        "registry.models.haarcascades.current_version",
        "registry.models.haarcascades.files",
        "pins.models.x.2020-03-25.manifest",
        "pins.models.x.2020-03-25.files",
        "site.primary_datasink",
        "site.legacy_nodes.0",
        "site.hosts.two.datasink",
        "site.hosts.two.address",
    ]


def test_a_reference_to_something_faulty_is_no_second_fault() -> None:
    profiles = {"all": NeverDelete(outposts=("lab1",))}
    with pytest.raises(Faults) as caught:
        fleet(site_with("lab1", address="x").model_copy(update={"retention_profiles": profiles}))
    assert len(caught.value.faults) == 1


def test_a_site_without_its_base_shows_its_own_faults() -> None:
    with pytest.raises(Faults) as caught:
        fleet(Site(hosts={}, primary_datasink="data1"))  # type: ignore[call-arg]
    assert [line.split(":")[0] for line in caught.value.faults] == ["site.name", "site.hosts"]


def test_a_fault_is_one_short_line_whatever_was_found() -> None:
    with pytest.raises(Faults) as caught:
        fleet(site(hosts={**SITE.hosts, "a\nb" * 1000: Sentinel(address="x\ny" * 1_000_000)}))
    assert len(caught.value.faults) == 2
    assert all("\n" not in line and len(line) < 400 for line in caught.value.faults)


def test_what_was_found_is_shown_whole_when_it_is_not_long() -> None:
    assert fault("path", "x" * 70, "y") == f"path: found '{'x' * 70}'; allowed: y"


def test_dotted_path_quotes_what_is_not_plain() -> None:
    assert dotted(("a", "b c", "d\n")) == "a.'b c'.'d\\n'"


def test_faultless() -> None:
    cameras = {"O1": OakCamera(viewname="A", resolution=(640, 360), framerate=1), "P1": camera(viewname="B"),
               "W1": WebCamera(viewname="C", resolution=(640, 360), framerate=1, detectobjects="motion")}  # fmt: skip
    full = site_with("new", Outpost(address="fd00::1", cameras=cameras, models=("mobilenet_ssd_depthai",)))
    assert fleet(full, pins=pinned()).site.hosts["new"].login == "ops"


def test_the_faults_of_all_are_told_each_once() -> None:
    def make(name: str) -> str:
        if name in "bc":
            raise Faults(["both", name])
        return name.upper()

    assert for_each("ad", make) == {"a": "A", "d": "D"}
    with pytest.raises(Faults) as caught:
        for_each("abcd", make)
    assert caught.value.faults == ("both", "b", "c")
