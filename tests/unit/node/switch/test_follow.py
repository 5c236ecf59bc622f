import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from node import layout
from node.desired_state import DesiredState
from node.errors import Refusal
from node.protocol import loads
from node.protocol.steps import SwitchResult
from node.store import files, history, lock, pending_switch, sets
from node.switch import follow, switch_result
from tests.unit.node.places import HEALTH_CHECK, Place, begun, installed, request, service_set

Told = Callable[[DesiredState], dict[str, str]]


@pytest.fixture
def desired(place: Place) -> DesiredState:
    return place.desired(sets=[service_set("d1", installed(place.root / "engine.yaml", "new"))])


def systemd_run(programs: Path, script: str = "") -> None:
    (programs / "systemd-run").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {programs}/said\n{script}\n')
    (programs / "systemd-run").chmod(0o755)


def leaving(result: str, line: str | None) -> str:
    """A unit that leaves this result."""
    data = json.dumps({"name": result, "line": line})
    return f"for last; do :; done; echo '{data}' > {layout.RUNTIME}/outcome-$last"


def refusal(desired: DesiredState) -> str:
    with pytest.raises(Refusal) as caught:
        follow.switch(desired)
    return str(caught.value)


def last() -> tuple[str, str | None]:
    entry = history.last("engine")
    assert entry is not None
    return entry.outcome, entry.reason


class TestSwitch:
    def test_the_set_is_stored_and_a_unit_is_run(self, desired: DesiredState, programs: Path) -> None:
        systemd_run(programs, leaving("chosen", None))
        follow.switch(desired)
        assert sets.load("engine", "d1").commit == "c0ffee"
        *said, id = (programs / "said").read_text().splitlines()
        assert said == [
            "--quiet", "--wait", "--collect", "--unit=sentinelcam-switch-engine",
            "--description=Switch of engine, by anna@ramrod",
            "--property=OnFailure=sentinelcam-recover@engine.service",
            "--property=RuntimeMaxSec=420",
            "/usr/bin/python3", "-I", "-S", "-B", sys.path[0], "switch-unit",
        ]  # fmt: skip
        assert len(id) == 32
        assert list(layout.RUNTIME.iterdir()) == []

    def test_the_unit_can_read_what_is_asked_of_it(self, desired: DesiredState, programs: Path) -> None:
        systemd_run(programs, f"for last; do :; done; cp {layout.RUNTIME}/request-$last {programs}/request; exit 1")
        refusal(desired)
        id = (programs / "said").read_text().splitlines()[-1]
        (layout.RUNTIME / "request-x").write_bytes((programs / "request").read_bytes())
        assert follow.read("x") == request("d1", id)

    @pytest.mark.parametrize(
        ("result", "line"),
        [
            ("returned", "engine: rolled back to d0: it is unhealthy"),
            ("failed", "engine: failed, d1 stays chosen: it is unhealthy"),
        ],
    )
    def test_a_bad_result_is_told_as_it_is(self, desired: DesiredState, programs: Path, result: str, line: str) -> None:
        systemd_run(programs, leaving(result, line) + "; exit 1")
        assert refusal(desired) == line
        assert history.entries() == []

    def test_a_unit_that_does_not_begin_is_refused(self, desired: DesiredState, programs: Path) -> None:
        systemd_run(programs, "echo 'no such thing' >&2; echo more >&2; exit 1")
        assert refusal(desired) == "engine: no such thing"
        assert last() == ("refused", "no such thing")

    def test_a_unit_that_was_killed_before_its_note_is_refused(self, desired: DesiredState, programs: Path) -> None:
        systemd_run(programs, "exit 1")
        words = "the switch ended before it changed anything; see journalctl --unit=sentinelcam-switch-engine"
        assert refusal(desired) == "engine: " + words
        assert last() == ("refused", words)

    @pytest.mark.usefixtures("impatient")
    def test_a_second_switch_is_told_whose_the_first_is(self, desired: DesiredState, programs: Path) -> None:
        systemd_run(programs, "echo 'Unit sentinelcam-switch-engine.service was already loaded' >&2; exit 1")
        with lock.held(layout.switch_lock("engine"), "switch", "ben@shed", "pyinfra inventory.py -y"):
            found = refusal(desired)
        assert found.startswith("engine: another switch is running here: ben@shed, since 20")
        assert found.endswith(": pyinfra inventory.py -y; wait for it and run again")
        assert last()[0] == "refused"

    def test_a_refused_switch_says_what_stays_chosen(self, desired: DesiredState, programs: Path) -> None:
        sets.put(desired.sets[0], "c0ffee")
        sets.choose("engine", "d0", None)
        systemd_run(programs, "exit 1")
        refusal(desired)
        assert [(each.from_, each.to) for each in history.entries()] == [("d0", "d1")]


class TestFollow:
    """The unit died, and the recovery is at it."""

    @pytest.fixture(autouse=True)
    def pending(self, programs: Path) -> None:
        systemd_run(programs, "exit 1")
        layout.sets("engine").mkdir(parents=True)
        pending_switch.put(begun("d1", "d0"))

    def test_it_waits_for_the_recovery_and_tells_its_result(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looks: list[float] = []

        def sleep(seconds: float) -> None:
            looks.append(seconds)
            if len(looks) == 3:
                switch_result.conclude(request("d1"), "d0", history.ROLLED_BACK, "the switch was killed")
                pending_switch.clear("engine")

        monkeypatch.setattr(follow, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
        with pytest.raises(Refusal, match=r"^engine: rolled back to d0: the switch was killed$"):
            follow.follow(request("d1"), HEALTH_CHECK)
        assert len(looks) == 3

    def test_it_does_not_wait_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = iter(range(0, 100_000, 100))
        monkeypatch.setattr(time, "monotonic", lambda: next(now))
        monkeypatch.setattr(time, "sleep", lambda _: None)
        with pytest.raises(Refusal) as caught:
            follow.follow(request("d1"), HEALTH_CHECK)
        assert str(caught.value) == (
            "engine: the rollback is still pending; see journalctl --unit=sentinelcam-recover@engine"
        )
        assert history.entries() == []

    def test_the_note_of_another_switch_is_not_waited_for(self) -> None:
        with pytest.raises(Refusal, match=r"^engine: the switch ended before it changed anything;"):
            follow.follow(request("d1", "r2"), HEALTH_CHECK)


def test_refuse_writes_a_line_for_each_set_and_says_why(place: Place) -> None:
    wanted = [service_set("d1"), service_set("d2")._replace(service="other")]
    sets.put(wanted[0], "c0ffee")
    sets.choose("engine", "d0", None)
    with pytest.raises(Refusal, match=r"^your checkout is older$"):
        follow.refuse(place.desired(sets=wanted), "your checkout is older")
    found = [(each.service, each.from_, each.to, each.outcome, each.reason) for each in history.entries()]
    assert found == [
        ("engine", "d0", "d1", "refused", "your checkout is older"),
        ("other", None, "d2", "refused", "your checkout is older"),
    ]
    assert [(each.host, each.operator) for each in history.entries()] == [("node", "anna@ramrod")] * 2


@pytest.mark.usefixtures("impatient")
def test_a_set_is_not_described_anew_while_another_switch_runs(place: Place) -> None:
    wanted = service_set("d1", installed(place.root / "engine.yaml", "new"))
    sets.put(wanted, "theirs")
    desired = place.desired(sets=[wanted._replace(state="stopped")])
    with (
        lock.held(layout.switch_lock("engine"), "switch", "ben@ramrod", "pyinfra"),
        pytest.raises(Refusal, match=r"^engine: another switch is running here: ben@ramrod, since "),
    ):
        follow.switch(desired)
    assert (sets.load("engine", "d1").commit, sets.load("engine", "d1").content.state) == ("theirs", "running")
    assert [entry.outcome for entry in history.entries()] == ["refused"]


class TestTold:
    """What the control node reads: the last line on standard output."""

    @pytest.fixture
    def told(self, capsys: pytest.CaptureFixture[str]) -> Told:
        def switch(desired: DesiredState) -> dict[str, str]:
            with suppress(Refusal, ZeroDivisionError):
                follow.switch(desired)
            return loads(SwitchResult, capsys.readouterr().out).ended

        return switch

    @pytest.mark.parametrize("result", ["chosen", "returned", "failed", "refused", "unfit"])
    def test_how_it_ended(self, desired: DesiredState, programs: Path, told: Told, result: str) -> None:
        systemd_run(programs, leaving(result, None if result == "chosen" else "engine: it is ill"))
        assert told(desired) == {"engine": result}

    def test_what_comes_after_is_left_out(self, desired: DesiredState, programs: Path, told: Told) -> None:
        [wanted] = desired.sets
        others = [wanted._replace(service=name) for name in ("ill", "late")]
        returned, chosen = leaving("returned", "no"), leaving("chosen", None)
        systemd_run(programs, f'case "$*" in *=sentinelcam-switch-ill*) {returned};; *) {chosen};; esac')
        assert told(desired._replace(sets=[wanted, *others])) == {"engine": "chosen", "ill": "returned"}

    @pytest.mark.parametrize("error", [OSError(28, "No space left on device", "/x"), OSError(5, "Input/output error")])
    def test_a_disk_that_fails_before_it_begins(
        self, desired: DesiredState, told: Told, monkeypatch: pytest.MonkeyPatch, error: OSError
    ) -> None:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(sets, "put", fail)
        assert told(desired) == {"engine": "refused"}
        with pytest.raises(Refusal, match=r"^(/x|switch): (No space|Input).*; mend that on the node and run again$"):
            follow.switch(desired)

    def test_a_request_that_cannot_be_written(
        self, desired: DesiredState, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(sets, "put", lambda *_: None)
        monkeypatch.setattr(files, "write", fail)
        assert told(desired) == {"engine": "refused"}

    def test_whose_return_is_pending_nobody_knows(
        self, desired: DesiredState, programs: Path, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        systemd_run(programs, "exit 1")
        now = iter(range(0, 100_000, 100))
        monkeypatch.setattr(time, "monotonic", lambda: next(now))
        monkeypatch.setattr(time, "sleep", lambda _: None)
        monkeypatch.setattr(follow, "_is_pending", lambda _: True)
        assert told(desired) == {}

    def test_a_bug_of_ours(self, desired: DesiredState, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(follow, "_run_unit", lambda *_: 1 // 0)
        assert told(desired) == {}
