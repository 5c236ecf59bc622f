from collections.abc import Callable, Iterator

import pytest
from pyinfra.api import Host, StringCommand

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from node.protocol.facts import Facts
from operations import facts
from operations.node_command import Refusal
from operations.node_operation import RUN, node_operation
from operations.notes import notes_of
from operations.rollout import rollout_of
from operations.run import Run
from tests.unit.operations.hosts import StubHost, as_host, make_host, plan, predict, settled

Answer = Callable[[Facts | None], None]


@node_operation
def change(_host: Host, _found: Facts, _run: Run) -> Iterator[StringCommand]:
    """Change something."""
    yield StringCommand("one")
    yield StringCommand("two")


@node_operation
def fail(_host: Host, _found: Facts, _run: Run) -> Iterator[StringCommand]:
    """Fail after something."""
    yield StringCommand("one")
    raise OperatorError("no such file; expected one")


@pytest.fixture
def host(fleet: Fleet) -> StubHost:
    return make_host("lab1", fleet)


def remember(host: StubHost) -> None:
    facts._remembered[as_host(host)] = (False, settled(host))


def test_an_operation_keeps_the_plans_name_and_words() -> None:
    assert (change.__name__, change.__doc__) == ("change", f"Change something.{RUN}")


def test_a_change_is_forgotten_when_it_is_done(host: StubHost, answer: Answer) -> None:
    answer(settled(host))
    remember(host)
    assert [str(each) for each in plan(change, host)] == ["one", "two"]
    assert as_host(host) not in facts._remembered


def test_a_prediction_forgets_nothing(host: StubHost, answer: Answer) -> None:
    """pyinfra runs an operation to its first command to predict it."""
    answer(settled(host))
    remember(host)
    assert str(predict(change, host)) == "one"
    assert as_host(host) in facts._remembered


def test_an_operators_error_fails_one_host_and_not_the_run(host: StubHost, answer: Answer) -> None:
    answer(settled(host))
    *_, last = plan(fail, host)
    assert isinstance(last, Refusal)
    assert last.reason == "no such file; expected one"


def test_no_answer_fails_the_host(host: StubHost, answer: Answer) -> None:
    answer(None)
    [refusal] = plan(change, host)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "lab1: gave no answer; see above"


def test_what_the_node_has_said_is_not_said_twice(host: StubHost, answer: Answer) -> None:
    """Its own line stands above; the closing word repeats it."""
    answer(None)
    notes_of(as_host(host)).failed(["no space left"])
    [refusal] = plan(change, host)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "lab1: gave no answer: no space left"
    assert host.said == ["lab1: gave no answer; see above"]
    assert "no space left" not in refusal.get_raw_value()


@pytest.mark.parametrize("operation", [change, fail])
def test_whoever_is_refused_or_gives_no_answer_is_waited_for_no_more(
    host: StubHost, answer: Answer, operation: Callable[..., object]
) -> None:
    """The others of its role would wait for minutes."""
    answer(settled(host) if operation is fail else None)
    rollout = rollout_of(as_host(host).state)
    plan(operation, host)
    assert rollout.left == {"lab1"}


def test_a_refusal_fails_the_host_in_a_dry_run_too(host: StubHost, answer: Answer) -> None:
    answer(None)
    plan(change, host)
    assert host.state.failed_hosts == [host]
    assert host.said == ["lab1: gave no answer; see above"]


def test_in_a_run_the_command_itself_fails_the_host(host: StubHost, answer: Answer) -> None:
    host.state.is_executing = True
    answer(None)
    plan(change, host)
    assert host.state.failed_hosts == []


def test_nothing_more_is_predicted_for_a_host_that_has_failed(host: StubHost, answer: Answer) -> None:
    answer(settled(host))
    rollout = rollout_of(as_host(host).state)
    host.state.fail_hosts([host])
    assert predict(change, host) is None
    assert rollout.left == {"lab1"}
