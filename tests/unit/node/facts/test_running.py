"""What goes on at this moment, as `status` tells it."""

import json
import os
from collections.abc import Iterator

import pytest

from node import layout, protocol
from node.facts import running
from node.machine import services
from node.machine.services import Status
from node.protocol.facts import Running
from node.protocol.steps import PullProgress
from node.store import files, lock, pending_switch, sets
from tests.unit.node.places import Place, begun, installed, service_set

NOW = "2026-11-22T23:40:00Z"
WHO = ("anna@ramrod", "pyinfra -y", NOW)
NEW, OLD = "d2", "d1"
UP = Status("active", "running", 7, "enabled", 0, False)

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(autouse=True)
def at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.store.history.now", lambda: NOW)


def note(pid: int) -> None:
    files.folder(layout.RUNTIME)
    layout.pull_progress().write_text(protocol.dumps(PullProgress(7_000_000, 23_000_000, 5, pid)))


class TestPull:
    @pytest.fixture
    def held(self) -> Iterator[None]:
        with lock.held(layout.pull_lock(), "pull", "anna@ramrod", "pyinfra -y"):
            yield

    def test_nothing_goes_on(self) -> None:
        assert running.look() == []

    @pytest.mark.usefixtures("held")
    def test_one_that_has_just_begun(self) -> None:
        assert running.look() == [Running("pull", *WHO)]

    @pytest.mark.usefixtures("held")
    def test_one_that_has_told_how_far_it_is(self) -> None:
        note(os.getpid())
        [found] = running.look()
        assert found == Running("pull", *WHO, done=7_000_000, size=23_000_000)
        assert running.text(found) == (
            "a pull is running since 2026-11-22T23:40:00Z, by anna@ramrod: 7.0 of 23.0 MB; pyinfra -y"
        )

    @pytest.mark.usefixtures("held")
    def test_what_an_earlier_pull_has_noted_is_not_this_ones(self) -> None:
        note(os.getpid() + 1)
        assert running.look() == [Running("pull", *WHO)]

    @pytest.mark.usefixtures("held")
    @pytest.mark.parametrize("text", ["", "{", "7", '{"done": -7, "size": 9}', '{"done": 1e99, "size": 9}', "[" * 9999])
    def test_a_damaged_note_is_none(self, text: str) -> None:
        files.folder(layout.RUNTIME)
        layout.pull_progress().write_text(text)
        assert running.look() == [Running("pull", *WHO)]

    def test_one_that_was_killed_is_not_running(self) -> None:
        note(os.getpid())
        files.folder(layout.STATE)
        layout.pull_lock().write_text(json.dumps({"operator": "anna@ramrod", "pid": os.getpid()}))
        assert running.look() == []


class TestSwitch:
    @pytest.fixture(autouse=True)
    def held(self, place: Place) -> Iterator[None]:
        for digest in (OLD, NEW):
            sets.put(service_set(digest, installed(place.root / "engine.yaml", digest)), "c0ffee")
        sets.choose("engine", OLD, None)
        files.folder(layout.RUNTIME)
        layout.started("engine").write_text(OLD)
        with lock.held(layout.switch_lock("engine"), "switch", "anna@ramrod", "pyinfra -y"):
            yield

    def stage(self, monkeypatch: pytest.MonkeyPatch, status: Status = UP) -> str | None:
        monkeypatch.setattr(services, "status", lambda _: status)
        [found] = running.look()
        assert found._replace(stage=None) == Running("switch", *WHO, service="engine")
        return found.stage

    def test_before_its_note(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.stage(monkeypatch) == "is prepared"

    def test_while_the_old_set_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pending_switch.put(begun(NEW, OLD))
        assert self.stage(monkeypatch) == "stops the service"
        assert self.stage(monkeypatch, UP._replace(active="deactivating")) == "stops the service"

    def test_while_the_new_set_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pending_switch.put(begun(NEW, OLD))
        layout.started("engine").unlink()
        assert self.stage(monkeypatch, UP._replace(active="inactive")) == "starts the service"

    def test_while_it_is_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pending_switch.put(begun(NEW, OLD))
        layout.started("engine").write_text(NEW)
        assert self.stage(monkeypatch) == "waits until the service is healthy"

    def test_while_it_goes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pending_switch.put(begun(NEW, OLD)._replace(reason="it crashed"))
        assert self.stage(monkeypatch) == "rolls back"

    @pytest.mark.parametrize("text", ["", "7", '{"format": 9}'])
    def test_of_a_damaged_note_nobody_knows(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        layout.pending("engine").write_text(text)
        assert self.stage(monkeypatch) is None


def test_a_restore_is_no_switch(place: Place) -> None:
    sets.put(service_set(OLD, installed(place.root / "engine.yaml", OLD)), "c0ffee")
    with lock.held(layout.switch_lock("engine"), "restore", "anna@ramrod", "pyinfra -y"):
        [found] = running.look()
    assert found == Running("restore", *WHO, service="engine")
