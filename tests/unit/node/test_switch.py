import json
from contextlib import suppress
from pathlib import Path

import pytest

from node import health, layout, linked, services, sets, switch
from node.errors import Refusal
from node.orders import Named, ServiceSet
from node.services import Status
from tests.unit.node.places import LIMITS, Place, installed, service_set


@pytest.fixture(autouse=True)
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd was told, for a service that runs and stays well."""
    words: list[str] = []
    monkeypatch.setattr(services, "status", lambda _: Status("active", "running", 7, "enabled", 0))
    monkeypatch.setattr(services, "control", lambda *said: words.append(" ".join(said)))
    monkeypatch.setattr(services, "journal", lambda *_: "first\nlast")
    monkeypatch.setattr(health, "wait", lambda *_: None)
    monkeypatch.setattr(switch, "UNIT_FOLDER", tmp_path / "units")
    (tmp_path / "units").mkdir()
    return words


def stored(place: Place, digest: str, text: str, **changes: object) -> ServiceSet:
    config = installed(place.root / "engine.yaml", text)
    unit = installed(place.root / "units" / "engine.service", "[Unit]", "root")
    wanted = service_set(digest, config, unit)._replace(**changes)  # type: ignore[arg-type]
    sets.put(wanted, "c0ffee")
    return wanted


def run(digest: str) -> None:
    """One run of the unit; what it refuses is in the outcome."""
    with suppress(Refusal):
        switch.run("engine", digest, LIMITS, layout.RUNTIME / "outcome")


def outcome() -> str | None:
    found = json.loads((layout.RUNTIME / "outcome").read_text())["error"]
    assert found is None or isinstance(found, str)
    return found


def test_a_first_switch_stops_commits_reloads_enables_and_starts(place: Place, done: list[str]) -> None:
    stored(place, "d1", "new", timers=["engine.timer"])
    run("d1")
    assert outcome() is None
    assert done == [
        "stop engine.service",
        "daemon-reload",
        "enable --quiet engine.service engine.timer",
        "start engine.service engine.timer",
    ]
    assert (place.root / "engine.yaml").read_text() == "new"
    assert sets.digest_of("engine", sets.CHOSEN) == "d1"


def test_without_a_changed_unit_nothing_is_reloaded(place: Place, done: list[str]) -> None:
    stored(place, "d1", "new")
    run("d1")
    done.clear()
    stored(place, "d2", "newer")
    run("d2")
    assert "daemon-reload" not in done
    assert (sets.digest_of("engine", sets.CHOSEN), sets.digest_of("engine", sets.PREVIOUS)) == ("d2", "d1")


def test_the_files_of_an_older_tool_become_the_previous_set(place: Place) -> None:
    (place.root / "engine.yaml").write_text("by hand")
    stored(place, "d1", "new")
    run("d1")
    previous = sets.digest_of("engine", sets.PREVIOUS)
    assert previous is not None
    adopted = sets.load("engine", previous)
    assert (adopted.folder / "files" / adopted.content.files[0].sha256).read_text() == "by hand"
    assert adopted.absent == [place.root / "units" / "engine.service"]


@pytest.mark.parametrize("state", ["stopped", "disabled"])
def test_a_stopped_service_gets_its_files_and_is_left_so(place: Place, done: list[str], state: str) -> None:
    stored(place, "d1", "new", state=state)
    run("d1")
    assert outcome() is None
    assert (place.root / "engine.yaml").read_text() == "new"
    assert done == ["daemon-reload"]


def test_an_unready_set_changes_nothing(place: Place, done: list[str]) -> None:
    (place.root / "engine.yaml").write_text("old")
    stored(place, "d1", "new", named_files=[Named(place.root / "absent", "ab", linked=False)])
    run("d1")
    assert outcome() == f"{place.root}/absent: missing; run deploys/models.py"
    assert (place.root / "engine.yaml").read_text() == "old"
    assert sets.digest_of("engine", sets.CHOSEN) is None
    assert done == []


def test_the_journal_of_the_unit_has_the_reason(place: Place) -> None:
    stored(place, "d1", "new", named_files=[Named(place.root / "absent", "ab", linked=False)])
    with pytest.raises(Refusal, match=r"absent: missing; run deploys/models\.py$"):
        switch.run("engine", "d1", LIMITS, layout.RUNTIME / "outcome")


def test_a_linked_file_held_open_changes_nothing(
    place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "writers", lambda _: ["facelist.csv (process 7)"])
    (place.root / "engine.yaml").write_text("old")
    stored(place, "d1", "new")
    run("d1")
    assert str(outcome()).startswith("facelist.csv (process 7): open for writing for more than 0 s;")
    assert (place.root / "engine.yaml").read_text() == "old"
    assert done == []


def test_an_unhealthy_service_is_told_with_its_journal(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "wait", lambda *_: "engine.service ended after its start (failed, failed)")
    stored(place, "d1", "new")
    run("d1")
    assert outcome() == (
        "engine.service ended after its start (failed, failed); chosen now: d1; last journal lines: first | last"
    )


def test_what_ran_runs_on_when_the_new_set_cannot_be_put_in_place(
    place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1", "old")
    run("d1")
    stored(place, "d2", "new")
    done.clear()
    install = sets.install
    disk_is_full = iter([True])
    monkeypatch.setattr(sets, "install", lambda service: _full() if next(disk_is_full, False) else install(service))
    with pytest.raises(OSError, match="No space left"):
        run("d2")
    assert sets.digest_of("engine", sets.CHOSEN) == "d1"
    assert (place.root / "engine.yaml").read_text() == "old"
    assert done[0] == "stop engine.service"
    assert done[-1] == "start engine.service"


def _full() -> None:
    raise OSError(28, "No space left on device")


def test_a_bug_leaves_an_outcome_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(linked, "wait")
    stored(place, "d1", "new")
    with pytest.raises(AttributeError):
        run("d1")
    assert str(outcome()).startswith("the switch failed: AttributeError")


def test_an_inactive_service_is_not_stopped(place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "status", lambda _: Status("inactive", "dead", 0, "", 0))
    stored(place, "d1", "new")
    run("d1")
    assert not any(word.startswith("stop") for word in done)


def test_a_service_that_is_now_stopped_is_not_started_by_an_older_set(place: Place, done: list[str]) -> None:
    stored(place, "d1", "new")
    stored(place, "d1", "new", state="stopped")
    run("d1")
    assert "start engine.service" not in done


def test_start_notes_which_set_the_process_is_of(place: Place) -> None:
    stored(place, "d1", "new")
    sets.choose("engine", "d1", None)
    switch.start("engine")
    assert (place.root / "engine.yaml").read_text() == "new"
    assert layout.started("engine").read_text() == "d1"


class TestFollow:
    """The operator's side: a transient unit that leaves an outcome."""

    def systemd_run(self, programs: Path, script: str) -> None:
        (programs / "systemd-run").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "systemd-run").chmod(0o755)

    def leaving(self, error: str) -> str:
        return f"for last; do :; done; mkdir -p {layout.RUNTIME}; cat >$last <<'END'\n{error}\nEND"

    def follow(self, place: Place) -> None:
        wanted = service_set("d1", installed(place.root / "engine.yaml", "new"))
        switch.switch(place.order(sets=[wanted]))

    def test_a_good_outcome(self, place: Place, programs: Path) -> None:
        self.systemd_run(programs, f'printf "%s\\n" "$@" > {programs}/said; ' + self.leaving('{"error": null}'))
        self.follow(place)
        said = (programs / "said").read_text().splitlines()
        assert said[:4] == ["--quiet", "--wait", "--collect", "--unit=sentinelcam-switch-engine"]
        assert said[-5:-2] == ["switch-unit", "engine", "d1"]
        assert json.loads(said[-2]) == LIMITS._asdict()
        assert not Path(said[-1]).exists()

    def test_a_bad_outcome_is_refused_with_its_reason(self, place: Place, programs: Path) -> None:
        self.systemd_run(programs, self.leaving('{"error": "engine.service is failed"}'))
        with pytest.raises(Refusal, match=r"^engine: engine\.service is failed$"):
            self.follow(place)

    def test_a_unit_that_did_not_start_is_said(self, place: Place, programs: Path) -> None:
        self.systemd_run(programs, "echo 'no such thing' >&2; exit 1")
        with pytest.raises(Refusal, match=r"^engine: no such thing$"):
            self.follow(place)

    def test_a_unit_that_was_killed_is_no_success(self, place: Place, programs: Path) -> None:
        self.systemd_run(programs, "exit 1")
        with pytest.raises(Refusal, match=r"^engine: no outcome"):
            self.follow(place)

    def test_a_second_switch_is_refused(self, place: Place, programs: Path) -> None:
        self.systemd_run(programs, "echo 'Unit x.service was already loaded' >&2; exit 1")
        with pytest.raises(Refusal, match=r"^engine: another switch is running; wait for it \(systemctl status"):
            self.follow(place)
