"""What one host should hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelctl.desired.desired_state import _digest, desired
from modelctl.errors import Faults
from modelctl.schema import Datasink, HealthCheck, HealthChecks, Host, Sentinel, Standards
from node import protocol
from node.desired_state import DesiredState, Source
from node.store.service_set import HealthCheck as SetGate
from node.store.service_set import Link, Named, ServiceSet
from tests.unit.modelctl.sites import fleet, pinned, registry_with, site, site_with

FLEET = fleet(pins=pinned(("face_recognition", "2025-02-25"), ("haarcascades", "2026-05-01")))
ALL_MODELS = sorted(FLEET.registry.models)


def service_set(host: str, changes: dict[str, Any]) -> ServiceSet:
    return desired(fleet(site_with(host, **changes), pins=FLEET.pins), host).sets[0]


def test_sentinel_gets_every_model_in_its_folder() -> None:
    found = desired(FLEET, "sentinel")
    assert [version.model for version in found.versions] == ALL_MODELS
    assert [version.directory for version in found.versions] == [
        Path(f"/home/ops/sentinel/models/{version.model}/{version.version}") for version in found.versions
    ]


@pytest.mark.parametrize(
    ("host", "models"),
    [
        ("lab1", ["mobilenet_ssd"]),
        ("east", ["mobilenet_ssd_depthai"]),
        ("alpha5", ["mobilenet_ssd", "mobilenet_ssd_edgetpu"]),
        ("data1", []),
        ("deepend", []),
        ("wall1", []),
    ],
)
def test_versions_of_other_hosts(host: str, models: list[str]) -> None:
    found = desired(FLEET, host)
    assert [version.model for version in found.versions] == models
    assert all(Path("/home/ops/imagenode/models") in version.directory.parents for version in found.versions)


def test_wanted_version_is_what_its_pin_says() -> None:
    (found,) = (version for version in desired(FLEET, "sentinel").versions if version.model == "face_recognition")
    pin = FLEET.pins.models["face_recognition"]["2026-02-02"]
    assert found.manifest == pin.manifest
    assert {file.name: (file.sha256, file.size) for file in found.files} == {
        name: (file.sha256, file.size) for name, file in pin.files.items()
    }
    assert [file.name for file in found.files] == sorted(pin.files)


def test_linked_files_belong_to_the_sentinel_alone() -> None:
    linked = {file.name for version in desired(FLEET, "sentinel").versions for file in version.files if file.linked}
    assert linked == {"facelist.csv", "facedata.hdf5"}
    named = {str(file.path) for file in desired(FLEET, "sentinel").sets[0].named_files if file.linked}
    folder = "/home/ops/sentinel/models/face_recognition/2026-02-02"
    assert named == {f"{folder}/facelist.csv", f"{folder}/facedata.hdf5"}
    face_list = desired(FLEET, "data1").face_list
    assert face_list is not None
    assert not any(file.linked for file in face_list.files)
    assert [file.linked for file in desired(FLEET, "data1").sets[0].named_files] == [False]


def test_every_datasink_gets_the_face_list() -> None:
    two = fleet(site_with("data2", Datasink(address="10.0.0.2")), pins=FLEET.pins)
    for host in ("data1", "data2"):
        face_list = desired(two, host).face_list
        assert face_list is not None
        assert face_list.directory == Path("/home/ops/sentinelcam/face_recognition")
        assert (face_list.model, face_list.version) == ("face_recognition", "2026-02-02")
        assert [file.name for file in face_list.files] == ["facedata.hdf5", "facelist.csv"]
    assert desired(two, "sentinel").face_list is None


def test_named_files_carry_their_pinned_digest() -> None:
    path = Path("/home/ops/sentinelcam/face_recognition/facelist_2026-02-02.csv")
    pin = FLEET.pins.models["face_recognition"]["2026-02-02"]
    assert desired(FLEET, "data1").sets[0].named_files == [Named(path, pin.files["facelist.csv"].sha256, linked=False)]


def test_set_has_the_versions_that_its_configs_name_and_no_others() -> None:
    assert desired(FLEET, "sentinel").sets[0].models.keys() == {*ALL_MODELS, "coral_packages"} - {
        "face_detection_blazeface",
        "mobilenet_ssd_depthai",
    }
    found = desired(FLEET, "data1").sets[0]
    manifest = FLEET.pins.models["face_recognition"]["2026-02-02"].manifest
    assert (found.models, found.manifests) == ({"face_recognition": "2026-02-02"}, {"face_recognition": manifest})


@pytest.mark.parametrize(
    ("host", "service", "port", "timers", "count"),
    [
        ("sentinel", "sentinel", 5566, ["sentinel_cleanup.timer"], 12),
        ("lab1", "imagenode", None, [], 2),
        ("data1", "datapump", None, [], 2),
    ],
)
def test_service_set(host: str, service: str, port: int | None, timers: list[str], count: int) -> None:
    (found,) = desired(FLEET, host).sets
    assert (found.service, found.unit, found.work.asked, found.timers, found.state, len(found.files)) == (
        service, f"{service}.service", port, timers, "running", count,
    )  # fmt: skip


@pytest.mark.parametrize("host", ["deepend", "wall1"])
def test_hosts_without_a_service_of_ours(host: str) -> None:
    found = desired(FLEET, host)
    assert (found.folders, found.sets, found.face_list) == ([], [], None)


def test_digest_changes_with_what_a_service_starts_from_and_not_with_its_state() -> None:
    before = service_set("sentinel", {}).digest
    assert service_set("sentinel", {"service": "stopped"}).digest == before
    assert service_set("sentinel", {"model_version_overrides": {"haarcascades": "2026-05-01"}}).digest != before
    assert service_set("sentinel", {"debug_mode": True}).digest != before


def test_the_link_to_the_face_list_moves_with_the_set_that_reads_it() -> None:
    older = registry_with("face_recognition", current_version="2025-02-25", previous_version=None)
    link = Path("/home/ops/sentinelcam/face_recognition/facelist_current.csv")
    now, then = (desired(each, "data1").sets[0] for each in (FLEET, fleet(registry=older, pins=FLEET.pins)))
    assert (now.links, then.links) == ([Link(link, "facelist_2026-02-02.csv")], [Link(link, "facelist_2025-02-25.csv")])
    assert _digest(now._replace(links=then.links)) != now.digest
    assert [desired(FLEET, host).sets[0].links for host in ("sentinel", "lab1")] == [[], []]


def test_a_set_has_the_health_check_of_its_service() -> None:
    health_checks = HealthChecks(
        imagenode=HealthCheck(writer_timeout=5, start_timeout=30, settle_time=2, checks=frozenset({"port", "files"}))
    )
    changed = fleet(pins=FLEET.pins, standards=Standards(health_checks=health_checks))
    assert desired(changed, "lab1").sets[0].health_check == SetGate(5, 30, 2, 0, ["files", "port"])
    assert desired(changed, "sentinel").sets[0].health_check == SetGate(
        120, 120, 20, 0, ["answer", "files", "journal", "libraries", "pictures", "port", "restarts", "workers"]
    )
    assert desired(changed, "lab1").sets[0].digest == desired(FLEET, "lab1").sets[0].digest


def test_digest_changes_with_a_manifest() -> None:
    other = FLEET.pins.model_copy(deep=True)
    pin = other.models["haarcascades"]["2020-03-25"]
    other.models["haarcascades"]["2020-03-25"] = pin.model_copy(update={"manifest": "f" * 64})
    sets = [desired(fleet(pins=pins), "sentinel").sets[0] for pins in (FLEET.pins, other)]
    assert sets[0].files == sets[1].files
    assert sets[0].digest != sets[1].digest


def test_a_version_that_no_config_names_changes_no_set() -> None:
    registry = registry_with("mobilenet_ssd_depthai", current_version="2026-05-01")
    changed = fleet(registry=registry, pins=pinned(("mobilenet_ssd_depthai", "2026-05-01")))
    assert desired(changed, "sentinel").sets[0].digest == desired(FLEET, "sentinel").sets[0].digest


@pytest.mark.parametrize("state", ["running", "stopped", "disabled"])
def test_state_is_the_hosts(state: str) -> None:
    assert service_set("lab1", {"service": state}).state == state


@pytest.mark.parametrize(
    ("host", "folders"),
    [
        ("sentinel", "sentinel sentinel/models sentinel/tasks sentinel/sockets"),
        ("lab1", "imagenode imagenode/models"),
        (
            "data1",
            "sentinelcam sentinelcam/logs sentinelcam/images sentinelcam/camwatcher sentinelcam/face_recognition "
            "sentinelcam/model_registry",
        ),
    ],
)
def test_folders_with_their_parents_first(host: str, folders: str) -> None:
    """U4: the registry's too, on the primary datasink."""
    assert desired(FLEET, host).folders == [Path("/home/ops", folder) for folder in folders.split()]


def test_legacy_node() -> None:
    found = desired(fleet(site(legacy_nodes=("lab1",)), pins=FLEET.pins), "lab1")
    assert found.user == "pi"
    assert found.folders[1] == Path("/home/pi/imagenode/models")
    assert found.versions[0].directory == Path("/home/pi/imagenode/models/mobilenet_ssd/2020-12-06")
    assert found.source.registry == Path("/home/ops/sentinelcam/model_registry")


def test_all_pull_from_the_primary_datasink() -> None:
    hosts: dict[str, Host] = {
        "data1": Datasink(address="10.0.0.1"),
        "data2": Datasink(address="10.0.0.2", login="boss"),
        "sentinel": Sentinel(address="10.0.0.3"),
    }
    two = fleet(site(hosts=hosts, primary_datasink="data2", retention_profiles={}), pins=FLEET.pins)
    for host in hosts:
        registry = Path("/home/ops/sentinelcam/model_registry")
        assert desired(two, host).source == Source("data2", "10.0.0.2", "boss", registry, local=host == "data2")


def test_unpinned_versions_are_refused_by_name() -> None:
    with pytest.raises(Faults) as caught:
        desired(fleet(), "alpha5")
    assert caught.value.faults == (
        "alpha5: wants coral_packages/2025-12-19, which no pin covers; download it: modelctl coral download, "
        "then pin it: modelctl coral pin",
        "alpha5: wants mobilenet_ssd/2020-12-06, which no pin covers; pin it: modelctl pin",
        "alpha5: wants mobilenet_ssd_edgetpu/2025-12-19, which no pin covers; pin it: modelctl pin",
    )


@pytest.mark.parametrize("host", FLEET.site.hosts)
def test_all_of_it_is_plain_data(host: str) -> None:
    """A node reads the same."""
    found = desired(FLEET, host)
    sent = protocol.dumps(found)
    assert json.loads(sent)["host"] == host
    assert protocol.loads(DesiredState, sent) == found
