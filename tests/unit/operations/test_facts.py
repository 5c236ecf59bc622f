import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import FactProcessError

from modelctl.desired.trainer import uploads
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Revoked
from modelctl.nodes.bundle import bundle
from modelctl.nodes.pull_ca import PullCa
from node.desired_state import Datasink
from node.desired_state import Options as AskedFor
from operations import facts
from operations.facts import BareFacts, InstalledFacts, has_program
from operations.run import Run
from tests.unit.operations.engine import Engine
from tests.unit.operations.hosts import (
    StubHost,
    StubInventory,
    as_host,
    desired_for,
    gather,
    make_host,
    settled,
)
from tests.unit.operations.test_facts_answer import ANSWER, STATE


def test_the_question_to_a_node_without_the_program_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that ends before it has read the question closes the channel under pyinfra's hands."""
    monkeypatch.setattr(facts, "PROGRAMS", str(tmp_path))
    question = b"x" * 1_000_000
    asked = InstalledFacts()
    words = ["sh", "-c", asked.command(["engine"]).get_raw_value()]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(question)
        process.stdin.close()
        output = process.stdout.read().decode().splitlines()
    assert process.returncode == 0
    assert asked.process(output) is None


def test_the_installed_program_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "PROGRAMS", str(tmp_path))
    program = tmp_path / bundle().digest / "__main__.py"
    program.parent.mkdir()
    program.write_text(f"import sys; assert sys.argv[1:] == ['facts']; print({json.dumps(ANSWER)!r})")
    asked = InstalledFacts()
    output = subprocess.check_output(["sh", "-c", asked.command(["engine"]).get_raw_value()], text=True)
    found = asked.process(output.splitlines())
    assert found is not None
    assert has_program(found)


def test_a_bare_node_is_sent_the_loader_only_on_the_command_line() -> None:
    words = shlex.split(BareFacts().command(["engine"]).get_raw_value())
    assert words[:5] + words[6:] == ["/usr/bin/python3", "-I", "-S", "-B", "-c", "facts"]
    assert len(words[5]) < 1500


class AskedHost(StubHost):
    """A host that counts its questions."""

    def __init__(self, name: str, fleet: Fleet, **answers: Any) -> None:
        super().__init__(name, fleet, StubInventory({}))
        self.inventory.append(self)
        self.questions: list[tuple[str, list[str]]] = []
        self.facts = answers

    def get_fact(self, fact: type, **arguments: Any) -> Any:
        self.questions.append((fact.__name__, arguments["_stdin"].readlines()))
        return super().get_fact(fact)


class TestRemembering:
    @pytest.fixture
    def host(self, fleet: Fleet) -> AskedHost:
        return AskedHost("lab1", fleet, InstalledFacts=settled(make_host("lab1", fleet)))

    def test_one_question_for_many_operations(self, host: AskedHost) -> None:
        first = gather(host)
        assert gather(host) is first
        assert [name for name, _ in host.questions] == ["InstalledFacts"]

    def test_a_change_is_asked_for(self, host: AskedHost) -> None:
        gather(host)
        facts.forget(as_host(host))
        gather(host)
        assert len(host.questions) == 2

    def test_the_run_does_not_trust_the_prediction(self, host: AskedHost) -> None:
        gather(host)
        facts.foresee(as_host(host), current_program=None)
        foreseen = gather(host)
        assert foreseen is not None
        assert not has_program(foreseen)
        host.state.is_executing = True
        found = gather(host)
        assert found is not None
        assert has_program(found)
        facts.foresee(as_host(host), current_program=None)
        assert gather(host) is found

    @pytest.mark.parametrize(("seconds", "questions"), [(0.0, 1), (9.9, 1), (10.0, 2), (3600.0, 2)])
    def test_the_run_goes_by_what_was_answered_a_moment_ago(
        self, host: AskedHost, monkeypatch: pytest.MonkeyPatch, seconds: float, questions: int
    ) -> None:
        """A settled host is asked once; an operator may look at a prediction for an hour before saying yes."""
        now = 1000.0
        monkeypatch.setattr("operations.facts.time.monotonic", lambda: now)
        gather(host)
        host.state.is_executing, now = True, now + seconds
        gather(host)
        assert len(host.questions) == questions

    def test_the_run_asks_anew_where_its_question_has_changed(
        self, host: AskedHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first prediction on a control node makes its pull CA: only then is it known who was revoked there."""
        gather(host)
        host.state.is_executing = True
        desired = Run.desired
        monkeypatch.setattr(Run, "desired", lambda run, name: desired(run, name)._replace(purpose="another"))
        gather(host)
        assert len(host.questions) == 2

    def test_the_run_asks_for_what_it_has_changed_however_recently(self, host: AskedHost) -> None:
        gather(host)
        host.state.is_executing = True
        gather(host)
        facts.forget(as_host(host))
        gather(host)
        assert len(host.questions) == 2

    def test_a_bare_node_gets_one_more_question_with_the_program(self, host: AskedHost) -> None:
        host.facts = {"InstalledFacts": None, "BareFacts": settled(host)}
        assert gather(host) is not None
        [(_, asked), (name, sent)] = host.questions
        assert (name, sent) == ("BareFacts", [bundle().line, *asked])

    def test_the_last_answer_stays_known_whatever_is_forgotten_or_foreseen(self, host: AskedHost) -> None:
        assert facts.last_answer(as_host(host)) is None
        first = gather(host)
        facts.foresee(as_host(host), current_program=None)
        facts.forget(as_host(host))
        assert facts.last_answer(as_host(host)) is first
        host.facts["InstalledFacts"] = settled(host)
        second = gather(host)
        assert second is not first
        assert facts.last_answer(as_host(host)) is second

    def test_no_answer_is_not_remembered(self, host: AskedHost) -> None:
        host.facts = {"InstalledFacts": None, "BareFacts": None}
        assert gather(host) is None
        assert gather(host) is None
        assert len(host.questions) == 4


class TestAsked:
    def test_what_the_operator_said(self, fleet: Fleet) -> None:
        host = make_host("lab1", fleet, unlock="yes", verify="full")
        host.state.config.DIFF = True
        assert desired_for(host).options == AskedFor(unlock=True, full=True, diff=True)

    def test_nothing_was_said(self, fleet: Fleet) -> None:
        found = desired_for(make_host("lab1", fleet)).options
        assert found == AskedFor(unlock=False, full=False, diff=False)


class TestDatasink:
    def told(self, host: StubHost) -> Datasink:
        found = desired_for(host).datasink
        assert found is not None
        return found

    def test_the_primary_datasink_alone_is_told(self, fleet: Fleet) -> None:
        told = {name: desired_for(make_host(name, fleet)).datasink for name in ("data1", "lab1")}
        assert told["data1"]
        assert told["lab1"] is None

    def test_no_pull_ca_yet(self, fleet: Fleet) -> None:
        assert self.told(make_host("data1", fleet)).pull_ca is None

    def test_the_pull_ca_lines(self, fleet: Fleet) -> None:
        """R6."""
        pull_ca, revoked = PullCa(fleet.site.pull_ca), Revoked(hosts={"east": 2})
        pull_ca.create()
        lines = self.told(make_host("data1", replace(fleet, revoked=revoked))).pull_ca
        assert lines is not None
        assert len(lines) == 3
        assert lines == pull_ca.lines("/home/ops/sentinelcam/model_registry", revoked, uploads(fleet))

    def test_where_the_deployment_log_is(self, fleet: Fleet) -> None:
        assert self.told(make_host("data1", fleet)).log == Path("/home/ops/sentinelcam/logs/model_deployment.log")

    def test_needed_is_what_the_hosts_of_this_run_want(self, fleet: Fleet) -> None:
        host = make_host("data1", fleet)
        for name in ("lab1", "east"):
            host.inventory.append(StubHost(name, fleet, host.inventory))
        host.state.is_host_in_limit = lambda each: each.name != "east"
        assert self.told(host).needed == {
            "face_recognition/2026-02-02": b"2026-02-02".hex().ljust(64, "0"),
            "mobilenet_ssd/2020-12-06": b"2020-12-06".hex().ljust(64, "0"),
        }


@pytest.mark.parametrize("changes", [{"sets": {}}, {"pull_access": {}}, {"missing_versions": 7}, {"history": "x"}])
@pytest.mark.parametrize("mode", ["waiting", "serial"])
def test_a_node_that_says_anything_fails_alone(engine: Engine, mode: str, changes: dict[str, Any]) -> None:
    engine.unsettle("lab1", "east")
    engine["lab1"].text = json.dumps({**ANSWER, "sets": {"imagenode": STATE}, **changes})
    run = engine.run(mode)
    assert run.failed == {"lab1"}
    assert engine["east"].is_settled


def test_a_node_that_answers_of_other_services_fails_alone(engine: Engine) -> None:
    settled_state = {**STATE, "differences": [], "not_ready": None}
    engine["lab1"].text = json.dumps({**ANSWER, "sets": {"engine": settled_state}})
    assert engine.run().failed == {"lab1"}
    engine["lab1"].text = json.dumps({**ANSWER, "sets": {"imagenode": settled_state}, "history": []})
    assert engine.run().failed == set()


@pytest.mark.parametrize(
    "text",
    ["", "raise SystemExit(1)", "print('half an ans', end=''); raise RuntimeError", "import json; json.nothing", "\0"],
)
def test_a_program_that_fails_or_says_nothing_is_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """H2, S7: the host is asked again, with the program sent along."""
    monkeypatch.setattr(facts, "PROGRAMS", str(tmp_path))
    program = tmp_path / bundle().digest / "__main__.py"
    program.parent.mkdir()
    program.write_text(text)
    asked = InstalledFacts()
    done = subprocess.run(
        ["sh", "-c", asked.command(["engine"]).get_raw_value()], input="{}" * 100_000, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert asked.process(done.stdout.splitlines()) is None


def test_what_a_login_prints_before_the_answer_is_no_part_of_it() -> None:
    """H15."""
    found = BareFacts()
    found.command(["engine"])
    facts_of = found.process(["Welcome to lab1", "", json.dumps(ANSWER)])
    assert facts_of is not None
    assert facts_of.missing_versions == ["cats/2026-01-01"]


def test_what_a_login_prints_in_place_of_an_answer_is_shown() -> None:
    """H15."""
    asked = BareFacts()
    asked.command(["engine"])
    with pytest.raises(FactProcessError) as caught:
        asked.process([json.dumps(ANSWER), "Goodbye\x1b[2J"])
    said = str(caught.value)
    assert said.startswith("the node's answer holds no facts: ")
    assert "Goodbye" in said
    assert said.endswith("; does a login there print something of its own?")
    assert said.isprintable()
