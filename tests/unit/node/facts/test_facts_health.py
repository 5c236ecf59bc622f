"""What the facts tells of a service that runs the wanted set: its health, what others laid beside it, its queue."""

import pytest

from node import layout
from node.facts import facts
from node.health import work
from node.machine import services
from node.machine.services import Status
from node.store import files, sets
from node.store.service_set import ServiceSet
from node.switch import installation
from tests.unit.node.places import Place, installed, service_set

UP = Status("active", "running", 7, "enabled", 0, False)


@pytest.fixture(autouse=True)
def status(monkeypatch: pytest.MonkeyPatch) -> dict[str, Status]:
    """What systemd says of each unit; all others are up."""
    units: dict[str, Status] = {}
    monkeypatch.setattr(services, "status", lambda unit: units.get(unit, UP))
    return units


@pytest.fixture
def settled(place: Place) -> ServiceSet:
    """A set that is chosen, installed and started from."""
    wanted = service_set("d1", installed(place.root / "engine.yaml", "new"))
    sets.put(wanted, "c0ffee")
    sets.choose("engine", "d1", None)
    installation.install("engine")
    files.folder(layout.RUNTIME)
    layout.started("engine").write_text("d1")
    return wanted


def test_what_others_laid_beside_a_unit_is_told_and_moves_nothing(
    place: Place, settled: ServiceSet, status: dict[str, Status]
) -> None:
    """S5"""
    status["engine.service"] = UP._replace(drop_ins=("/etc/systemd/system/engine.service.d/mine.conf",))
    answer = facts.gather(place.desired(sets=[settled])).sets["engine"]
    assert answer.differences == []
    assert answer.health is not None
    assert "engine.service.d/mine.conf" in answer.health
    assert answer.may_restart is False


def test_the_queue_is_asked_for_where_there_is_something_to_switch(
    place: Place, settled: ServiceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "queue", lambda _: "2 queued")
    for wanted, expected in ((settled, None), (settled._replace(digest="d2"), "2 queued")):
        assert facts.gather(place.desired(sets=[wanted])).sets["engine"].queue == expected


def test_an_unhealthy_service_is_told(place: Place, settled: ServiceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "look", lambda *_: work.Look(work.BROKEN, "a child died", 1000.0))
    answer = facts.gather(place.desired(sets=[settled])).sets["engine"]
    assert (answer.health, answer.may_restart) == ("unhealthy: a child died", True)
    assert answer.differences == []
