"""What hosts run compared with what is wanted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelctl.errors import Faults, OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.reports import status
from modelctl.reports.registry_state import RegistryState
from modelctl.reports.status import FleetStatus, HostStatus, ServiceStatus, Versions
from node import codec
from tests.unit.modelctl.fake_nodes import ENTRY, MARK, OLD, FakeNodes
from tests.unit.modelctl.sites import fleet, pinned, site_with

FLEET = fleet(pins=pinned())
SERVED = ["data1", "sentinel", "lab1", "east", "alpha5"]


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    return FakeNodes(FLEET, tmp_path, monkeypatch)


def host_status(host: str = "lab1", asked: Fleet = FLEET) -> HostStatus:
    return status.look(asked, status.wanted_sets(asked, [host]))[host]


def lab1(asked: Fleet = FLEET) -> ServiceStatus:
    return host_status(asked=asked).services["imagenode"]


def is_ok(found: Mapping[str, HostStatus]) -> bool:
    return FleetStatus(found, RegistryState(), None).is_ok


def wanting(**changes: Any) -> Fleet:
    return fleet(site_with("lab1", **changes), pins=pinned(("mobilenet_ssd", "2026-05-01")))


class TestChoice:
    def test_all_hosts_that_have_a_service(self) -> None:
        assert status.choose(FLEET, []) == SERVED

    def test_hosts_by_name_each_once_in_the_order_typed(self) -> None:
        assert status.choose(FLEET, ["sentinel", "data1", "sentinel"]) == ["sentinel", "data1"]

    def test_hosts_that_cannot_be_asked_are_all_named(self) -> None:
        with pytest.raises(Faults) as caught:
            status.choose(FLEET, ["lab2", "data1", "wall1"])
        assert caught.value.faults == (
            "HOST: found 'lab2'; allowed: alpha5, data1, east, lab1, sentinel",
            "HOST: found 'wall1'; allowed: alpha5, data1, east, lab1, sentinel",
        )

    def test_versions_without_pins_of_all_hosts(self) -> None:
        with pytest.raises(Faults) as caught:
            status.wanted_sets(fleet(), ["lab1", "east"])
        assert [fault.partition(";")[0] for fault in caught.value.faults] == [
            "lab1: wants mobilenet_ssd/2020-12-06, which no pin covers",
            "east: wants mobilenet_ssd_depthai/2022-04-02, which no pin covers",
        ]


class TestSettled:
    def test_every_host_is_well(self, nodes: FakeNodes) -> None:
        found = status.look(FLEET, status.wanted_sets(FLEET, SERVED))
        assert list(found) == SERVED
        assert is_ok(found)
        assert nodes.ssh.addresses() == {nodes.address(host) for host in SERVED}
        assert {host: list(each.services) for host, each in found.items()} == {
            "data1": ["datapump"], "sentinel": ["sentinel"],
            "lab1": ["imagenode"], "east": ["imagenode"], "alpha5": ["imagenode"],
        }  # fmt: skip

    def test_a_service_that_is_as_wanted(self, nodes: FakeNodes) -> None:
        found, wanted = lab1(), nodes.wanted("lab1")
        assert (found.wanted, found.chosen, found.running) == (wanted, wanted, wanted)
        assert found.models == {"mobilenet_ssd": Versions("2020-12-06", "2020-12-06", override=False)}
        assert (found.health, found.drift, found.pending) == (None, (), None)

    @pytest.mark.parametrize("wanted", ["stopped", "disabled"])
    def test_a_service_that_should_not_run_and_does_not(self, nodes: FakeNodes, wanted: str) -> None:
        nodes.change("lab1", active=False, live=None, health="imagenode.service is inactive")
        assert lab1(wanting(service=wanted)).is_healthy


class TestDrift:
    def test_another_set_is_chosen(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", chosen=OLD, live=OLD)
        assert lab1().drift == (f"chosen 0ddba110ddba, wanted {nodes.wanted('lab1')[:12]}",)
        assert not lab1().is_healthy

    def test_nothing_is_chosen(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", chosen=None, live=None, models={}, health="no set is chosen")
        assert lab1().drift == (f"chosen none, wanted {nodes.wanted('lab1')[:12]}",)
        assert lab1().models == {"mobilenet_ssd": Versions("2020-12-06", None, override=False)}

    def test_an_adopted_set_is_chosen(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", chosen=OLD, live=OLD, models={})
        assert lab1().drift == (f"chosen 0ddba110ddba, wanted {nodes.wanted('lab1')[:12]}",)

    def test_other_model_versions(self, nodes: FakeNodes) -> None:
        asked = wanting(model_version_overrides={"mobilenet_ssd": "2026-05-01"})
        nodes.change("lab1", models={"mobilenet_ssd": "2020-12-06", "more": "2020-01-01"})
        assert lab1(asked).drift[1:] == (
            "mobilenet_ssd 2020-12-06, wanted 2026-05-01",
            "more 2020-01-01, wanted none",
        )
        assert lab1(asked).models["mobilenet_ssd"] == Versions("2026-05-01", "2020-12-06", override=True)

    def test_another_set_runs_than_is_chosen(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", live=OLD)
        assert lab1().drift == (f"running 0ddba110ddba, chosen {nodes.wanted('lab1')[:12]}",)

    def test_a_service_that_should_run_and_does_not(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", live=None, health="imagenode.service is inactive")
        assert lab1().drift == (f"running no known set, chosen {nodes.wanted('lab1')[:12]}",)
        assert lab1().health == "imagenode.service is inactive"

    @pytest.mark.parametrize(("wanted", "command"), [("stopped", "stop"), ("disabled", "disable --now")])
    def test_a_service_that_runs_and_should_not(self, nodes: FakeNodes, wanted: str, command: str) -> None:
        nodes.change("lab1", live=None, health="imagenode.service: port 1 is closed")
        found = lab1(wanting(service=wanted))
        assert found.drift == (f"running, wanted {wanted}; end it there: sudo systemctl {command} imagenode",)
        assert found.health == "imagenode.service: port 1 is closed"

    def test_files_differ(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", drift=["/home/ops/imagenode.yaml differs", "/etc/a differs"])
        assert lab1().drift == ("/home/ops/imagenode.yaml differs", "/etc/a differs")

    @pytest.mark.parametrize(("running", "now"), [(True, "it runs now"), (False, "it does not run now")])
    def test_a_switch_has_not_ended(self, nodes: FakeNodes, running: bool, now: str) -> None:
        nodes.change("lab1", pending=MARK | {"running": running})
        assert lab1().drift == (
            f"a switch to 0ddba110ddba has not ended (anna@ramrod, 2026-11-22T23:40:00Z: pyinfra -y); {now}",
        )

    def test_a_return_alone_is_no_drift(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", last=ENTRY | {"outcome": "returned", "reason": "it crashed"})
        found = lab1()
        assert found.is_healthy
        assert found.last is not None
        assert found.last.reason == "it crashed"


class TestHealth:
    @pytest.mark.parametrize(
        ("said", "verdict"),
        [
            (None, "healthy"),
            ("unhealthy: imagenode.service: port 1 is closed", "unhealthy"),
            ("starting: imagenode.service: port 1 is closed, 3 s after its start", "starting"),
            ("no stick: imagenode.service: 0 of 1 workers live", "no stick"),
            ("unknown: /proc: denied", "unknown"),
            # What a node of an older release says, and of a newer one with a word of its own.
            ("imagenode.service: port 1 is closed, expected open", "unhealthy"),
            ("tired: since 3 days", "unhealthy"),
            ("healthy: not at all", "unhealthy"),
        ],
    )
    def test_verdict(self, nodes: FakeNodes, said: str | None, verdict: str) -> None:
        nodes.change("lab1", health=said)
        found = lab1()
        assert (found.health, found.verdict, found.drift) == (said, verdict, ())
        assert found.is_healthy is (verdict == "healthy")
        assert is_ok({"lab1": host_status()}) is (verdict == "healthy")

    def test_its_code_and_its_queue(self, nodes: FakeNodes) -> None:
        nodes.change("lab1", code="0.3", queue="2 queued, 1 running")
        assert (lab1().code, lab1().queue) == ("0.3", "2 queued, 1 running")
        assert lab1().is_healthy

    def test_a_node_of_an_older_release_tells_of_neither(self, nodes: FakeNodes) -> None:
        for field in ("code", "queue"):
            del nodes.services["lab1"]["imagenode"][field]
        nodes.change("lab1")
        assert (lab1().code, lab1().queue, lab1().is_healthy) == (None, None, True)

    def test_a_service_that_the_node_knows_nothing_of(self, nodes: FakeNodes) -> None:
        nodes.say("lab1", '{"services": {}}')
        found = lab1()
        assert (found.chosen, found.running, found.health) == (None, None, "no set is chosen")
        assert found.drift == (f"chosen none, wanted {nodes.wanted('lab1')[:12]}",)


class TestAnotherRole:
    """A host that was a datasink, say, and is an outpost now."""

    @pytest.fixture
    def datapump(self, nodes: FakeNodes) -> dict[str, Any]:
        left = nodes.services["lab1"]["datapump"] = nodes.services["data1"]["datapump"]
        nodes.change("lab1")
        return left

    @pytest.mark.usefixtures("datapump")
    def test_a_service_of_it_that_runs(self, nodes: FakeNodes) -> None:
        found = host_status().services
        assert (list(found), found["imagenode"].is_healthy) == (["imagenode", "datapump"], True)
        assert (found["datapump"].wanted, found["datapump"].chosen) == (None, nodes.wanted("data1"))
        assert found["datapump"].models == {"face_recognition": Versions(None, "2026-02-02", override=False)}
        assert found["datapump"].drift == (
            "running, wanted on no such host; end it there: sudo systemctl disable --now datapump",
        )

    def test_a_service_of_it_that_does_not_run(self, nodes: FakeNodes, datapump: dict[str, Any]) -> None:
        datapump["active"], datapump["live"] = False, None
        nodes.change("lab1")
        assert list(host_status().services) == ["imagenode"]


class TestUnknown:
    def test_a_host_without_an_answer_has_no_services(self, nodes: FakeNodes) -> None:
        nodes.fail("lab1", 255, "No route to host")
        found = status.look(FLEET, status.wanted_sets(FLEET, ["lab1", "east"]))
        assert (found["lab1"].services, found["lab1"].is_healthy, found["east"].is_healthy) == ({}, False, True)
        assert found["lab1"].error == (
            "lab1 (192.168.10.20): No route to host; look at its power and its cable, then run again"
        )
        assert not is_ok(found)

    @pytest.mark.usefixtures("nodes")
    def test_no_host_can_be_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(OperatorError, match="ssh: no such program"):
            host_status()


IMAGENODE = {
    "chosen": OLD,
    "running": None,
    "models": {
        "mobilenet_ssd": {"wanted": "2020-12-06", "chosen": "2020-12-06", "override": False}
    },
    "health": "unknown: /proc: denied",
    "pending": {
        "time": "2026-11-22T23:40:00Z", "operator": "anna@ramrod", "purpose": "pyinfra -y",
        "from": None, "to": OLD, "running": False, "commit": "c" * 40,
    },
    "last": {
        "n": 12, "host": "lab1", "service": "imagenode", "time": "2026-11-22T23:40:00Z",
        "operator": "anna@ramrod", "purpose": "pyinfra -y",
        "outcome": "returned", "from": "a" * 64, "to": OLD, "commit": "c" * 40, "dirty": False,
        "reason": "it crashed",
    },
    "leftovers": ["/m/cats/.retired-2026-01-01"],
    "code": "between 0.2 and 0.3",
    "queue": "2 queued",
    "coral": None,
}  # fmt: skip
"""The service of an outpost as JSON, but for what the checkout wants of it."""


def test_as_json(nodes: FakeNodes) -> None:
    last = ENTRY | {"outcome": "returned", "from": "a" * 64, "reason": "it crashed"}
    left = ["/m/cats/.retired-2026-01-01"]
    nodes.change(
        "lab1", chosen=OLD, live=None, health="unknown: /proc: denied", drift=["/a differs"], pending=MARK, last=last,
        leftovers=left, code="between 0.2 and 0.3", queue="2 queued",
    )  # fmt: skip
    nodes.fail("east", 255, "No route to host")
    wanted = nodes.wanted("lab1")
    registry = RegistryState(
        ("haarcascades/2026-01-01",), ("haarcascades/.import-x",), ("sentinel/a/b/.c.part",), ("it is held",),
        unreadable={"haarcascades": "denied"},
    )  # fmt: skip
    looks = status.look(FLEET, status.wanted_sets(FLEET, ["lab1", "east"]))
    found = FleetStatus(looks, registry, "a rollback has not ended")
    assert not found.is_ok
    assert codec.encode(found) == {
        "hosts": {
            "lab1": {
                "services": {"imagenode": {**IMAGENODE, "wanted": wanted, "drift": list(lab1().drift)}},
                "error": None,
                "running": [],
            },
            "east": {
                "services": {},
                "error": "east (192.168.10.21): No route to host; look at its power and its cable, then run again",
                "running": [],
            },
        },
        "registry": {
            "unpinned": ["haarcascades/2026-01-01"], "leftovers": ["haarcascades/.import-x"],
            "parts": ["sentinel/a/b/.c.part"], "retention": ["it is held"], "error": None,
            "unreadable": {"haarcascades": "denied"},
        },
        "change": "a rollback has not ended",
    }  # fmt: skip


def test_as_json_when_all_is_well(nodes: FakeNodes) -> None:
    nodes.change("data1", last=None)
    answers = status.look(FLEET, status.wanted_sets(FLEET, ["data1"]))
    found = FleetStatus(answers, RegistryState(), None)
    service = codec.encode(found)["hosts"]["data1"]["services"]["datapump"]
    assert (service["drift"], service["pending"], service["last"], found.is_ok) == ([], None, None, True)
    assert not FleetStatus({}, RegistryState(), "a rollback has not ended").is_ok
