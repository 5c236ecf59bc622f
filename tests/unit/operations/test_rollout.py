"""The rollout as pyinfra runs it: operation by operation, or host by host."""

from pathlib import Path

import pytest
from pyinfra.api import Host

from modelctl.errors import OperatorError
from node.desired_state import DesiredState
from node.protocol.facts import Facts
from operations import configs, rollout
from tests.unit.operations.engine import Engine

FIRST = "Switch the canaries"
OTHERS = "Switch the other hosts"
COLLECT = "Collect the deployment log"
OUTPOSTS = ("lab1", "east", "alpha5")
MODES = pytest.mark.parametrize("mode", ["waiting", "serial"])
DEPLOY_OF_ONE = """
from pyinfra import host
from operations import configs
from operations.rollout import rollout_of
from operations.run import run_of
if host.name == "alpha5":
    configs.switch_canaries(name="Switch the canaries", run=run_of(host.state))
else:
    rollout_of(host.state).leave(host.name)
"""
UNTOUCHED = "{}: not touched: lab1 {}; see why, mend the update, and run again"


def switches(engine: Engine) -> list[str]:
    return [event for event in engine.events if " switch" in event]


@MODES
def test_a_settled_fleet_is_asked_once_and_left_alone(engine: Engine, mode: str) -> None:
    run = engine.run(mode)
    assert (run.predicted, run.changed, run.failed, run.report) == ({}, {}, set(), [])
    questions = {name: node.questions for name, node in engine.nodes.items()}
    assert questions == {**dict.fromkeys(engine.nodes, 1), "deepend": 0}
    assert engine.events == []


def test_first_one_host_of_each_role_then_the_others(engine: Engine) -> None:
    engine.unsettle("data1", "sentinel", *OUTPOSTS)
    engine["lab1"].seconds = 0.2
    run = engine.run()
    assert run.predicted == run.changed
    assert run.changed == {FIRST: {"data1", "sentinel", "lab1"}, OTHERS: {"east", "alpha5"}, COLLECT: {"data1"}}
    desired = switches(engine)
    assert max(map(desired.index, ("data1 switch ended", "sentinel switch ended", "lab1 switch ended"))) < min(
        map(desired.index, ("east switch", "alpha5 switch"))
    )


@MODES
def test_of_a_role_the_first_has_ended_before_the_others_begin(engine: Engine, mode: str) -> None:
    engine.unsettle(*OUTPOSTS)
    engine["lab1"].seconds = 0.2
    run = engine.run(mode)
    assert (run.failed, run.report) == (set(), [])
    assert switches(engine)[:2] == ["lab1 switch", "lab1 switch ended"]
    assert len(switches(engine)) == 6


@MODES
@pytest.mark.parametrize(
    ("ending", "words", "kind"),
    [
        ("returned", "rolled back to its old set", "rolled back"),
        ("failed", "failed with its new set", "failed"),
        ("lost", "gave no answer in mid-switch", "unknown"),
        ("silent", "gave no answer in mid-switch", "unknown"),
    ],
)
def test_a_return_stops_the_rollout(engine: Engine, mode: str, ending: str, words: str, kind: str) -> None:
    engine.unsettle("data1", *OUTPOSTS)
    engine["lab1"].ending = ending
    run = engine.run(mode)
    assert run.failed == set(OUTPOSTS)
    assert not {"east switch", "alpha5 switch"} & set(switches(engine))
    for name in ("east", "alpha5"):
        assert engine[name].said == [UNTOUCHED.format(name, words)]
    assert run.report == [
        f"--> Rollout: lab1 {words}",
        "new set: data1, sentinel",
        f"{kind}: lab1",
        "never touched: east, alpha5",
    ]


@pytest.mark.parametrize("mode", ["waiting", "serial"])
def test_the_first_host_of_a_role_is_tried_whatever_became_of_anothers(engine: Engine, mode: str) -> None:
    engine.unsettle("data1", "lab1", "east")
    engine["data1"].ending = "returned"
    run = engine.run(mode, parallel=1)
    assert [event for event in switches(engine) if event.endswith(" switch")] == ["data1 switch", "lab1 switch"]
    assert run.report[-2:] == ["rolled back: data1", "never touched: east"]


@MODES
def test_a_refusal_of_the_node_does_not_stop_it(engine: Engine, mode: str) -> None:
    engine.unsettle(*OUTPOSTS)
    engine["lab1"].ending = "refused"
    run = engine.run(mode)
    assert run.failed == {"lab1"}
    assert run.report == []
    assert engine["east"].is_settled
    assert engine["alpha5"].is_settled


@MODES
def test_a_host_that_is_down_does_not_stop_it_and_another_goes_first(engine: Engine, mode: str) -> None:
    engine.unsettle(*OUTPOSTS)
    engine["lab1"].is_up = False
    run = engine.run(mode)
    assert run.failed == {"lab1"}
    assert run.changed[FIRST] == {"east"}
    assert run.changed[OTHERS] == {"alpha5"}
    assert run.report == []


def test_a_host_that_dies_before_its_turn_is_asked_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its switch would be without an answer, and nobody would know whether it had begun."""
    engine.unsettle(*OUTPOSTS)
    run_lab1 = engine["lab1"].run

    def end_and_cut(name: str) -> tuple[bool, list[str]]:
        engine["east"].is_up = False
        return run_lab1(name)

    monkeypatch.setattr(engine["lab1"], "run", end_and_cut)
    run = engine.run()
    assert run.failed == {"east"}
    assert run.report == []
    assert "east switch" not in engine.events


def test_a_return_among_the_others_is_reported(engine: Engine) -> None:
    engine.unsettle(*OUTPOSTS)
    engine["alpha5"].ending = engine["east"].ending = "returned"
    engine["alpha5"].seconds, engine["east"].seconds = 0.3, 0.2
    run = engine.run()
    assert run.failed == {"east", "alpha5"}
    assert run.report == [
        "--> Rollout: alpha5 rolled back to its old set; east rolled back to its old set",
        "new set: data1, sentinel, lab1",
        "rolled back: east, alpha5",
    ]


def test_with_few_at_once_a_return_among_the_others_stops_the_rest(engine: Engine) -> None:
    engine.unsettle(*OUTPOSTS)
    engine["east"].ending = "returned"
    run = engine.run(parallel=1)
    assert run.failed == {"east", "alpha5"}
    assert run.report[-1] == "never touched: alpha5"


def test_the_report_comes_when_every_host_has_failed(engine: Engine) -> None:
    engine.unsettle("lab1")
    engine["lab1"].ending = "returned"
    run = engine.run(limit=["lab1"])
    assert run.error == "No hosts remaining!"
    assert run.report == ["--> Rollout: lab1 rolled back to its old set", "rolled back: lab1"]


def test_hosts_outside_the_run_are_not_reported(engine: Engine) -> None:
    engine.unsettle(*OUTPOSTS)
    engine["east"].ending = "returned"
    run = engine.run(limit=["east", "alpha5"])
    assert run.report[1:] == ["rolled back: east", "never touched: alpha5"]


def test_a_settled_host_is_nobodys_first(engine: Engine) -> None:
    engine.unsettle("east", "alpha5")
    run = engine.run()
    assert run.predicted == run.changed == {FIRST: {"east"}, OTHERS: {"alpha5"}, COLLECT: {"data1"}}


@pytest.mark.parametrize("parallel", [1, 2, 0])
@MODES
def test_the_operator_names_the_first(engine: Engine, mode: str, parallel: int) -> None:
    engine.unsettle(*OUTPOSTS)
    run = engine.run(mode, parallel=parallel, canary="alpha5")
    for found in (run.predicted, run.changed):
        assert (found[FIRST], found[OTHERS]) == ({"alpha5"}, {"lab1", "east"})
    assert switches(engine)[:2] == ["alpha5 switch", "alpha5 switch ended"]


def test_a_named_host_that_is_settled_goes_first_nowhere(engine: Engine) -> None:
    engine.unsettle("lab1", "east")
    run = engine.run(canary=["alpha5", "data1"])
    assert run.predicted == run.changed == {FIRST: {"lab1"}, OTHERS: {"east"}, COLLECT: {"data1"}}


def test_named_hosts_keep_their_roles_place(engine: Engine) -> None:
    state = engine._state((), 0, {"canary": "east,sentinel"})
    assert [host.name for host in rollout.run_order(state.inventory)] == [
        "data1", "sentinel", "east", "lab1", "alpha5", "deepend",
    ]  # fmt: skip


@pytest.fixture
def late(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """lab1 takes its time to answer."""
    answer = engine["lab1"].gather

    def answer_late(host: Host) -> object:
        engine.clock.sleep(0.2)
        return answer(host)

    monkeypatch.setattr(engine["lab1"], "gather", answer_late)
    engine.unsettle(*OUTPOSTS)
    return engine


@MODES
def test_an_answer_that_comes_late_is_waited_for(late: Engine, mode: str) -> None:
    run = late.run(mode)
    assert run.predicted[FIRST] == run.changed[FIRST] == {"lab1"}


@pytest.fixture
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits in vain does not go first."""
    monkeypatch.setattr(rollout, "ANSWER_SECONDS", 2)


@pytest.mark.usefixtures("_short_wait")
@MODES
def test_who_waits_is_woken_by_a_failure_too(engine: Engine, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_late(host: Host) -> None:
        engine.clock.sleep(0.2)
        host.state.fail_hosts({host})

    monkeypatch.setattr(engine["lab1"], "gather", fail_late)
    engine.unsettle(*OUTPOSTS)
    run = engine.run(mode)
    assert run.failed == {"lab1"}
    assert run.predicted[FIRST] == run.changed[FIRST] == {"east"}


@pytest.mark.usefixtures("_short_wait")
@MODES
def test_an_error_of_the_operators_wakes_them_too(late: Engine, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moving = configs._moving

    def fail(found: Facts, desired: DesiredState) -> object:
        if desired.host == "lab1":
            raise OperatorError("lab1: no")
        return moving(found, desired)

    monkeypatch.setattr(configs, "_moving", fail)
    run = late.run(mode)
    assert run.failed == {"lab1"}
    assert (run.predicted[FIRST], run.changed[FIRST]) == ({"lab1", "east"}, {"east"})


@pytest.mark.usefixtures("_short_wait")
@MODES
def test_who_has_no_part_in_a_deploy_is_not_waited_for(engine: Engine, mode: str, tmp_path: Path) -> None:
    """As in deploys/coral.py."""
    engine.unsettle("alpha5")
    (tmp_path / "deploy.py").write_text(DEPLOY_OF_ONE)
    run = engine.run(mode, program=str(tmp_path / "deploy.py"))
    assert run.predicted[FIRST] == run.changed[FIRST] == {"alpha5"}


@MODES
def test_a_first_host_that_was_stopped_itself_holds_nobody_up(late: Engine, mode: str) -> None:
    late.unsettle("data1")
    late["data1"].ending = "returned"
    late["lab1"].ending = "refused"
    run = late.run(mode, limit=["data1", "lab1", "east"])
    assert run.failed >= {"data1", "lab1", "east"}
    assert not late["east"].is_settled


def test_a_host_that_never_answers_holds_nobody_back_for_ever(late: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is another the first then: this one may be it yet."""
    monkeypatch.setattr(rollout, "ANSWER_SECONDS", 0)
    run = late.run()
    assert (run.predicted[FIRST], run.predicted[OTHERS]) == ({"lab1"}, {"east", "alpha5"})


def test_a_host_that_has_not_answered_in_time_is_waited_for_before_the_others(
    late: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "ANSWER_SECONDS", 0)
    run = late.run()
    assert (run.failed, run.report) == (set(), [])
    assert switches(late)[:2] == ["lab1 switch", "lab1 switch ended"]


def test_one_that_then_need_not_move_makes_way(late: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "ANSWER_SECONDS", 0)
    late["lab1"].is_settled = True
    run = late.run()
    assert (run.failed, run.report) == (set(), [])
    assert {"east", "alpha5"} <= {event.partition(" ")[0] for event in switches(late)}


def test_a_run_that_is_broken_off_says_what_it_does_not_know(engine: Engine) -> None:
    engine.unsettle("sentinel", *OUTPOSTS)
    engine["lab1"].seconds = 1
    run = engine.run(seconds=0.5)
    assert run.report == [
        "--> Rollout: lab1 gave no answer in mid-switch",
        "new set: data1, sentinel",
        "unknown: lab1",
        "never touched: east, alpha5",
    ]
