from collections.abc import Callable
from typing import Any

import click
import pytest
from pyinfra import logger
from pyinfra.api import StringCommand

from modelctl.changes import ancestry
from modelctl.inventory.fleet import Fleet
from node.codec import Text
from node.protocol.facts import Facts, HistoryEntry
from operations import configs, rollout
from operations.node_command import Refusal
from operations.run import Run
from tests.unit.operations.engine import entry
from tests.unit.operations.hosts import (
    StubHost,
    desired_for,
    line,
    make_host,
    make_hosts,
    message,
    plan,
    predict,
    settled,
    with_set,
)

Answer = Callable[[Facts | None], None]
NEWER = "1" * 40


@pytest.fixture
def sink(fleet: Fleet) -> StubHost:
    return make_host("data1", fleet)


def switch(host: StubHost) -> list[StringCommand]:
    return plan(configs.switch_canaries, host)


def test_a_settled_service_is_left_alone(sink: StubHost, answer: Answer) -> None:
    answer(settled(sink))
    assert switch(sink) == []
    assert plan(configs.switch_others, sink) == []


def test_a_service_with_differences_is_switched_and_they_are_told(sink: StubHost, answer: Answer) -> None:
    differences = ["chosen set none, wanted ab", "datapump.service is absent, expected enabled"]
    answer(with_set(settled(sink), differences=differences))
    [made] = switch(sink)
    assert isinstance(made, rollout.Switch)
    assert line(made).endswith(" switch")
    [sent] = message(made)["sets"]
    assert sent["service"] == "datapump"
    assert all(file["content"] for file in sent["files"])
    assert message(made)["face_list"]["version"] == "2026-02-02"
    assert sink.said == ["datapump: chosen set none, wanted ab; datapump.service is absent, expected enabled"]


def test_the_queue_is_told_before_a_switch(sink: StubHost, answer: Answer) -> None:
    """What waits there is lost where its release does not keep it."""
    answer(with_set(settled(sink), differences=["x"], queue="12 queued, 1 running"))
    assert len(switch(sink)) == 1
    assert sink.said == ["datapump: x", "datapump: its queue: 12 queued, 1 running"]


def test_the_queue_of_a_settled_service_is_nobodys_concern(sink: StubHost, answer: Answer) -> None:
    answer(with_set(settled(sink), queue="12 queued"))
    assert switch(sink) == []
    assert sink.said == ["as wanted"]


def test_a_model_that_is_not_ready_is_no_settled_service(sink: StubHost, answer: Answer) -> None:
    answer(with_set(settled(sink), not_ready="/x: missing"))
    assert len(switch(sink)) == 1
    assert sink.said == ["datapump: /x: missing"]


def test_only_the_services_that_differ_are_switched(
    sink: StubHost, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host has one service today; nothing here knows that."""
    found = with_set(settled(sink), differences=["x"])
    [state] = found.sets.values()
    answer(found._replace(sets={**found.sets, "other": state._replace(differences=[])}))
    desired = desired_for(sink)
    both = desired._replace(sets=[*desired.sets, desired.sets[0]._replace(service="other")])
    monkeypatch.setattr(Run, "desired", lambda *_: both)
    [made] = switch(sink)
    assert [each["service"] for each in message(made)["sets"]] == ["datapump"]


def test_a_host_goes_back_only_with_all_of_its_services(sink: StubHost, answer: Answer) -> None:
    """A host has one service today; nothing here knows that."""
    found = with_set(settled(sink), differences=["x"], known_good=True)
    [state] = found.sets.values()
    answer(found)
    assert configs._move(found, desired_for(sink)) is rollout.Move.BACK
    two = found._replace(sets={**found.sets, "other": state._replace(known_good=False)})
    desired = desired_for(sink)
    [datapump] = desired.sets
    both = desired._replace(sets=[datapump, datapump._replace(service="other")])
    assert configs._move(two, both) is rollout.Move.NEW


def test_diff_shows_what_will_change(sink: StubHost, answer: Answer) -> None:
    sink.state.config.DIFF = True
    answer(with_set(settled(sink), differences=["x"], live={"/home/ops/datapump.yaml": "old: 1\n"}))
    switch(sink)
    assert "Will change /home/ops/datapump.yaml" in sink.said
    assert "Will change /etc/systemd/system/datapump.service" in sink.said


def test_diff_is_silent_about_what_stays(sink: StubHost, answer: Answer) -> None:
    sink.state.config.DIFF = True
    answer(with_set(settled(sink), differences=["x"]))
    [made] = switch(sink)
    live = {file["path"]: file["content"] for file in message(made)["sets"][0]["files"]}
    sink.said.clear()
    answer(with_set(settled(sink), differences=["x"], live=live))
    switch(sink)
    assert sink.said == ["datapump: x"]


def test_diff_shows_nothing_that_a_terminal_would_obey(
    sink: StubHost, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is not cleaned on its way here: its lines and tabs stay, at any length."""
    shown: list[str] = []
    monkeypatch.setattr(logger, "info", lambda _, line: shown.append(click.unstyle(line)))
    sink.state.config.DIFF = True
    live = {"/home/ops/datapump.yaml": "\tx\x1b[31m\nb\u202ec\n" + "long" * 1000}
    answer(with_set(settled(sink), differences=["x"], live={key: Text(text) for key, text in live.items()}))
    switch(sink)
    assert {"- \tx [31m", "- b c", "- " + "long" * 1000} <= set(shown)


def last(host: StubHost, **changes: Any) -> HistoryEntry:
    """A line of the history, about the set that the host should hold."""
    [digest] = [state.chosen for state in settled(host).sets.values()]
    return entry(host.name, 3, **{"to": digest, "outcome": "returned", "reason": "it ended\n\x1b[31m", **changes})


@pytest.mark.parametrize("outcome", ["returned", "failed"])
def test_a_set_that_was_tried_before_is_told(sink: StubHost, answer: Answer, outcome: str) -> None:
    """A switch whose operator lost the connection is told of by the next run."""
    answer(with_set(settled(sink), differences=["x"], last=last(sink, outcome=outcome)))
    assert len(switch(sink)) == 1
    assert sink.said == [
        "datapump: x",
        f"datapump: this set was tried at 2026-11-22T23:40:00Z by anna@ramrod and {outcome}: it ended ?[31m",
    ]


@pytest.mark.parametrize("changes", [{"to": "d9"}, {"outcome": "chosen"}, {"outcome": "refused"}])
def test_what_else_has_happened_is_not(sink: StubHost, answer: Answer, changes: dict[str, str]) -> None:
    answer(with_set(settled(sink), differences=["x"], last=last(sink, **changes)))
    switch(sink)
    assert sink.said == ["datapump: x"]


class TestNewerCommit:
    REASON = (
        "lab1: imagenode was switched by commit 111111111111, which this checkout does not contain; git pull, "
        "or allow it with --data older=lab1"
    )

    @pytest.fixture(autouse=True)
    def _contained(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ancestry, "contains", lambda _, commit: commit != NEWER)
        monkeypatch.setattr(ancestry, "remedy", lambda _: "git pull")

    @pytest.fixture
    def host(self, fleet: Fleet, answer: Answer) -> StubHost:
        host = make_host("lab1", fleet)
        answer(with_set(settled(host), differences=["x"], commit=NEWER))
        return host

    @pytest.mark.parametrize("operation", [configs.switch_canaries, configs.switch_others])
    def test_its_set_is_not_put_back(self, host: StubHost, operation: Callable[..., Any]) -> None:
        refusal = predict(operation, host)
        assert isinstance(refusal, Refusal)
        assert refusal.reason == self.REASON
        assert host.state.failed_hosts == [host]

    @pytest.mark.parametrize("operation", [configs.switch_canaries, configs.switch_others])
    def test_the_nodes_history_has_the_refusal(self, host: StubHost, operation: Callable[..., Any]) -> None:
        host.state.is_executing = True
        [refuse] = plan(operation, host)
        assert line(refuse).endswith(" refuse")
        assert message(refuse)["reason"] == self.REASON
        assert list(message(refuse)["sets"]) == ["imagenode"]

    @pytest.mark.usefixtures("host")
    def test_the_operator_can_allow_it_by_name(self, fleet: Fleet) -> None:
        allowed = make_host("lab1", fleet, older="lab1")
        assert isinstance(predict(configs.switch_canaries, allowed), rollout.Switch)
        other, _ = make_hosts(["lab1", "east"], fleet, older="east")
        assert isinstance(predict(configs.switch_canaries, other), Refusal)

    def test_a_host_that_would_not_move_is_not_refused(self, host: StubHost, answer: Answer) -> None:
        answer(with_set(settled(host), commit=NEWER))
        assert switch(host) == []

    @pytest.mark.parametrize("commit", [None, "adopted", "2" * 40])
    def test_other_commits_restrict_nothing(self, host: StubHost, answer: Answer, commit: str | None) -> None:
        answer(with_set(settled(host), differences=["x"], commit=commit))
        assert isinstance(predict(configs.switch_canaries, host), rollout.Switch)

    def test_a_refused_host_is_nobodys_first(self, fleet: Fleet, answer: Answer) -> None:
        lab1, east = make_hosts(["lab1", "east"], fleet)
        answer(with_set(settled(lab1), differences=["x"], commit=NEWER))
        assert isinstance(predict(configs.switch_canaries, lab1), Refusal)
        answer(with_set(settled(east), differences=["x"]))
        assert isinstance(predict(configs.switch_canaries, east), rollout.Switch)
