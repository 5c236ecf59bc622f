"""What a change of a model's version would do, asked of the hosts that it moves."""

import json
import subprocess

import pytest

from modelctl.changes import ancestry, preview
from modelctl.changes.ancestry import Newer
from modelctl.changes.preview import HostPreview
from modelctl.desired.desired_state import desired
from modelctl.errors import Faults, OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote
from modelctl.product import CHECKOUT
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.unit.modelctl.fake_changes import MODEL, NEW, OLD, FakeHosts, service
from tests.unit.modelctl.sites import fleet, pinned, registry_with, site, site_with

PINS = pinned((MODEL, OLD), ("mobilenet_ssd", "2019-01-01"))


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    hosts = FakeHosts()
    monkeypatch.setattr(remote, "run", hosts.run)
    return hosts


def after(model: str = MODEL, version: str = OLD) -> Fleet:
    return fleet(registry=registry_with(model, current_version=version, previous_version=None), pins=PINS)


def look(before: Fleet, after: Fleet, model: str) -> tuple[HostPreview, ...]:
    return preview.look(before, after, model, CHECKOUT)


def test_each_host_that_moves_is_asked(hosts: FakeHosts) -> None:
    hosts.previews = {
        "data1": '{"bytes": 7, "unlocked": [2, 3], "newer": 1, "chosen": {}}',
        "sentinel": '{"bytes": 0, "unlocked": [], "chosen": {}}',
    }
    assert look(fleet(pins=PINS), after(), MODEL) == (
        HostPreview("data1", NEW, OLD, ("datapump",), 7, 5),
        HostPreview("sentinel", NEW, OLD, ("sentinel",), 0, 0),
    )
    assert sorted(host for host, _ in hosts.asked) == ["data1", "sentinel"]


def test_what_the_hosts_are_asked(hosts: FakeHosts) -> None:
    look(fleet(pins=PINS), after(), MODEL)
    asked = {host: json.loads(message) for host, message in hosts.asked}
    [version] = asked["sentinel"]["versions"]
    assert (version["model"], version["version"]) == (MODEL, OLD)
    assert {each["name"] for each in version["files"]} == set(REGISTRY.models[MODEL].files.values())
    assert (asked["sentinel"]["face_lists"], asked["sentinel"]["registry"]) == ([], None)
    [listed] = asked["data1"]["face_lists"]
    assert (listed["version"], asked["data1"]["versions"]) == (OLD, [])
    assert asked["data1"]["registry"] == "/home/ops/sentinelcam/model_registry"
    assert [path.rsplit("/")[-1] for path in asked["data1"]["configs"]].count("datapump.yaml") == 1


def test_a_count_that_a_host_does_not_know(hosts: FakeHosts) -> None:
    hosts.previews = {"data1": '{"bytes": 7, "unlocked": [2, null]}', "sentinel": ""}
    data1, sentinel = look(fleet(pins=PINS), after(), MODEL)
    assert (data1.size, data1.unlocked) == (7, None)
    assert (sentinel.size, sentinel.unlocked) == (None, None)  # an older program


@pytest.mark.parametrize("program", ["this", "an older one", "one that knows no preview"])
def test_a_host_that_a_newer_checkout_switched(hosts: FakeHosts, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """H11: an older program tells the commit with its status."""
    monkeypatch.setattr(ancestry, "contains", lambda _, commit: commit != "1" * 40)
    before = fleet(pins=PINS)
    [wanted] = desired(before, "sentinel").sets
    chosen = {"sentinel": {"digest": wanted.digest, "commit": "1" * 40}}
    hosts.previews["data1"] = json.dumps({"bytes": 0, "unlocked": [0], "chosen": {}})
    if program == "this":
        hosts.previews["sentinel"] = json.dumps({"bytes": 0, "unlocked": [], "chosen": chosen})
    else:
        hosts.previews["sentinel"] = '{"bytes": 0, "unlocked": []}' if program == "an older one" else ""
        hosts.statuses["sentinel"] = [service("sentinel", chosen=wanted.digest, commit="1" * 40)]
    data1, sentinel = look(before, after(), MODEL)
    assert data1.newer is None
    said = f"sentinel was switched by commit {'1' * 12}, which this checkout does not contain"
    assert sentinel.newer == Newer("sentinel", said, is_wanted=True)


def test_a_host_that_gives_no_answer_cannot_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> "subprocess.CompletedProcess[str]":
        raise remote.NoAnswer("sentinel is away")

    monkeypatch.setattr(remote, "run", gone)
    with pytest.raises(OperatorError, match="sentinel is away"):
        look(fleet(pins=PINS), after(), MODEL)


def test_overrides_do_not_move() -> None:
    before = fleet(site=site_with("lab1", model_version_overrides={"mobilenet_ssd": "2020-12-06"}), pins=PINS)
    moved = Fleet(before.site, registry_with("mobilenet_ssd", current_version="2019-01-01"), before.standards, PINS)
    found = look(before, moved, "mobilenet_ssd")
    names = [each.host for each in found]
    assert "lab1" not in names
    assert names == [name for name in SITE.hosts if name in names]
    assert "alpha5" in names
    assert {each.host: each.restarts for each in found}["alpha5"] == ()  # its cameras use another one
    plain = fleet(pins=PINS)
    all_of_them = look(plain, after("mobilenet_ssd", "2019-01-01"), "mobilenet_ssd")
    assert {each.host: each.restarts for each in all_of_them}["lab1"] == ("imagenode",)
    assert look(before, before, "mobilenet_ssd") == ()


def test_hosts_are_in_the_site_s_order() -> None:
    hosts = {**SITE.hosts, "data2": SITE.hosts["data1"].model_copy(update={"address": "192.168.10.51"})}
    more = site(hosts=hosts)
    found = look(
        fleet(site=more, pins=PINS),
        fleet(site=more, registry=after().registry, pins=PINS),
        MODEL,
    )
    assert [each.host for each in found] == ["data1", "sentinel", "data2"]


def test_what_no_pin_covered_before_is_moved_all_the_same() -> None:
    before = fleet(registry=registry_with(MODEL, current_version="2026-03-03", previous_version=None), pins=PINS)
    assert [(each.before, each.restarts) for each in look(before, after(), MODEL)] == [
        ("2026-03-03", ("datapump",)),
        ("2026-03-03", ("sentinel",)),
    ]


def test_a_version_that_no_pin_covers() -> None:
    preview.require_pinned(fleet(pins=PINS), MODEL, OLD)
    with pytest.raises(OperatorError) as caught:
        preview.require_pinned(fleet(pins=PINS), MODEL, "2025-02-26")
    assert str(caught.value) == (
        f"VERSION: found '2025-02-26'; allowed: a pinned version of {MODEL}: {OLD}, {NEW}; "
        f"one that is stored: modelctl pin {MODEL} 2025-02-26"
    )
    with pytest.raises(OperatorError, match="none, there are none yet"):
        preview.require_pinned(fleet(), MODEL, OLD)


def test_a_version_that_is_stored_otherwise(hosts: FakeHosts) -> None:
    """These pins are of other manifests than those that are stored."""
    with pytest.raises(Faults) as caught:
        preview.require_stored(fleet(pins=PINS), MODEL, OLD)
    [line] = caught.value.faults
    assert line.startswith(f"data1: {MODEL}/{OLD}: found manifest ")
    assert line.endswith(", which is not the pinned one; restore it there, or choose another version")
    hosts.stored = {"others": {"x": "a link", "y": "a folder"}}
    with pytest.raises(Faults) as caught:
        preview.require_stored(fleet(pins=PINS), MODEL, OLD)
    assert [each.rpartition(": ")[2] for each in caught.value.faults] == [
        "x (a link); restore it there, or choose another version",
        "y (a folder); restore it there, or choose another version",
    ]
