"""What goes on at this moment, in a line for people; of a node of an older release nothing is known."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelctl.reports import status
from modelctl.reports.registry_state import RegistryState
from modelctl.reports.status import FleetStatus
from node import codec
from tests.unit.modelctl.fake_nodes import FakeNodes
from tests.unit.modelctl.sites import fleet, pinned

FLEET = fleet(pins=pinned())
PULL = {"work": "pull", "operator": "anna@ramrod", "purpose": "pyinfra -y", "since": "2026-11-22T23:40:00Z"}
BEGUN = "a pull is running since 2026-11-22T23:40:00Z, by anna@ramrod"


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    return FakeNodes(FLEET, tmp_path, monkeypatch)


def found(nodes: FakeNodes, **said: Any) -> FleetStatus:
    nodes.say("lab1", json.dumps({"program": "f" * 64, "services": nodes.services["lab1"], **said}))
    return FleetStatus(status.look(FLEET, status.wanted_sets(FLEET, ["lab1"])), RegistryState(), None)


def notes(nodes: FakeNodes, *running: dict[str, Any]) -> tuple[str, ...]:
    return status.report(FLEET, status.wanted_sets(FLEET, ["lab1"]), found(nodes, running=running)).notes


def test_a_pull_that_has_just_begun(nodes: FakeNodes) -> None:
    assert notes(nodes, PULL) == (f"lab1: {BEGUN}; pyinfra -y",)


def test_a_pull_that_tells_how_far_it_is(nodes: FakeNodes) -> None:
    more = {"done": 12_300_000, "size": 23_147_564}
    assert notes(nodes, PULL | more) == (f"lab1: {BEGUN}: 12.3 of 23.1 MB; pyinfra -y",)
    running = codec.encode(found(nodes, running=[PULL | more]))["hosts"]["lab1"]["running"]
    assert running == [PULL | more | {"service": None, "stage": None}]


def test_a_switch(nodes: FakeNodes) -> None:
    switch = PULL | {"work": "switch", "service": "imagenode", "stage": "waits until the service is healthy"}
    assert notes(nodes, switch) == (
        "lab1: a switch of imagenode is running since 2026-11-22T23:40:00Z, by anna@ramrod: it waits until the service "
        "is healthy; pyinfra -y",
    )


def test_a_pull_is_no_fault(nodes: FakeNodes) -> None:
    assert found(nodes, running=[PULL]).is_ok


def test_an_older_program_does_not_say(nodes: FakeNodes) -> None:
    assert found(nodes).hosts["lab1"].running == []


def test_what_it_says_is_one_line_that_no_terminal_obeys(nodes: FakeNodes) -> None:
    [note] = notes(nodes, PULL | {"purpose": "a\n\x1b[2Jb" + "c" * 10_000})
    assert note.isprintable()
    assert len(note) < 1_000


@pytest.mark.parametrize("lie", [{"done": -1, "size": 7}, {"done": 10**99, "size": 7}, {"done": "7"}, {"since": 7}])
def test_a_lie_is_no_status(nodes: FakeNodes, lie: dict[str, Any]) -> None:
    error = found(nodes, running=[PULL | lie]).hosts["lab1"].error
    assert error is not None
    assert "expected its status as JSON" in error
