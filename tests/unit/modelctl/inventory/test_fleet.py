"""A fleet's answers, and its groups."""

import json
from pathlib import Path

import pytest

from modelctl.desired.services import service_of
from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet, groups
from modelctl.schema import Datasink
from tests.unit.modelctl.sites import fleet, pinned, site, site_with, site_with_camera


@pytest.mark.parametrize(
    ("host", "versions"),
    [
        ("lab1", {"mobilenet_ssd": "2020-12-06"}),
        ("east", {"mobilenet_ssd_depthai": "2022-04-02"}),
        ("data1", {"face_recognition": "2026-02-02"}),
        ("deepend", {}),
        ("wall1", {}),
    ],
)
def test_versions(host: str, versions: dict[str, str]) -> None:
    assert fleet().versions(host) == versions


def test_sentinel_gets_all_models_and_its_overrides() -> None:
    changed = fleet(site_with("sentinel", model_version_overrides={"face_recognition": "2025-02-25"}))
    current = {name: model.current_version for name, model in changed.registry.artefacts.items()}
    assert changed.versions("sentinel") == current | {"face_recognition": "2025-02-25"}


def test_outpost_without_a_list_gets_the_sites() -> None:
    models = ("mobilenet_ssd", "haarcascades")
    assert tuple(fleet(site(outpost_models=models)).versions("lab1")) == models


def test_hosts_with_a_service_and_with_models() -> None:
    found = fleet()
    assert found.with_service() == [name for name in found.site.hosts if service_of(found, name)]
    assert found.with_models() == ["sentinel", "lab1", "east", "alpha5"]


def test_an_empty_list_is_a_list() -> None:
    changed = site_with_camera("lab1", "P1", detectobjects="motion").hosts["lab1"].model_copy(update={"models": ()})
    assert fleet(site_with("lab1", changed)).versions("lab1") == {}


def test_override_can_name_a_pinned_version() -> None:
    changed = site_with("lab1", model_version_overrides={"mobilenet_ssd": "2026-05-01"})
    assert fleet(changed, pins=pinned(("mobilenet_ssd", "2026-05-01"))).versions("lab1") == {
        "mobilenet_ssd": "2026-05-01"
    }


def test_unpinned() -> None:
    assert fleet().unpinned("alpha5") == [
        "coral_packages/2025-12-19", "mobilenet_ssd/2020-12-06", "mobilenet_ssd_edgetpu/2025-12-19",
    ]  # fmt: skip
    assert fleet(pins=pinned()).unpinned("sentinel") == []


def test_datasink_of_an_outpost() -> None:
    two = site_with("data2", Datasink(address="10.0.0.2")).hosts
    lab1 = two["lab1"].model_copy(update={"datasink": "data2"})
    changed = fleet(site(hosts={**two, "lab1": lab1}))
    assert [changed.datasink_of(changed.host(name)) for name in ("lab1", "east")] == ["data2", "data1"]  # type: ignore[arg-type]


def test_to_json_is_short_and_plain() -> None:
    found = fleet().to_json()
    assert set(found) == {"site", "primary_datasink", "current_versions"}
    assert json.loads(json.dumps(found))["current_versions"]["face_recognition"] == "2026-02-02"


def test_groups() -> None:
    two = fleet(site_with("data2", Datasink(address="10.0.0.2")).model_copy(update={"legacy_nodes": ("east",)}))
    found = groups(two, Path("/site"))
    hosts, data = found.pop("all")
    assert data == {"fleet": two, "site_folder": Path("/site")}
    assert [name for name, _ in hosts] == ["data1", "data2", "sentinel", "lab1", "east", "alpha5", "deepend", "wall1"]
    assert found == {
        "datasinks": ["data1", "data2"],
        "sentinels": ["sentinel"],
        "outposts": ["lab1", "east", "alpha5"],
        "ml_trainers": ["deepend"],
        "watchtowers": ["wall1"],
        "primary_datasink": ["data1"],
        "legacy_nodes": ["east"],
    }


def test_host_data_for_ssh() -> None:
    (hosts, _) = groups(fleet(site(ssh_key="/key", known_hosts="/known")), Path("/site"))["all"]
    assert dict(hosts)["deepend"] == {
        "ssh_hostname": "192.168.10.100",
        "ssh_user": "pyimagesearch",
        "ssh_known_hosts_file": "/known",
        "ssh_strict_host_key_checking": "yes",
        "ssh_key": "/key",
    }
    (hosts, _) = groups(fleet(), Path("/site"))["all"]
    assert "ssh_key" not in dict(hosts)["deepend"]


@pytest.mark.parametrize("home", ["~", "~anna"])
def test_paths_of_the_control_node_may_begin_at_a_home(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """U6: else a folder named ~ would be made here, and the advice would be to trust every host again."""
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setattr("posixpath.expanduser", lambda path: path.replace(home, "/home/anna"))
    found = fleet(site(known_hosts=f"{home}/known", ssh_key=f"{home}/.ssh/key", pull_ca=f"{home}/ca"))
    assert [str(path) for path in (found.site.known_hosts, found.site.ssh_key, found.site.pull_ca)] == [
        "/home/anna/known", "/home/anna/.ssh/key", "/home/anna/ca",
    ]  # fmt: skip
    (hosts, _) = groups(found, Path("/site"))["all"]
    assert dict(hosts)["deepend"]["ssh_known_hosts_file"] == "/home/anna/known"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("~nobody-here/x", "site.ssh_key: found '~nobody-here/x'; allowed: a path; its user has no home here"),
        ("a\0b", "site.ssh_key: found 'a\\x00b'; allowed: a path without a NUL"),
    ],
)
def test_what_is_no_path_of_the_control_node(path: str, line: str) -> None:
    """U6."""
    with pytest.raises(Faults) as caught:
        fleet(site(ssh_key=path))
    assert str(caught.value) == line


def test_fleet_holds_validated_values() -> None:
    assert isinstance(fleet(), Fleet)
    assert fleet().host("data1").address.version == 4


def test_overrides_and_named_versions_of_a_model() -> None:
    own = {"face_recognition": "2026-02-02.10"}
    found = fleet(
        site_with("sentinel", model_version_overrides=own), pins=pinned(("face_recognition", "2026-02-02.10"))
    )
    assert (found.overrides("face_recognition"), found.overrides("haarcascades")) == ({"sentinel": "2026-02-02.10"}, {})
    assert found.referenced_versions("face_recognition") == ["2026-02-02.10", "2026-02-02", "2025-02-25"]
    assert found.referenced_versions("haarcascades") == ["2020-03-25"]
