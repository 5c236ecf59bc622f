"""Switches whose end is unknown, that start a service anew for its health, or need not stop it; and the queue."""

from pathlib import Path

import pytest

from node import layout
from node.errors import Unknown
from node.health import health
from node.health.health import Health
from node.machine import services
from node.machine.services import Status
from node.store import history, sets
from node.switch import stopping, switch
from tests.unit.node.places import Place, installed, request
from tests.unit.node.switches import chosen, run, stored

UP = Status("active", "running", 7, "enabled", 0, False)


pytestmark = pytest.mark.usefixtures("told")


def test_a_set_of_which_nobody_knows_whether_it_works_stays(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1")
    run("d1")

    def wait(_: object) -> None:
        raise Unknown("/proc: no memory within 60 s")

    monkeypatch.setattr(health, "wait", wait)
    stored(place, "d2")
    told.clear()
    line = "engine: failed, d2 stays chosen: unknown whether it works: /proc: no memory within 60 s"
    assert run("d2") == line
    assert chosen() == ("d2", "d1")
    assert any(each.startswith("enable ") for each in told)
    assert not layout.pending("engine").exists()


@pytest.mark.parametrize("is_back", [True, False])
def test_a_stick_that_came_after_the_start(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch, *, is_back: bool
) -> None:
    """The service is started once more; a good update does not go back for it."""
    stored(place, "d1")
    run("d1")
    ends = iter([health.StickIsBack("0 of 1 workers live"), None if is_back else "0 of 1 workers live", None])

    def wait(_: object) -> str | None:
        end = next(ends)
        if isinstance(end, Exception):
            raise end
        return end

    monkeypatch.setattr(health, "wait", wait)
    stored(place, "d2")
    told.clear()
    said = run("d2")
    steps = [each for each in told if each.split()[0] in ("stop", "start")]
    assert steps[:4] == ["stop engine.service", "start engine.service"] * 2
    assert (said is None, chosen()[0]) == (is_back, "d2" if is_back else "d1")
    assert is_back or str(said).startswith("engine: rolled back to d1: 0 of 1 workers live")


def test_a_return_of_which_nobody_knows_whether_it_works_is_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(place, "d1")
    run("d1")

    def wait(wanted: object) -> str:
        if getattr(wanted, "digest", "") == "d2":
            return "d2 is unhealthy"
        raise Unknown("/proc: no memory within 60 s")

    monkeypatch.setattr(health, "wait", wait)
    stored(place, "d2")
    said = run("d2")
    assert said is not None
    assert said.startswith("engine: rolled back to d1: d2 is unhealthy")
    assert said.endswith("; unknown whether that works: /proc: no memory within 60 s")


def test_a_unit_that_only_sleeps_is_woken_and_its_service_goes_on(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2, S3: a camera is not stopped for its timer."""
    wanted = stored(place, "d1", timers=["engine.timer"])
    run("d1")
    layout.started("engine").write_text("d1")
    states = {"engine.timer": UP._replace(active="inactive")}
    monkeypatch.setattr(services, "status", lambda unit: states.get(unit, UP))
    told.clear()
    assert run(wanted.digest) is None
    assert [each.split()[0] for each in told if each != "daemon-reload"] == ["enable"]
    assert history.entries()[-1].outcome == history.CHOSEN
    layout.started("engine").write_text("d0")  # what runs is another set
    told.clear()
    assert run(wanted.digest) is None
    assert told[0] == "stop engine.service"


@pytest.mark.parametrize("may_restart", [True, False])
def test_a_start_for_its_health_is_noted(place: Place, monkeypatch: pytest.MonkeyPatch, may_restart: bool) -> None:
    stored(place, "d1")
    run("d1")
    monkeypatch.setattr(health, "judge", lambda *_: Health(health.UNHEALTHY, "it is unhealthy", may_restart))
    run("d1")
    assert layout.restarted("engine").exists() == may_restart


def test_the_timers_that_a_set_lacks_are_stopped(place: Place, told: list[str]) -> None:
    stored(place, "d1", timers=["engine.timer", "old.timer"])
    run("d1")
    stored(place, "d2", timers=["engine.timer"])
    told.clear()
    run("d2")
    assert told.index("disable --quiet --now old.timer") < told.index("daemon-reload")  # after which its unit is gone


def test_each_unit_of_a_set_is_read_again(place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that only a timer starts: systemd would run what the set before had."""
    unit = installed(layout.UNITS / "engine_cleanup.service", "[Unit]", "root")
    wanted = stored(place, "d1")
    sets.put(wanted._replace(digest="d2", files=[*wanted.files, unit]), "c0ffee")
    outdated = {"engine_cleanup.service": UP._replace(is_outdated=True)}
    monkeypatch.setattr(services, "status", lambda unit: outdated.get(unit, UP))
    run("d2")
    assert "daemon-reload" in told


class TestQueue:
    """state.json, which a start takes and deletes."""

    @pytest.fixture
    def folder(self, place: Place) -> Path:
        (place.root / "sentinel").mkdir()
        return place.root

    def begin(self, place: Place, digest: str) -> None:
        wanted = stored(place, digest)
        script = place.root / "sentinel" / "sentinel.py"
        sets.put(wanted._replace(service="engine", work=wanted.work._replace(script=script)), "c0ffee")

    def test_it_is_put_back_before_the_set_before_is_started(
        self, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stopping, "WITH_QUEUE", ("engine",))
        self.begin(place, "d1")
        run("d1")
        queue, kept = folder / "state.json", layout.sets("engine") / "state.json"
        queue.write_text("[1]")

        seen = []

        def wait(wanted: object) -> str | None:
            digest = getattr(wanted, "digest", "")
            seen.append((digest, queue.exists(), kept.exists()))
            queue.unlink()  # as a start does
            return None if digest == "d1" else "it is unhealthy"

        monkeypatch.setattr(health, "wait", wait)
        self.begin(place, "d2")
        switch.run(request("d2"))
        assert seen == [("d2", True, True), ("d1", True, True)]
        assert not kept.exists()

    def test_it_is_kept_as_the_service_leaves_it_at_its_end(
        self, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stopping, "WITH_QUEUE", ("engine",))
        self.begin(place, "d1")
        run("d1")
        kept: list[str] = []
        monkeypatch.setattr(services, "stop", lambda *_: (folder / "state.json").write_text("[1]"))
        monkeypatch.setattr(health, "wait", lambda _: kept.append((layout.sets("engine") / "state.json").read_text()))
        self.begin(place, "d2")
        switch.run(request("d2"))
        assert kept == ["[1]"]

    def test_where_there_is_no_set_to_go_back_to_the_copy_stays(
        self, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next start is given the queue once more, and may delete it too."""
        monkeypatch.setattr(stopping, "WITH_QUEUE", ("engine",))
        self.begin(place, "d1")
        run("d1")
        queue, kept = folder / "state.json", layout.sets("engine") / "state.json"
        queue.write_text("[1]")

        def wait(_: object) -> str:
            queue.unlink()  # as a start does
            return "it is unhealthy"

        monkeypatch.setattr(health, "wait", wait)
        switch.run(request("d1"))
        assert history.entries()[-1].outcome == history.FAILED
        assert (queue.read_text(), kept.read_text()) == ("[1]", "[1]")

    def test_one_that_is_there_is_the_newer(self, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stopping, "WITH_QUEUE", ("engine",))
        self.begin(place, "d1")
        wanted = sets.load("engine", "d1").content
        queue = folder / "state.json"
        queue.write_text("[1]")
        stopping.keep_queue(wanted)
        queue.write_text("[2]")
        stopping.put_back_queue(wanted)
        assert queue.read_text() == "[2]"
        queue.unlink()
        stopping.keep_queue(wanted)  # a later stop without one
        stopping.put_back_queue(wanted)
        assert not queue.exists()
