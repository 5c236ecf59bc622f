"""The units of the registry's clean-up: put in place, healed, and never made to run at once."""

import pytest

from node import layout
from node.machine import services
from node.machine.services import Status
from node.registry import prune_units
from node.store.service_set import Installed
from tests.unit.node.places import installed

UP = Status("active", "waiting", 0, "enabled", 0, False)
TEXTS = {"model_cleanup.service": "[Service]\n", "model_cleanup.timer": "[Timer]\n"}


@pytest.fixture(autouse=True)
def status(monkeypatch: pytest.MonkeyPatch) -> dict[str, Status]:
    """What systemd says of the timer."""
    timer = {"model_cleanup.timer": UP}
    monkeypatch.setattr(services, "status", lambda unit: timer.get(unit, UP))
    return timer


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd was told."""
    words: list[str] = []
    monkeypatch.setattr(services, "control", lambda *control: words.append(" ".join(control)))
    return words


@pytest.fixture
def units() -> list[Installed]:
    layout.UNITS.mkdir()
    return [installed(layout.UNITS / name, text, owner="root") for name, text in TEXTS.items()]


def test_where_they_are_not_wanted_nothing_differs() -> None:
    assert prune_units.differences([]) == []


def test_units_are_put_in_place_and_the_timer_enabled(units: list[Installed], said: list[str]) -> None:
    service, timer = (layout.UNITS / name for name in TEXTS)
    assert prune_units.differences(units) == [f"{service} differs", f"{timer} differs"]
    prune_units.install(units)
    assert {path.name: path.read_text() for path in layout.UNITS.iterdir()} == TEXTS
    assert said == ["enable --quiet --now --no-reload model_cleanup.timer"]
    assert prune_units.differences(units) == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (UP._replace(enabled="disabled"), "model_cleanup.timer is disabled and active"),
        (UP._replace(active="inactive"), "model_cleanup.timer is enabled and inactive"),
        (UP._replace(active="inactive", enabled=""), "model_cleanup.timer is absent and inactive"),
    ],
)
def test_a_timer_that_does_not_run_is_a_difference(
    units: list[Installed], said: list[str], status: dict[str, Status], found: Status, line: str
) -> None:
    prune_units.install(units)
    status["model_cleanup.timer"] = found
    assert prune_units.differences(units) == [line]
    assert len(said) == 1


def test_units_that_changed_are_read_again(units: list[Installed], said: list[str], status: dict[str, Status]) -> None:
    status["model_cleanup.timer"] = UP._replace(is_outdated=True)
    prune_units.install(units)
    assert said == ["daemon-reload", "enable --quiet --now --no-reload model_cleanup.timer", "daemon-reload"]


@pytest.mark.parametrize(("active", "is_kept"), [("inactive", False), ("active", True)])
@pytest.mark.usefixtures("said")
def test_what_a_stopped_timer_has_missed_is_not_made_up_for(
    units: list[Installed], status: dict[str, Status], active: str, is_kept: bool
) -> None:
    layout.TIMER_STAMPS.mkdir()
    stamp = layout.TIMER_STAMPS / "stamp-model_cleanup.timer"
    stamp.touch()
    status["model_cleanup.timer"] = UP._replace(active=active)
    prune_units.install(units)
    assert stamp.exists() == is_kept
