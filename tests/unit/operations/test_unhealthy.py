"""A host whose sets are as wanted, and whose service does not work."""

from collections.abc import Callable
from typing import Any

import pytest

from modelctl.inventory.fleet import Fleet
from node import protocol
from node.desired_state import DesiredState
from node.protocol.facts import Facts
from operations.audit import confirm
from operations.node_command import Refusal
from tests.unit.operations.engine import Engine, Node
from tests.unit.operations.hosts import (
    StubHost,
    desired_for,
    input_lines,
    line,
    make_host,
    plan,
    predict,
    settled,
    with_set,
)

Answer = Callable[[Facts | None], None]
HEALTH = "unhealthy: imagenode.service: 0 of 1 workers live"
FIRST, CONFIRM, COLLECT = "Switch the canaries", "Confirm what runs", "Collect the deployment log"


def say(node: Node, **changes: Any) -> None:
    """Let a node say this of its one service."""
    node.answer = with_set(node.answer, **changes)


def heal(node: Node) -> None:
    """Let its switch make it healthy."""
    switch = node.run

    def run(name: str) -> tuple[bool, list[str]]:
        ended = switch(name)
        say(node, health=None, may_restart=False)
        return ended

    node.run = run  # type: ignore[method-assign]


@pytest.fixture
def lab1(fleet: Fleet) -> StubHost:
    return make_host("lab1", fleet)


@pytest.fixture
def restartable(lab1: StubHost, answer: Answer) -> StubHost:
    answer(with_set(settled(lab1), health=HEALTH, may_restart=True))
    return lab1


@pytest.mark.parametrize("may_restart", [False, True])
def test_a_healthy_host_is_left_alone(lab1: StubHost, answer: Answer, may_restart: bool) -> None:
    """Whatever else its node says: an error here would end the run for all hosts."""
    answer(with_set(settled(lab1), may_restart=may_restart))
    assert plan(confirm, lab1) == []
    assert (lab1.said, lab1.state.failed_hosts) == (["as wanted"], [])


@pytest.mark.parametrize("is_executing", [False, True])
def test_it_is_started_anew_by_a_switch_to_the_set_that_it_has(restartable: StubHost, is_executing: bool) -> None:
    """Predicted, and told in the same words."""
    restartable.state.is_executing = is_executing
    made = predict(confirm, restartable)
    assert made is not None
    assert line(made).endswith(" switch")
    desired = protocol.loads(DesiredState, input_lines(made)[0])
    assert [(each.service, each.digest) for each in desired.sets] == [
        ("imagenode", settled(restartable).sets["imagenode"].chosen)
    ]
    assert desired == desired_for(restartable)
    assert restartable.said == [f"imagenode: {HEALTH}; it is started anew, once"]
    assert restartable.state.failed_hosts == []


@pytest.mark.parametrize(
    "health",
    [
        HEALTH,
        "starting: port 1 is closed, 3 s after its start",
        "no stick: 0 of 1 workers live",
        "unknown: /proc: no",
    ],
)
def test_what_a_run_may_not_start_anew_is_refused(lab1: StubHost, answer: Answer, health: str) -> None:
    answer(with_set(settled(lab1), health=health))
    [refusal] = plan(confirm, lab1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == f"lab1: runs what it should, but imagenode: {health}; look at it, and run again"
    assert lab1.state.failed_hosts == [lab1]


def test_drift_comes_first(lab1: StubHost, answer: Answer) -> None:
    answer(with_set(settled(lab1), differences=["x"], health=HEALTH, may_restart=True))
    [refusal] = plan(confirm, lab1)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "lab1: switched, but imagenode: x; look at it, and run again"


def test_a_run_does_what_it_predicts(engine: Engine) -> None:
    say(engine["lab1"], health=HEALTH, may_restart=True)
    run = engine.run()
    assert run.predicted == run.changed == {CONFIRM: {"lab1"}, COLLECT: {"data1"}}
    assert (run.failed, engine.events[:2]) == (set(), ["lab1 switch", "lab1 switch ended"])
    assert engine["lab1"].questions == 2  # to predict, and what became of it


def test_one_that_may_not_be_started_anew_fails_alone(engine: Engine) -> None:
    say(engine["lab1"], health=HEALTH)
    engine.unsettle("east")
    run = engine.run()
    assert (run.failed, engine["east"].is_settled) == ({"lab1"}, True)


@pytest.mark.parametrize("may_restart", [True, False])
def test_a_switch_that_mends_it_is_one_change(engine: Engine, may_restart: bool) -> None:
    """How it is before its switch is no reason to refuse it that, or to start it anew besides."""
    engine.unsettle("lab1")
    say(engine["lab1"], health=HEALTH, may_restart=may_restart)
    heal(engine["lab1"])
    run = engine.run()
    assert run.predicted == run.changed == {FIRST: {"lab1"}, COLLECT: {"data1"}}
    assert run.failed == set()
