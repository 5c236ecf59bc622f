from collections.abc import Callable
from dataclasses import replace

import pytest

from modelctl.fleet import Fleet
from operations import configs
from operations.survey import Survey
from tests.unit.operations.hosts import StubHost, line, make_host, message, plan, settled, with_set

Answer = Callable[[Survey | None], None]


@pytest.fixture
def sink(fleet: Fleet) -> StubHost:
    return make_host("data1", fleet)


def test_a_settled_service_is_left_alone(sink: StubHost, answer: Answer) -> None:
    answer(settled(sink))
    assert plan(configs.switch, sink) == []
    assert plan(configs.make_face_list_current, sink) == []


def test_a_service_with_differences_is_switched_and_they_are_told(sink: StubHost, answer: Answer) -> None:
    answer(
        with_set(
            settled(sink), differences=["chosen set none, wanted ab", "datapump.service is absent, expected enabled"]
        )
    )
    [switch] = plan(configs.switch, sink)
    assert line(switch).endswith(" switch")
    [sent] = message(switch)["sets"]
    assert sent["service"] == "datapump"
    assert all(file["content"] for file in sent["files"])
    assert message(switch)["face_list"]["version"] == "2026-02-02"
    assert sink.said == ["datapump: chosen set none, wanted ab; datapump.service is absent, expected enabled"]


def test_a_model_that_is_not_ready_is_no_settled_service(sink: StubHost, answer: Answer) -> None:
    answer(with_set(settled(sink), unready="/x: missing"))
    assert len(plan(configs.switch, sink)) == 1
    assert sink.said == ["datapump: /x: missing"]


def test_diff_shows_what_will_change(sink: StubHost, answer: Answer) -> None:
    sink.state.config.DIFF = True
    answer(with_set(settled(sink), differences=["x"], live={"/home/ops/datapump.yaml": "old: 1\n"}))
    plan(configs.switch, sink)
    assert "Will change /home/ops/datapump.yaml" in sink.said
    assert "Will change /etc/systemd/system/datapump.service" in sink.said


def test_diff_is_silent_about_what_stays(sink: StubHost, answer: Answer) -> None:
    sink.state.config.DIFF = True
    answer(with_set(settled(sink), differences=["x"]))
    [switch] = plan(configs.switch, sink)
    live = {file["path"]: file["content"] for file in message(switch)["sets"][0]["files"]}
    sink.said.clear()
    answer(with_set(settled(sink), differences=["x"], live=live))
    plan(configs.switch, sink)
    assert sink.said == ["datapump: x"]


def test_a_face_list_that_is_not_current(sink: StubHost, answer: Answer) -> None:
    answer(replace(settled(sink), face_list={"lacking": [], "current": False}))
    [make] = plan(configs.make_face_list_current, sink)
    assert line(make).endswith(" make-face-list-current")
    assert message(make)["options"]["unlock"] is False


def test_hosts_without_a_face_list(fleet: Fleet, answer: Answer) -> None:
    host = make_host("lab1", fleet)
    answer(settled(host))
    assert plan(configs.make_face_list_current, host) == []


def test_many_reasons_are_told_in_short(sink: StubHost, answer: Answer) -> None:
    answer(with_set(settled(sink), differences=["one", "two", "three", "four", "five"]))
    plan(configs.switch, sink)
    assert sink.said == ["datapump: one; two; three; 2 more"]
