from collections.abc import Callable
from pathlib import Path

import pytest

from node import layout, linked_files
from node.errors import Refusal
from node.health import health
from node.machine import services
from node.machine.services import Status
from node.store import files, history, pending_switch, sets
from node.store.service_set import ServiceSet
from node.switch import installation, switch, switch_result
from tests.unit.node.places import Place, begun, request, tree
from tests.unit.node.switches import chosen, config, run, stored

UP = Status("active", "running", 7, "enabled", 0, False)
DOWN = Status("inactive", "dead", 0, "", 0, False)


pytestmark = pytest.mark.usefixtures("told")


def test_a_switch_stops_commits_reloads_starts_waits_and_enables(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1", timers=["engine.timer"])
    monkeypatch.setattr(health, "wait", lambda _: told.append(f"wait, {chosen()[0]} is chosen"))
    assert run("d1") is None
    assert told == [
        "stop engine.service",
        "daemon-reload",
        "start engine.service",
        "wait, d1 is chosen",
        "enable --quiet --now --no-reload engine.service engine.timer",
        "daemon-reload",
    ]
    assert config(place) == "d1"
    assert pending_switch.read("engine") is None


def test_the_set_before_is_kept_as_the_previous_one(place: Place) -> None:
    for digest, links in (("d1", ("d1", None)), ("d2", ("d2", "d1")), ("d2", ("d2", "d1")), ("d3", ("d3", "d2"))):
        stored(place, digest)
        run(digest)
        assert chosen() == links


def test_without_a_changed_unit_nothing_is_reloaded(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "status", lambda _: UP)
    stored(place, "d1")
    run("d1")
    assert "daemon-reload" not in told


def test_the_note_is_there_before_the_service_stops_and_until_the_result_is_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1")
    run("d1")
    seen: list[tuple[str, str | None]] = []

    def see(what: str) -> Callable[..., None]:
        return lambda *_: seen.append((what, (found := pending_switch.read("engine")) and found.old))

    def watch(moment: str, path: Path) -> None:
        if moment == "after rename" and path.name == "outcome-r1":
            see("told")()

    stored(place, "d2")
    monkeypatch.setattr(services, "stop", see("stop"))
    monkeypatch.setattr(health, "wait", see("wait"))
    monkeypatch.setattr(files, "observer", watch)
    run("d2")
    assert seen == [("stop", "d1"), ("wait", "d1"), ("told", "d1")]


def test_the_files_of_an_older_tool_become_the_previous_set(place: Place) -> None:
    (place.root / "home").mkdir()
    (place.root / "home" / "engine.yaml").write_text("by hand")
    stored(place, "d1")
    run("d1")
    previous = chosen()[1]
    assert previous is not None
    adopted = sets.load("engine", previous)
    assert list(tree(adopted.folder / "files").values()) == [b"by hand"]
    assert adopted.absent == [layout.UNITS / "engine.service"]


@pytest.mark.parametrize(
    ("status", "state"),
    [(UP, "running"), (DOWN._replace(enabled="enabled"), "running"), (DOWN._replace(enabled="disabled"), "stopped")],
)
def test_an_adopted_service_is_to_run_if_it_ran_or_would_at_boot(
    place: Place, monkeypatch: pytest.MonkeyPatch, status: Status, state: str
) -> None:
    monkeypatch.setattr(services, "status", lambda _: status)
    (place.root / "home").mkdir()
    (place.root / "home" / "engine.yaml").write_text("by hand")
    stored(place, "d1")
    run("d1")
    assert sets.load("engine", chosen()[1] or "").content.state == state


@pytest.mark.parametrize("state", ["stopped", "disabled"])
def test_a_service_that_is_not_to_run_gets_its_files_and_is_left_so(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(linked_files, "wait", lambda *_: pytest.fail("it is not stopped"))
    stored(place, "d1", state=state)
    assert run("d1") is None
    assert config(place) == "d1"
    assert told == ["daemon-reload"]


def unhealthy(monkeypatch: pytest.MonkeyPatch, *digests: str) -> None:
    monkeypatch.setattr(health, "wait", lambda each: f"{each.digest} is unhealthy" if each.digest in digests else None)


def test_an_unhealthy_set_returns_to_the_one_before(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for digest in ("d0", "d1"):
        stored(place, digest)
        run(digest)
    unhealthy(monkeypatch, "d2")
    stored(place, "d2")
    assert run("d2") == "engine: rolled back to d1: d2 is unhealthy; last journal lines: first | last"
    assert (chosen(), config(place)) == (("d1", "d0"), "d1")


def test_what_cannot_be_put_in_place_returns_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(place, "d1")
    run("d1")
    stored(place, "d2")
    install, disk_is_full = installation.install, iter([True])
    monkeypatch.setattr(
        installation, "install", lambda service: _full() if next(disk_is_full, False) else install(service)
    )
    assert (
        run("d2") == "engine: rolled back to d1: [Errno 28] No space left on device; last journal lines: first | last"
    )
    assert (chosen()[0], config(place)) == ("d1", "d1")


def _full() -> None:
    raise OSError(28, "No space left on device")


def test_a_unit_that_does_not_start_returns_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(place, "d1")
    run("d1")
    stored(place, "d2")

    def control(*words: str, **_: object) -> None:
        if words[0] == "start" and chosen()[0] == "d2":
            raise Refusal("systemctl start engine.service: bad unit file setting")

    monkeypatch.setattr(services, "control", control)
    assert str(run("d2")).startswith(
        "engine: rolled back to d1: systemctl start engine.service: bad unit file setting;"
    )


def test_a_return_that_must_wait_leaves_the_note_with_its_reason(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(place, "d1")
    run("d1")
    stored(place, "d2")

    def unhealthy(_: ServiceSet) -> str:
        monkeypatch.setattr(linked_files, "writers", lambda _: ["facelist.csv (process 7)"])
        return "d2 is unhealthy"

    monkeypatch.setattr(health, "wait", unhealthy)
    with pytest.raises(Refusal, match=r"^facelist\.csv \(process 7\): open for writing"):
        switch.run(request("d2"))
    left = pending_switch.read("engine")
    assert left is not None
    assert (left.old, left.reason) == ("d1", "d2 is unhealthy; last journal lines: first | last")
    assert switch_result.take("r1") is None


def test_a_switch_after_one_that_died_returns_to_the_set_before_both(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1")
    run("d1")
    stored(place, "half")
    pending_switch.put(begun("half", "d1", "d0")._replace(reason="it was unhealthy"))
    sets.choose("engine", "half", "d1")
    stored(place, "d2")
    boots: list[str | None] = []
    monkeypatch.setattr(
        services, "stop", lambda *_: boots.append((found := pending_switch.read("engine")) and found.boot)
    )
    unhealthy(monkeypatch, "d2")
    assert run("d2") == "engine: rolled back to d1: d2 is unhealthy; last journal lines: first | last"
    assert chosen() == ("d1", "d0")
    assert boots[0] == pending_switch.boot_id()


def test_a_service_that_stops_is_of_no_set(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    files.folder(layout.RUNTIME)
    layout.started("engine").write_text("d0")
    stored(place, "d1")
    monkeypatch.setattr(services, "control", lambda *_, **__: None)
    monkeypatch.setattr(health, "wait", lambda _: None if layout.started("engine").exists() else "no note of its set")
    assert "no note of its set" in str(run("d1"))


def test_old_sets_are_pruned_only_after_a_good_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    pruned: list[str] = []
    monkeypatch.setattr(sets, "prune", lambda service: pruned.append(service))
    unhealthy(monkeypatch, "d1")
    stored(place, "d1")
    run("d1")
    assert pruned == []
    stored(place, "d2")
    run("d2")
    assert pruned == ["engine"]


def test_start_notes_which_set_the_process_is_of(place: Place) -> None:
    stored(place, "d1")
    sets.choose("engine", "d1", None)
    switch.start("engine")
    assert config(place) == "d1"
    assert layout.started("engine").read_text() == "d1"


def test_a_start_whose_files_cannot_be_put_is_no_start_of_that_set(place: Place) -> None:
    stored(place, "d1")
    sets.choose("engine", "d1", None)
    (place.root / "home" / "engine.yaml").mkdir(parents=True)
    with pytest.raises(Refusal, match="a folder, expected a file"):
        switch.start("engine")
    assert not layout.started("engine").exists()


def test_what_a_hand_changed_after_a_return_is_adopted_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    by_hand = place.root / "home" / "engine.yaml"
    by_hand.parent.mkdir()
    stored(place, "d1")
    by_hand.write_text("first")
    monkeypatch.setattr(health, "wait", lambda wanted: "engine.service is failed" if wanted.digest == "d1" else None)
    assert str(run("d1")).startswith("engine: rolled back to ")
    by_hand.write_text("second")
    assert str(run("d1")).startswith("engine: rolled back to ")
    assert by_hand.read_text() == "second"


def test_the_switch_that_another_takes_over_has_failed(place: Place) -> None:
    stored(place, "d1")
    run("d1")
    stored(place, "d2")
    left = request("d2")._replace(id="r0", operator="ben@ramrod")
    pending_switch.put(begun("d2", "d1")._replace(request=left, reason="it was unhealthy"))
    stored(place, "d3")
    run("d3")
    first, second = history.entries()[-2:]
    assert (first.to, first.operator, first.outcome) == ("d2", "ben@ramrod", "failed")
    assert first.reason == "it was unhealthy; a later switch, by anna@ramrod, goes on from there"
    assert (second.to, second.outcome, chosen()) == ("d3", "chosen", ("d3", "d1"))


def test_a_start_that_hangs_is_unhealthy_at_the_start_timeout(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[object] = []
    stored(place, "d1")

    def start(unit: str, limit: float) -> None:
        limits.append((unit, limit))
        raise Refusal("systemctl start engine.service: not started within 60 s")

    monkeypatch.setattr(services, "start", start)
    assert str(run("d1")).startswith("engine: failed, d1 stays chosen: systemctl start engine.service: not started")
    assert limits == [("engine.service", 60)]


def test_a_start_before_which_the_files_were_not_put_in_place_is_unhealthy(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H2: the service starts whatever becomes of our program, but that is no success."""
    stored(place, "d1")
    run("d1")
    stored(place, "d2")
    control = services.control

    def start(*words: str, **limits: float) -> None:
        control(*words, **limits)
        if chosen()[0] == "d2":
            layout.started("engine").unlink(missing_ok=True)

    monkeypatch.setattr(services, "control", start)
    assert run("d2") == (
        "engine: rolled back to d1: engine.service: its files were not put in place before its start; see its journal; "
        "last journal lines: first | last"
    )
    assert chosen()[0] == "d1"
