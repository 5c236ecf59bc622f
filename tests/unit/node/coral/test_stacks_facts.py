"""What the facts tells of a Coral stack: whether it must come, what is not ready without it, what it replaces."""

import os
from pathlib import Path

import pytest

from node.coral import mapped, stacks
from node.desired_state import DesiredState, Stack
from node.facts import coral_host, facts
from node.health import health
from node.machine import processes, services
from node.machine.processes import Process
from node.machine.services import Status
from node.protocol.facts import StackState
from node.store.service_set import LIBRARY, ServiceSet, SetStack
from node.switch import drift
from tests.unit.node import wheels
from tests.unit.node.places import NO_OPTIONS, USER, Place, installed, service_set

UP = Status("active", "running", os.getpid(), "enabled", 0, False)


@pytest.fixture(autouse=True)
def up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The main process of each service is that of the tests."""
    monkeypatch.setattr(services, "status", lambda _: UP)


@pytest.fixture
def service(place: Place, stack: Stack) -> ServiceSet:
    own = SetStack(stack.version.version, "ab", stack.digest, Path("/bin/sh"), place.root, [])
    return service_set("d1", installed(place.root / "engine.yaml", "new"))._replace(stack=own)


@pytest.fixture
def desired(place: Place, stack: Stack, service: ServiceSet) -> DesiredState:
    return place.desired(stack=stack, sets=[service])


def told(desired: DesiredState) -> StackState:
    found = facts.gather(desired).stack
    assert found is not None
    return found


def test_a_set_is_not_ready_without_its_stack(service: ServiceSet, stack: Stack, packages: Path) -> None:
    folder = stack.version.directory
    assert health.not_ready(service) == (
        f"{folder}: the stack coral_packages/2026-01-10 is not there as it was unpacked; run deploys/models.py"
    )
    wheels.put(stack, packages)
    assert health.not_ready(service) is None


def test_all_is_read_where_that_is_asked(
    desired: DesiredState, stack: Stack, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels.put(stack, packages)
    assert told(desired).missing is False
    (stack.version.directory / LIBRARY).write_bytes(b"rotten")
    monkeypatch.setattr(stacks, "is_verified", lambda _: True)
    assert told(desired).missing is False
    assert told(desired._replace(options=NO_OPTIONS._replace(full=True))).missing is True


@pytest.mark.parametrize(("library", "remapped"), [(mapped.LOADED, ["engine"]), (mapped.NOT_YET, [])])
def test_who_has_mapped_what_is_replaced(
    desired: DesiredState,
    stack: Stack,
    packages: Path,
    monkeypatch: pytest.MonkeyPatch,
    library: str,
    remapped: list[str],
) -> None:
    monkeypatch.setattr(mapped, "library", lambda *_: library)
    assert coral_host.remapped(stack, desired) == []  # nothing is there to be replaced
    wheels.put(stack, packages)
    os.utime(stack.version.directory / LIBRARY)
    assert told(desired).to_remap == []  # it must be listed anew, and its bytes are right
    (stack.version.directory / LIBRARY).write_bytes(b"rotten")
    assert told(desired).to_remap == remapped


def test_a_process_that_maps_what_was_replaced_is_drift(service: ServiceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "replaced", lambda *_: "it maps an old library")
    monkeypatch.setattr(ServiceSet, "user", USER)
    bare = service._replace(files=[])
    assert drift.of(bare, {"engine.service": UP}) == ["it maps an old library"]
    assert drift.of(bare, {"engine.service": UP._replace(active="inactive", pid=0)}) == []
    assert drift.of(bare._replace(stack=None), {"engine.service": UP}) == []
    monkeypatch.setattr(processes, "look", dict[int, Process])
    assert drift.of(bare, {"engine.service": UP}) == []  # it has just ended
