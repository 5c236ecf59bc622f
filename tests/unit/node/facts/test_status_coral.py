"""What status tells of a service's Coral stack."""

import os
from pathlib import Path

import pytest

from node.coral import mapped, stick
from node.errors import Unknown
from node.facts import status
from node.machine import processes, services
from node.machine.services import Status
from node.protocol.facts import Coral
from node.store import sets
from tests.unit.node.stacks import Node

UP = Status("active", "running", os.getpid(), "enabled", 0, False)
LINE = "/dev/bus/usb/001/004: not ops's"


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stick, "shown", lambda: "running (18d1:9302)")
    monkeypatch.setattr(stick, "device_problem", lambda _: None)
    monkeypatch.setattr(mapped, "library", lambda *_: "loaded")


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def found(node: Node, main: Status = UP, **changes: object) -> Coral | None:
    return status.coral(node.service(**changes), {"engine.service": main})


def library(coral: Coral | None) -> str | None:
    return coral.library if coral else None


def test_all_of_it(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Coral("2026-01-10", "running (18d1:9302)", "loaded", None)
    assert found(node) == told
    monkeypatch.setattr(stick, "device_problem", lambda _: LINE)
    assert found(node) == told._replace(problem=LINE)


def test_a_set_without_a_stack(node: Node) -> None:
    assert found(node, stack=None) is None
    assert list(status.coral_text(None)) == []


def test_what_does_not_run_has_loaded_nothing(node: Node) -> None:
    for main in (UP._replace(active="inactive", pid=0), UP._replace(pid=0)):
        assert library(found(node, main)) == "not loaded yet"
    assert library(status.coral(node.service(state="stopped"), {})) == "not loaded yet"


def test_what_cannot_be_seen(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> None:
        raise Unknown("/proc: no memory")

    monkeypatch.setattr(processes, "look", unknown)
    assert library(found(node)) == "unknown"


def test_for_people(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "status", lambda _: UP)
    monkeypatch.setattr(stick, "device_problem", lambda _: LINE)
    sets.put(node.service(), "c0ffee")
    sets.choose("engine", "d", None)
    lines = status.text(status.status()).splitlines()
    place = lines.index("  coral     2026-01-10, stick running (18d1:9302), library loaded")
    assert lines[place + 1] == f"  coral     {LINE}"
    assert lines[place - 1].startswith("  model     coral_packages 2026-01-10, ")
