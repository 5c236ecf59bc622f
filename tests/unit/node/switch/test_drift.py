"""What differs from a set with a Coral stack: a service that is older than its user's membership in a group."""

import grp
import os

import pytest

from node.coral import stacks, trial
from node.machine import services
from node.machine.services import Status
from node.store.service_set import ServiceSet
from node.switch import drift
from tests.unit.node.places import USER, Place
from tests.unit.node.stacks import Node
from tests.unit.node.switches import run, stored

LINE = "engine.service was started before nobody was in plugdev"


@pytest.fixture
def up() -> Status:
    """The main process is that of the tests."""
    return Status("active", "running", os.getpid(), "enabled", 0, False)


@pytest.fixture(autouse=True)
def member(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is in the group, and the process is not."""
    number = max([*os.getgroups(), os.getgid()]) + 1
    monkeypatch.setattr(grp, "getgrnam", lambda _: grp.struct_group(("plugdev", "x", number, [USER])))


@pytest.fixture
def wanted(place: Place) -> ServiceSet:
    return Node(place.root).service(files=[], state="running")


def found(wanted: ServiceSet, up: Status) -> list[str]:
    return drift.of(wanted, {"engine.service": up})


def test_a_service_older_than_its_group_change(wanted: ServiceSet, up: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServiceSet, "user", USER)
    assert found(wanted, up) == [LINE]


def test_one_that_is_not(wanted: ServiceSet, up: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServiceSet, "user", USER)
    assert found(wanted._replace(stack=None), up) == []
    assert found(wanted, up._replace(active="inactive", pid=0)) == []
    assert drift.of(wanted, {}) == []
    monkeypatch.setattr(grp, "getgrnam", lambda _: grp.struct_group(("plugdev", "x", os.getgid(), [USER])))
    assert found(wanted, up) == []
    monkeypatch.setattr(grp, "getgrnam", lambda _: grp.struct_group(("plugdev", "x", 54321, [])))
    assert found(wanted, up) == []  # its user is not in the group: the prerequisites' matter


def test_where_there_is_no_such_group(wanted: ServiceSet, up: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise KeyError

    monkeypatch.setattr(grp, "getgrnam", missing)
    monkeypatch.setattr(ServiceSet, "user", USER)
    assert found(wanted, up) == []


def test_a_switch_mends_it_by_a_restart(
    place: Place, told: list[str], up: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where systemd does not start it at a boot, for which alone nothing is stopped."""
    monkeypatch.setattr(trial, "refuse_unfit", lambda _: None)
    monkeypatch.setattr(stacks, "is_verified", lambda _: True)
    stored(place, "d1", stack=Node(place.root).service().stack)
    assert run("d1") is None
    told.clear()
    asleep = up._replace(enabled="disabled")
    monkeypatch.setattr(services, "status", lambda _: asleep)
    assert run("d1") is None
    assert "stop engine.service" in told
    assert "start engine.service" in told
