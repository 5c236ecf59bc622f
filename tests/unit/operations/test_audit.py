from pathlib import Path

import pytest
from pyinfra.api import Host

from node.protocol.facts import Logged, LogLine
from node.protocol.steps import AppendLog
from operations.audit import NOTHING, is_cut, unlogged
from operations.node_command import command
from tests.unit.operations.engine import Engine, Run, entry

FIRST = "Switch the canaries"
OTHERS = "Switch the other hosts"
COLLECT = "Collect the deployment log"


TIME, EARLIER = "2026-11-22T23:40:00Z", "2026-01-01T00:00:00Z"


def lines(*numbers: int, time: str = TIME, since: str = "") -> Logged:
    """What the log has of a host."""
    return Logged([LogLine(number, time) for number in numbers], since)


def let_log_have(engine: Engine, logged: Logged) -> None:
    """Let the deployment log have these lines of lab1."""
    datasink = engine["data1"].answer.datasink
    assert datasink is not None
    datasink.logged["lab1"] = logged


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[AppendLog]:
    """The messages of the append-log command."""
    from operations import audit

    messages: list[AppendLog] = []

    def keep(name: str, *, message: AppendLog) -> object:
        if message.lines:
            messages.append(message)
        return command(name, message=message)

    monkeypatch.setattr(audit, "command", keep)
    return messages


def test_what_the_log_lacks_is_collected() -> None:
    histories = {
        "lab1": [entry("lab1", number) for number in (4, 5, 6)],
        "east": [entry("east", 1)],
        "alpha5": [entry("alpha5", 9)],
    }
    found = unlogged({"lab1": lines(3, 4), "alpha5": lines(9)}, histories)
    assert [(each.host, each.n) for each in found] == [("lab1", 5), ("lab1", 6), ("east", 1)]


def test_a_gap_is_no_reason_to_collect_nothing() -> None:
    history = [entry("lab1", number) for number in range(30, 50)]
    assert unlogged({"lab1": lines(2)}, {"lab1": history}) == history


@pytest.mark.parametrize("counted", [1, 2, 3])
def test_a_new_card_that_begins_again_at_one_is_collected_whole(counted: int) -> None:
    """H9: also when it has counted past the last line."""
    history = [entry("lab1", number) for number in range(1, counted + 1)]
    assert unlogged({"lab1": lines(1, 2, time=EARLIER)}, {"lab1": history}) == history
    assert unlogged({"lab1": lines(1, 2, 3)}, {"lab1": history}) == []


def test_a_history_that_lost_its_end_has_nothing_new() -> None:
    history = [entry("lab1", number) for number in (1, 2)]
    assert unlogged({"lab1": lines(1, 2, 3, 4)}, {"lab1": history}) == []


def test_what_came_before_the_lines_that_are_told_is_in_the_log() -> None:
    history = [entry("lab1", 1, time=EARLIER), entry("lab1", 2)]
    assert unlogged({"lab1": lines(2, since=TIME)}, {"lab1": history}) == []


@pytest.mark.parametrize(
    ("logged", "numbers", "expected"),
    [
        (lines(4, 5), range(4, 9), False),
        (lines(5), range(5, 9), False),
        (lines(5), range(6, 9), True),
        (lines(4, 5, time=EARLIER), range(4, 9), True),
        (lines(9), range(2, 5), True),
        (lines(9), range(1, 5), False),
        (NOTHING, range(1, 5), False),
        (NOTHING, range(2, 5), True),
        (NOTHING, range(0), False),
    ],
)
def test_a_history_is_cut_where_the_log_may_lack_what_came_before_it(
    logged: Logged, numbers: range, expected: bool
) -> None:
    """H9."""
    assert is_cut(logged, [entry("lab1", number) for number in numbers]) is expected


def test_a_host_with_more_lines_than_a_facts_tells_is_asked_for_all(engine: Engine, sent: list[AppendLog]) -> None:
    """H9."""
    engine["lab1"].answer.history.extend(entry("lab1", number) for number in range(31, 51))
    engine["lab1"].history = [entry("lab1", number) for number in range(1, 51)]
    let_log_have(engine, lines(*range(1, 8)))
    run = engine.run()
    assert run.changed == {COLLECT: {"data1"}}
    assert sent[-1].lines == [entry("lab1", number) for number in range(8, 51)]


def test_a_host_tells_of_itself_only() -> None:
    assert unlogged({}, {"lab1": [entry("east", 999), entry("lab1", 1)]}) == [entry("lab1", 1)]


def test_a_run_that_switches_collects_what_became_of_it(engine: Engine, sent: list[AppendLog]) -> None:
    engine.unsettle("data1", "lab1", "east")
    run = engine.run()
    assert run.predicted[COLLECT] == run.changed[COLLECT] == {"data1"}
    [message] = sent
    assert message == AppendLog(
        Path("/home/ops/sentinelcam/logs/model_deployment.log"),
        "ops",
        [entry("data1", 1), entry("lab1", 1), entry("east", 1)],
    )


@pytest.mark.parametrize("parallel", [1, 2, 0])
def test_what_an_earlier_run_left_is_collected_though_nothing_moves(engine: Engine, parallel: int) -> None:
    """Also a host's own line of a return: it had failed when that run collected."""
    engine["data1"].answer.history.append(entry("data1", 1, outcome="returned"))
    run = engine.run(parallel=parallel)
    assert run.predicted == run.changed == {COLLECT: {"data1"}}


def test_the_prediction_waits_for_hosts_that_answer_late(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine["alpha5"].answer.history.append(entry("alpha5", 1))
    answer = engine["alpha5"].gather

    def late(host: Host) -> object:
        engine.clock.sleep(0.2)
        return answer(host)

    monkeypatch.setattr(engine["alpha5"], "gather", late)
    run = engine.run()
    assert run.predicted == run.changed == {COLLECT: {"data1"}}


def test_what_the_log_has_is_not_collected_again(engine: Engine) -> None:
    engine["lab1"].answer.history.append(entry("lab1", 3))
    let_log_have(engine, lines(3))
    run = engine.run()
    assert (run.predicted, run.changed) == ({}, {})


def test_without_the_datasink_in_the_run_nothing_is_collected(engine: Engine, sent: list[AppendLog]) -> None:
    engine.unsettle("lab1")
    run = engine.run(limit=["lab1", "east"])
    assert run.predicted == run.changed == {FIRST: {"lab1"}}
    assert sent == []


def test_a_host_that_is_down_does_not_keep_the_others_from_being_collected(
    engine: Engine, sent: list[AppendLog]
) -> None:
    engine["lab1"].is_up = False
    engine["east"].answer.history.append(entry("east", 1))
    run = engine.run()
    assert run.predicted == run.changed == {COLLECT: {"data1"}}
    assert [message.lines for message in sent[-1:]] == [[entry("east", 1)]]


class TestConfirming:
    @pytest.fixture
    def run(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
        """A switch that the node calls healthy, and whose host then answers that it is not as wanted."""
        engine.unsettle("lab1", "east")

        monkeypatch.setattr(engine["east"], "run", lambda _: (True, []))
        return engine.run()

    def test_a_host_that_does_not_run_what_it_should_has_failed(self, run: Run, engine: Engine) -> None:
        assert run.failed == {"east"}
        assert engine["east"].said == [
            "east: switched, but imagenode: chosen set none, wanted ab; look at it, and run again"
        ]

    def test_it_is_not_counted_among_those_that_have_the_new_set(self, run: Run) -> None:
        assert run.report == [
            "--> Rollout: east failed with its new set",
            "new set: data1, sentinel, lab1, alpha5",
            "failed: east",
        ]

    def test_confirming_a_switch_is_no_change(self, run: Run) -> None:
        assert set(run.predicted) == {FIRST, OTHERS, COLLECT}
        assert set(run.changed) == {FIRST, OTHERS, COLLECT}


def test_a_switched_host_is_asked_once_more_and_no_other(engine: Engine) -> None:
    engine.unsettle("lab1", "east")
    engine.run()
    assert {name: node.questions for name, node in engine.nodes.items()} == {
        "data1": 1, "sentinel": 1, "alpha5": 1, "deepend": 0,
        "lab1": 2,  # to predict, after its switch
        "east": 3,  # and before its switch, since its turn comes later
    }  # fmt: skip
