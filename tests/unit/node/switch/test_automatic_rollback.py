from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node import layout, linked_files
from node.errors import Refusal
from node.health import health, last_words
from node.machine import services
from node.store import history, lock, pending_switch, sets
from node.store.service_set import Named
from node.switch import automatic_rollback, installation
from tests.unit.node.places import Place, begun
from tests.unit.node.recoveries import died, line, stored
from tests.unit.node.switches import chosen, config

pytestmark = pytest.mark.usefixtures("done")


class TestRecover:
    """After a switch that was killed."""

    def test_it_returns_to_the_set_before(self, place: Place, done: list[str]) -> None:
        died(place)
        automatic_rollback.recover("engine")
        assert line() == "engine: rolled back to d1: the switch was killed; last journal lines: first | last"
        assert (chosen(), config(place)) == (("d1", "d0"), "d1")
        assert done == ["stop engine.service", "start engine.service"]

    def test_without_a_note_there_is_nothing_to_do(self, place: Place, done: list[str]) -> None:
        stored(place, "d1")
        sets.choose("engine", "d1", None)
        automatic_rollback.recover("engine")
        assert (chosen(), done, history.entries()) == (("d1", None), [], [])

    def test_a_silent_service_has_no_last_words(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(last_words, "in_journal", lambda _: [])
        died(place)
        automatic_rollback.recover("engine")
        assert line() == "engine: rolled back to d1: the switch was killed"

    def test_the_reason_of_a_return_that_had_to_wait_is_the_one_that_is_told(self, place: Place) -> None:
        died(place)
        pending_switch.put(begun("d2", "d1")._replace(reason="it was unhealthy"))
        automatic_rollback.recover("engine")
        assert line() == "engine: rolled back to d1: it was unhealthy"

    def test_without_another_set_the_new_one_stays(self, place: Place, done: list[str]) -> None:
        died(place, "engine.timer", old=None, previous=None)
        automatic_rollback.recover("engine")
        assert line() == (
            "engine: failed, d2 stays chosen: the switch was killed; last journal lines: first | last; "
            "there is no other set to roll back to"
        )
        assert (chosen(), config(place)) == (("d2", None), "d2")
        assert done == [
            "enable --quiet engine.service engine.timer", "start --no-block engine.service engine.timer",
        ]  # fmt: skip

    def test_the_same_set_again_is_no_other_set(self, place: Place) -> None:
        stored(place, "d2")
        pending_switch.put(begun("d2", "d2", "d1"))
        automatic_rollback.recover("engine")
        assert str(line()).startswith("engine: failed, d2 stays chosen: the switch was killed;")
        assert chosen() == ("d2", "d1")

    def test_a_set_whose_models_are_gone_is_unhealthy_too(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "wait", health.not_ready)
        died(place)
        stored(place, "d1", named_files=[Named(place.root / "absent", "ab", linked=False)])
        automatic_rollback.recover("engine")
        assert str(line()).endswith(f"; set d1 is unhealthy too: {place.root}/absent: missing; run deploys/models.py")
        assert chosen() == ("d2", "d1")

    def test_a_set_that_is_not_whole_is_not_returned_to(self, place: Place) -> None:
        died(place)
        (layout.sets("engine") / "d1" / "set.json").unlink()
        automatic_rollback.recover("engine")
        assert str(line()).endswith("; there is no other set to roll back to")

    def test_when_both_are_unhealthy_the_new_one_stays(
        self, place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(health, "wait", lambda each: each.digest + " is unhealthy")
        died(place)
        automatic_rollback.recover("engine")
        assert line() == (
            "engine: failed, d2 stays chosen: the switch was killed; last journal lines: first | last; "
            "set d1 is unhealthy too: d1 is unhealthy"
        )
        assert (chosen(), config(place)) == (("d2", "d1"), "d2")
        assert done == [
            "stop engine.service", "start engine.service", "stop engine.service",
            "enable --quiet engine.service", "start --no-block engine.service",
        ]  # fmt: skip

    def test_a_unit_that_systemd_will_not_start_is_unhealthy(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def control(*words: str, **_: object) -> None:
            if words[0] in ("start", "enable"):
                raise Refusal("systemctl start: bad unit file setting")

        monkeypatch.setattr(services, "control", control)
        died(place)
        automatic_rollback.recover("engine")
        assert str(line()).endswith("; set d1 is unhealthy too: systemctl start: bad unit file setting")

    def test_timers_that_only_the_new_set_has_go(self, place: Place, done: list[str]) -> None:
        died(place, "engine.timer")
        automatic_rollback.recover("engine")
        assert done[1] == "disable --quiet --now engine.timer"
        assert not (layout.UNITS / "engine.timer").exists()

    def test_timers_of_both_sets_stay(self, place: Place, done: list[str]) -> None:
        died(place, "engine.timer")
        stored(place, "d1", "engine.timer")
        automatic_rollback.recover("engine")
        assert not any(word.startswith("disable") for word in done)

    @pytest.mark.parametrize("state", ["stopped", "disabled"])
    def test_what_is_not_to_run_any_more_is_not_started_by_a_return(
        self, place: Place, done: list[str], state: str
    ) -> None:
        died(place)
        stored(place, "d2", state=state)
        automatic_rollback.recover("engine")
        assert str(line()).startswith("engine: rolled back to d1: ")
        assert "start engine.service" not in done

    def test_it_waits_for_a_linked_file_of_either_set(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """An adopted set names none, and the process of the new one has them open."""
        path = place.models / "faces" / "2026-02-02" / "list.csv"
        path.parent.mkdir(parents=True)
        path.touch()
        died(place)
        stored(place, "d2", named_files=[Named(path, "ab", linked=True)])
        monkeypatch.setattr(linked_files, "writers", lambda paths: [str(each) for each in paths])
        with pytest.raises(Refusal, match=f"^{path}: open for writing for more than 0 s;"):
            automatic_rollback.recover("engine")
        left = pending_switch.read("engine")
        assert left is not None
        assert left.reason == "the switch was killed; last journal lines: first | last"
        assert chosen() == ("d2", "d1")

    def test_a_full_disk_does_not_keep_it_from_returning(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        died(place)

        def full(_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(pending_switch, "put", full)
        automatic_rollback.recover("engine")
        assert str(line()).startswith("engine: rolled back to d1: the switch was killed")

    def test_it_is_locked_out_while_a_switch_runs(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lock, "PATIENCE", 0)
        died(place)
        with lock.held(layout.switch_lock("engine"), "switch", "anna", "it"), pytest.raises(lock.Taken):
            automatic_rollback.recover("engine")
        assert chosen() == ("d2", "d1")

    def test_what_has_ended_while_it_waited_for_the_lock_is_let_be(
        self, place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        @contextmanager
        def held(*_: object) -> Iterator[None]:
            pending_switch.clear("engine")
            yield

        died(place)
        monkeypatch.setattr(lock, "held", held)
        automatic_rollback.recover("engine")
        assert (chosen(), done, history.entries()) == (("d2", "d1"), [], [])

    def test_it_holds_the_lock_by_its_own_name(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        holders: list[str] = []
        monkeypatch.setattr(health, "wait", lambda _: holders.append(lock.holder(layout.switch_lock("engine"))))
        died(place)
        automatic_rollback.recover("engine")
        [holder] = holders
        assert holder.startswith("anna@ramrod, since ")
        assert holder.endswith(": rollback after pyinfra inventory.py")

    def test_a_stick_that_came_after_the_start(
        self, place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The set before needs it too."""
        ends = iter([health.StickIsBack("0 of 1 workers live")])

        def wait(_: object) -> None:
            for end in ends:
                raise end

        monkeypatch.setattr(health, "wait", wait)
        died(place)
        automatic_rollback.recover("engine")
        assert str(line()).startswith("engine: rolled back to d1: the switch was killed")
        assert done == ["stop engine.service", "start engine.service"] * 2

    def test_again_after_it_was_cut_off(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        died(place)
        monkeypatch.setattr(health, "wait", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            automatic_rollback.recover("engine")
        monkeypatch.setattr(health, "wait", lambda _: None)
        automatic_rollback.recover("engine")
        assert str(line()).startswith("engine: rolled back to d1: the switch was killed")
        assert chosen() == ("d1", "d0")

    def test_the_process_of_a_set_from_before_ours_is_of_no_known_set(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "control", lambda *_, **__: None)
        died(place)
        layout.RUNTIME.mkdir(exist_ok=True)
        layout.started("engine").write_text("d2")
        automatic_rollback.recover("engine")
        assert not layout.started("engine").exists()

    def test_the_reason_is_written_once(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        died(place)
        put, written = pending_switch.put, list[str | None]()

        def note(found: pending_switch.PendingSwitch) -> None:
            written.append(found.reason)
            put(found)

        monkeypatch.setattr(pending_switch, "put", note)
        monkeypatch.setattr(health, "wait", lambda _: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                automatic_rollback.recover("engine")
        assert len(written) == 1

    def test_a_note_that_nobody_can_read_goes_aside(self, place: Place, done: list[str]) -> None:
        """H3: the unit would try again for ever."""
        died(place)
        layout.pending("engine").write_bytes(b"")
        automatic_rollback.recover("engine")
        assert (pending_switch.read("engine"), chosen(), done) == (None, ("d2", "d1"), [])


class TestWhereFilesCannotBePutBack:
    """H4: a service that runs with what is there is better than none."""

    def cannot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def install(_: str) -> None:
            raise PermissionError(1, "Operation not permitted", "engine.yaml")

        monkeypatch.setattr(installation, "install", install)

    def test_the_service_is_started_with_what_is_there_and_why_is_told(
        self, place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        died(place)
        self.cannot(monkeypatch)
        automatic_rollback.recover("engine")
        assert line() == (
            "engine: rolled back to d1: the switch was killed; last journal lines: first | last; and its files "
            "could not "
            "be put back: [Errno 1] Operation not permitted: 'engine.yaml'; it was started with what is there"
        )
        assert done == ["stop engine.service", "start --no-block engine.service"]
        assert chosen()[0] == "d1"

    def test_what_is_not_to_run_is_not_started(
        self, place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        died(place)
        stored(place, "d1", state="stopped")
        self.cannot(monkeypatch)
        automatic_rollback.recover("engine")
        assert done == ["stop engine.service"]

    def test_where_nothing_can_be_noted_it_is_not_stopped_again_and_again(
        self, place: Place, done: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        died(place)

        def prove(path: Path) -> None:
            raise Refusal(f"{path}: cannot be replaced (Read-only file system)")

        monkeypatch.setattr(installation, "prove_replaceable", prove)
        for _ in range(2):
            with pytest.raises(Refusal, match="Read-only file system"):
                automatic_rollback.recover("engine")
        assert done == ["start --no-block engine.service"] * 2
        assert pending_switch.read("engine") is not None
