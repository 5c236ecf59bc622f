"""The clean-up of the registry: its units, and what a run tells it first."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from paramiko import SSHException

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.remote import NoAnswer
from modelctl.prune import roots
from node import protocol
from node.protocol.facts import Facts, Missing
from node.protocol.retention import AddRoots, Clone, HostReferences
from node.protocol.steps import InstallCleanup
from operations import cleanup
from operations.node_command import Refusal
from tests.unit.operations.engine import Engine
from tests.unit.operations.hosts import (
    StubHost,
    desired_for,
    gather,
    input_lines,
    line,
    make_host,
    make_hosts,
    plan,
    predict,
    run_for,
    settled,
    told,
)

Answer = Callable[[Facts | None], None]
WANTED = "face_recognition/2026-02-02"
Told = list[tuple[Path, list[Fleet], Mapping[str, HostReferences], object]]


@pytest.fixture
def sink(fleet: Fleet) -> StubHost:
    return make_host("data1", fleet)


@pytest.fixture
def datasink(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What the primary datasink was told."""
    said: Told = []
    monkeypatch.setattr(roots, "add", lambda *words: said.append(words))
    return said


def test_only_the_primary_datasink_is_told_of_the_units(fleet: Fleet, sink: StubHost) -> None:
    found = desired_for(sink).clean_up
    assert [each.path.name for each in found] == ["model_cleanup.service", "model_cleanup.timer"]
    assert {each.owner for each in found} == {"root"}
    lab1 = desired_for(make_host("lab1", fleet))
    assert (lab1.clean_up, lab1.datasink) == ([], None)


def test_the_units_are_put_right(sink: StubHost, answer: Answer) -> None:
    answer(told(settled(sink), clean_up=["the timer is disabled"]))
    [install] = plan(cleanup.install, sink)
    assert line(install) == "/usr/bin/python3 -I -S -B /var/lib/sentinelcam/program/DIGEST install-cleanup"
    assert protocol.loads(InstallCleanup, input_lines(install)[0]).units == desired_for(sink).clean_up
    assert sink.said == ["the timer is disabled"]


def run(sink: StubHost, found: Facts, answer: Answer) -> list[Any]:
    """What the operation does when the run executes, after its prediction."""
    answer(found)
    sink.state.is_executing = False
    sink.facts["InstalledFacts"] = found
    gather(sink)
    sink.state.is_executing = True
    return plan(cleanup.keep_referenced, sink)


def test_what_hosts_want_and_what_they_hold_is_told_before(sink: StubHost, answer: Answer, datasink: Told) -> None:
    found = settled(sink)._replace(references={WANTED: "in a set of datapump", "cats/2020-01-01": "in a set of cats"})
    assert run(sink, found, answer) == []
    [(folder, fleets, hosts, _)] = datasink
    assert (folder, fleets) == (sink.data.site_folder, [sink.data.fleet])
    assert hosts == {"data1": HostReferences(found.references or {}, is_complete=True)}


def test_what_a_host_does_not_tell_is_not_narrowed(sink: StubHost, answer: Answer, datasink: Told) -> None:
    run(sink, settled(sink)._replace(references=None), answer)
    assert datasink[0][2] == {"data1": HostReferences({WANTED: "wanted"}, is_complete=False)}


def test_what_a_host_wants_whose_turn_comes_later_is_told_before(fleet: Fleet, answer: Answer, datasink: Told) -> None:
    """A run without a prediction, host by host (-y --serial), asks the second after the first was changed."""
    sink, _ = make_hosts(["data1", "lab1"], fleet)
    found = settled(sink)._replace(references={WANTED: "in a set of datapump"})
    run(sink, found, answer)
    wanted = [each.label for each in run_for(sink).needed["lab1"]]
    assert datasink[0][2] == {
        "data1": HostReferences(found.references or {}, is_complete=True),
        "lab1": HostReferences(dict.fromkeys(wanted, "wanted"), is_complete=False),
    }


def test_a_prediction_tells_nothing(sink: StubHost, answer: Answer, datasink: Told) -> None:
    answer(settled(sink))
    assert predict(cleanup.keep_referenced, sink) is None
    assert datasink == []


class TestALostDatasink:
    """Hosts that get only what it knew before go on; the others are refused by name."""

    @pytest.fixture(autouse=True)
    def _lost(self, monkeypatch: pytest.MonkeyPatch, sink: StubHost, tmp_path: Path) -> None:
        def add(*_: object) -> None:
            raise NoAnswer("data1 (192.168.10.50): No route to host")

        monkeypatch.setattr(roots, "add", add)
        sink.data.site_folder = tmp_path

    def test_what_it_never_knew(self, sink: StubHost, answer: Answer) -> None:
        [refusal] = run(sink, settled(sink), answer)
        assert isinstance(refusal, Refusal)
        assert refusal.reason == (
            "data1: it wants versions that the registry does not know to be needed; "
            "data1 (192.168.10.50): No route to host"
        )

    def test_a_host_whose_turn_comes_later(self, fleet: Fleet, tmp_path: Path, answer: Answer) -> None:
        sink, lab1 = make_hosts(["data1", "lab1"], fleet)
        sink.data.site_folder = tmp_path
        run(sink, settled(sink), answer)
        [refusal] = plan(cleanup.keep_referenced, lab1)
        assert isinstance(refusal, Refusal)
        assert refusal.reason.startswith("lab1: it wants versions that the registry does not know to be needed; ")

    @pytest.mark.parametrize(
        ("time", "versions", "host", "goes_on"),
        [
            ("now", [WANTED], "data1", True), ("now", [], "data1", False), ("now", [WANTED], "lab1", False),
            ("2020-01-01T00:00:00+00:00", [WANTED], "data1", False), ("x", [WANTED], "data1", False),
        ],
    )  # fmt: skip
    def test_what_it_knew(
        self, sink: StubHost, answer: Answer, time: str, versions: list[str], host: str, goes_on: bool
    ) -> None:
        now = datetime.now(UTC).isoformat() if time == "now" else time
        known = {"time": now, "versions": versions, "hosts": {host: [WANTED]}}
        (sink.data.site_folder / roots.REMEMBERED).write_text(json.dumps(known))
        assert (run(sink, settled(sink), answer) == []) is goes_on


def test_a_run_tells_once_of_all_its_hosts_that_answer(engine: Engine) -> None:
    engine.unsettle("lab1")
    engine["east"].text = "no answer"
    engine.run(limit=["lab1", "east", "data1"])
    assert [set(hosts) for hosts in engine.roots] == [{"lab1", "data1"}]


@pytest.mark.parametrize("program", ["deploys/cleanup.py", "deploys/configs.py"])
def test_a_run_without_a_prediction_tells_wholly_of_all_its_hosts(engine: Engine, program: str) -> None:
    for node in engine.nodes.values():
        node.answer = node.answer._replace(references={})
    engine.run("yes", program=program, limit=["lab1", "east", "data1"])
    assert [{name: each.is_complete for name, each in hosts.items()} for hosts in engine.roots] == [
        {"lab1": True, "east": True, "data1": True}
    ]


class TestTheWay:
    """Over the run's own connection to the datasink, where its program can be asked; else over another one."""

    @pytest.fixture(autouse=True)
    def _others(self, engine: Engine) -> None:
        """What is told over another connection is an event too."""
        told = AddRoots(Clone("anna@ramrod:/site", {}, [], 3), {}, "anna@ramrod")
        engine.monkeypatch.setattr(roots, "add", lambda _, fleets, __, tell: tell(fleets[0], told))
        engine.monkeypatch.setattr(roots, "tell", lambda *_: engine.events.append("told"))

    def test_a_datasink_of_the_run(self, engine: Engine) -> None:
        engine.unsettle("lab1")
        engine.run()
        assert engine.events[:2] == ["data1 add-roots", "data1 add-roots ended"]
        assert "told" not in engine.events

    def test_one_that_is_not_in_the_run(self, engine: Engine) -> None:
        engine.unsettle("lab1")
        engine.run(limit=["lab1"])
        assert engine.events[0] == "told"
        assert "data1 add-roots" not in engine.events

    def test_one_with_another_program(self, engine: Engine) -> None:
        data1 = engine["data1"]
        data1.answer = data1.answer._replace(current_program="ab" * 32)
        engine.run()
        assert "told" in engine.events
        assert "data1 add-roots" not in engine.events

    def test_one_that_has_failed(self, engine: Engine) -> None:
        data1 = engine["data1"]
        data1.answer = data1.answer._replace(missing=Missing(configs=["no clock"]))
        assert "data1" in engine.run().failed
        assert "told" in engine.events
        assert "data1 add-roots" not in engine.events

    def test_one_that_gives_no_answer_in_time_is_lost(self, engine: Engine) -> None:
        """It may yet be at work on what it was told: another connection would find its roots taken."""

        def hang(_: str) -> tuple[bool, list[str]]:
            raise TimeoutError

        engine.monkeypatch.setattr(engine["data1"], "run", hang)
        engine.monkeypatch.setattr(roots, "covers", lambda _, host, __: host == "lab1")
        assert engine.run(limit=["lab1", "data1"]).failed == {"data1"}
        assert "told" not in engine.events

    @pytest.mark.parametrize("failure", [None, OSError("no route to host"), SSHException("closed"), EOFError()])
    def test_one_that_fails_is_asked_again_over_another(self, engine: Engine, failure: Exception | None) -> None:
        def fail(_: str) -> tuple[bool, list[str]]:
            if failure is not None:
                raise failure
            return False, []

        engine.monkeypatch.setattr(engine["data1"], "run", fail)
        run = engine.run(limit=["lab1", "data1"])
        assert "told" in engine.events
        assert run.failed == set()


def test_a_datasink_that_refuses_is_asked_once_and_no_host_is_changed(engine: Engine) -> None:
    asked = []

    def add(*words: object) -> None:
        asked.append(words)
        raise OperatorError("data1: its roots are damaged")

    engine.monkeypatch.setattr(roots, "add", add)
    engine.unsettle("lab1", "east")
    run = engine.run(limit=["lab1", "east"])
    assert len(asked) == 1
    assert (run.failed, run.changed) == ({"lab1", "east"}, {})


def test_settled_nothing_is_done(sink: StubHost, answer: Answer) -> None:
    answer(settled(sink))
    assert plan(cleanup.install, sink) == plan(cleanup.keep_referenced, sink) == []
