"""The units of the registry's clean-up: put in place, healed, and made to run when somebody asks for it."""

from pathlib import Path

import pytest

from node import layout
from node.errors import Refusal
from node.health import last_words
from node.machine import commands, services
from node.machine.services import Status
from node.protocol.retention import Sweep, Swept
from node.registry import primary, sweep_unit
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
    assert primary.unit_differences([]) == []


def test_units_are_put_in_place_and_the_timer_enabled(units: list[Installed], said: list[str]) -> None:
    service, timer = (layout.UNITS / name for name in TEXTS)
    assert primary.unit_differences(units) == [f"{service} differs", f"{timer} differs"]
    primary.install_units(units)
    assert {path.name: path.read_text() for path in layout.UNITS.iterdir()} == TEXTS
    assert said == ["enable --quiet --now --no-reload model_cleanup.timer"]
    assert primary.unit_differences(units) == []


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
    primary.install_units(units)
    status["model_cleanup.timer"] = found
    assert primary.unit_differences(units) == [line]
    assert len(said) == 1


def test_units_that_changed_are_read_again(units: list[Installed], said: list[str], status: dict[str, Status]) -> None:
    status["model_cleanup.timer"] = UP._replace(is_outdated=True)
    primary.install_units(units)
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
    primary.install_units(units)
    assert stamp.exists() == is_kept


@pytest.fixture
def log(tmp_path: Path, status: dict[str, Status]) -> Path:
    """The log of earlier sweeps; the service is there."""
    status["model_cleanup.service"] = UP._replace(fragment="/etc/systemd/system/model_cleanup.service")
    log = tmp_path / "model_cleanup.log"
    log.write_text("an older line\nanother\n")
    return log


def starting(patch: pytest.MonkeyPatch, log: Path, *lines: str, error: str = "") -> list[tuple[str, float]]:
    """The service logs these lines when it is started, and fails if there is an error. Returns what was started."""
    started: list[tuple[str, float]] = []

    def start(unit: str, limit: float) -> None:
        started.append((unit, limit))
        with log.open("a") as file:
            file.writelines(line + "\n" for line in lines)
        if error:
            raise Refusal(error)

    patch.setattr(services, "start", start)
    patch.setattr(last_words, "in_journal", lambda unit: [f"line {n} of {unit}" for n in range(7)])
    return started


def test_a_sweep_now_is_the_timer_s(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in its unit, with that unit's rights and no others; what it logged is told."""
    started = starting(monkeypatch, log, "removed cats/2019-01-01, 71 bytes", "and one more")
    assert sweep_unit.start(Sweep(log)) == Swept(["removed cats/2019-01-01, 71 bytes", "and one more"], None)
    assert started == [("model_cleanup.service", commands.LONG_SECONDS)]


def test_a_sweep_that_failed_tells_what_it_did_and_why_not_the_rest(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starting(monkeypatch, log, "removed cats/2019-01-01, 71 bytes", error="systemctl start model_cleanup: failed")
    fault = "systemctl start model_cleanup: failed: " + "; ".join(
        f"line {n} of model_cleanup.service" for n in range(2, 7)
    )
    assert sweep_unit.start(Sweep(log)) == Swept(["removed cats/2019-01-01, 71 bytes"], fault)


def test_the_first_sweep_makes_the_log(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.unlink()
    starting(monkeypatch, log, "nothing is removed: nothing is due")
    assert sweep_unit.start(Sweep(log)) == Swept(["nothing is removed: nothing is due"], None)


def test_where_there_is_no_such_unit_nothing_is_started(
    log: Path, monkeypatch: pytest.MonkeyPatch, status: dict[str, Status]
) -> None:
    started = starting(monkeypatch, log)
    del status["model_cleanup.service"]
    line = "^model_cleanup.service: not there; a deploy brings it: pyinfra inventory.py deploys/cleanup.py$"
    with pytest.raises(Refusal, match=line):
        sweep_unit.start(Sweep(log))
    assert started == []


def test_a_link_in_the_log_s_place_is_not_read(log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its folder is the registry owner's, and root asks."""
    log.rename(tmp_path / "secret")
    log.symlink_to(tmp_path / "secret")
    started = starting(monkeypatch, tmp_path / "secret", "a secret line")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        sweep_unit.start(Sweep(log))
    assert started == []
