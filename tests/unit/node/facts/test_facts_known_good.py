"""The set before, which was well here: going back to it needs no trial."""

import pytest

from node import layout
from node.facts import facts
from node.machine import services
from node.machine.services import Status
from node.store import history, sets
from node.store.service_set import ServiceSet
from tests.unit.node.places import Place, installed, request, service_set, sha256


@pytest.fixture(autouse=True)
def _up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "status", lambda _: Status("active", "running", 7, "enabled", 0, False))


@pytest.fixture
def before(place: Place) -> ServiceSet:
    """The set that another was chosen after."""
    wanted = service_set("d1", installed(place.root / "engine.yaml", "new"))
    sets.put(wanted, "c0ffee")
    history.add(request("d1"), None, history.CHOSEN, None)
    sets.put(service_set("d2", installed(place.root / "engine.yaml", "newer")), "c0ffee")
    sets.choose("engine", "d2", "d1")
    history.add(request("d2"), "d1", history.CHOSEN, None)
    return wanted


def is_known_good(place: Place, wanted: ServiceSet) -> bool:
    return facts.gather(place.desired(sets=[wanted])).sets["engine"].known_good


def test_the_set_before_is(place: Place, before: ServiceSet) -> None:
    assert is_known_good(place, before)


@pytest.mark.parametrize("outcome", [history.ROLLED_BACK, history.FAILED, history.REFUSED])
def test_one_that_was_not_healthy_the_last_time_is_not(place: Place, before: ServiceSet, outcome: str) -> None:
    history.add(request("d1"), "d2", outcome, "it ended")
    assert not is_known_good(place, before)


def test_one_that_a_return_found_unwell_is_not(place: Place, before: ServiceSet) -> None:
    history.add(request("d2"), "d1", history.FAILED, "it ended; set d1 is unhealthy too")
    assert not is_known_good(place, before)


@pytest.mark.parametrize("outcome", [history.CHOSEN, history.ROLLED_BACK, history.REFUSED])
def test_what_became_of_another_set_tells_nothing_of_it(place: Place, before: ServiceSet, outcome: str) -> None:
    history.add(request("d3"), "d1", outcome, "it ended")
    assert is_known_good(place, before)


def test_a_damaged_line_tells_nothing(place: Place, before: ServiceSet) -> None:
    with layout.history().open("a") as file:
        file.write('{"n": 3, "service": "engine"}\n')
    assert is_known_good(place, before)


def test_one_of_which_no_history_tells_is_not(place: Place, before: ServiceSet) -> None:
    layout.history().unlink()
    assert not is_known_good(place, before)


def test_one_of_another_service_tells_nothing(place: Place, before: ServiceSet) -> None:
    layout.history().unlink()
    history.add(request("d1")._replace(service="other"), None, history.CHOSEN, None)
    assert not is_known_good(place, before)


def test_an_older_one_is_not(place: Place, before: ServiceSet) -> None:
    sets.choose("engine", "d2", "d0")
    assert not is_known_good(place, before)


def test_one_that_the_site_had_stopped_is_not(place: Place, before: ServiceSet) -> None:
    sets.put(before._replace(state="stopped"), "c0ffee")
    assert not is_known_good(place, before)
    sets.put(before, "c0ffee")  # as for a switch, which was refused then
    history.add(request("d1"), "d2", history.REFUSED, "a linked file is open for writing")
    assert not is_known_good(place, before)


def test_a_damaged_one_is_not(place: Place, before: ServiceSet) -> None:
    (layout.sets("engine") / "d1" / "files" / sha256(b"new")).unlink()
    assert not is_known_good(place, before)
