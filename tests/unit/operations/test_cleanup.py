from collections.abc import Callable

import pytest

from modelctl.inventory.fleet import Fleet
from node import protocol
from node.protocol.facts import Facts
from node.protocol.steps import InstallCleanup
from operations import cleanup
from tests.unit.operations.hosts import (
    StubHost,
    desired_for,
    input_lines,
    line,
    make_host,
    message,
    plan,
    predict,
    settled,
    told,
)

Answer = Callable[[Facts | None], None]
LISTED = "face_recognition/2026-02-02"


@pytest.fixture
def sink(fleet: Fleet) -> StubHost:
    return make_host("data1", fleet)


def test_only_the_primary_datasink_is_told_of_the_units(fleet: Fleet, sink: StubHost) -> None:
    found = desired_for(sink).clean_up
    assert [each.path.name for each in found] == ["model_cleanup.service", "model_cleanup.timer"]
    assert {each.owner for each in found} == {"root"}
    lab1 = desired_for(make_host("lab1", fleet))
    assert (lab1.clean_up, lab1.datasink) == ([], None)


def test_the_units_are_put_right(sink: StubHost, answer: Answer) -> None:
    answer(told(settled(sink), clean_up=["the timer is disabled"]))
    [install] = plan(cleanup.install, sink)
    assert line(install) == "/usr/bin/python3 -I -B /var/lib/sentinelcam/program/DIGEST install-cleanup"
    assert protocol.loads(InstallCleanup, input_lines(install)[0]).units == desired_for(sink).clean_up
    assert sink.said == ["the timer is disabled"]


def test_what_is_needed_leaves_the_delete_list(sink: StubHost, answer: Answer) -> None:
    answer(told(settled(sink), listed=[LISTED], unseen=["data1"]))
    [spare] = plan(cleanup.keep_referenced, sink)
    assert line(spare) == "/usr/bin/python3 -I -B /var/lib/sentinelcam/program/DIGEST spare"
    assert message(spare) == {"versions": [LISTED], "hosts": {"data1": [LISTED]}}
    assert sink.said == [f"wanted again, so off the delete-list: {LISTED}"]


def test_it_is_predicted_once(sink: StubHost) -> None:
    """A deploy of models spares first, and one of configs does too."""
    sink.facts["InstalledFacts"] = told(settled(sink), listed=[LISTED], unseen=["data1"])
    assert predict(cleanup.keep_referenced, sink) is not None
    assert predict(cleanup.keep_referenced, sink) is None


def test_a_host_that_no_clean_up_has_seen_with_it_is_told(sink: StubHost, answer: Answer) -> None:
    answer(told(settled(sink), unseen=["data1"]))
    [spare] = plan(cleanup.keep_referenced, sink)
    assert message(spare) == {"versions": [], "hosts": {"data1": [LISTED]}}


def test_a_host_that_the_datasink_makes_up_is_not_told(sink: StubHost, answer: Answer) -> None:
    answer(told(settled(sink), unseen=["data1", "nowhere"]))
    [spare] = plan(cleanup.keep_referenced, sink)
    assert message(spare) == {"versions": [], "hosts": {"data1": [LISTED]}}
    answer(told(settled(sink), unseen=["nowhere"]))
    assert plan(cleanup.keep_referenced, sink) == []


def test_settled_nothing_is_done(sink: StubHost, answer: Answer) -> None:
    answer(settled(sink))
    assert plan(cleanup.install, sink) == plan(cleanup.keep_referenced, sink) == []
