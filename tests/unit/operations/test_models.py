from collections.abc import Callable
from pathlib import Path

import pytest
from pyinfra.api import StringCommand

from modelctl.inventory.fleet import Fleet
from node import protocol
from node.desired_state import DesiredState
from node.protocol.facts import Facts, Room
from operations import facts, models
from operations.node_command import Refusal
from tests.unit.operations.hosts import (
    StubHost,
    as_host,
    desired_for,
    gather,
    input_lines,
    line,
    make_host,
    message,
    plan,
    predict,
    settled,
    told,
    with_set,
)

Answer = Callable[[Facts | None], None]


@pytest.fixture
def sentinel(fleet: Fleet) -> StubHost:
    return make_host("sentinel", fleet)


def labels(command: StringCommand) -> list[str]:
    """The versions of the order that a command is sent."""
    return [each.label for each in protocol.loads(DesiredState, input_lines(command)[0]).versions]


def test_absent_folders_are_made(sentinel: StubHost, answer: Answer) -> None:
    answer(settled(sentinel)._replace(absent_folders=[Path("/home/ops/sentinel/tasks")]))
    [make] = plan(models.make_folders, sentinel)
    assert line(make).endswith(" folders")
    assert message(make)["folders"] == ["/home/ops/sentinel/tasks"]
    answer(settled(sentinel))
    assert plan(models.make_folders, sentinel) == []


def test_a_settled_host_pulls_nothing(sentinel: StubHost, answer: Answer) -> None:
    answer(settled(sentinel))
    assert plan(models.pull, sentinel) == []
    assert sentinel.said == ["as wanted"]


def test_only_missing_versions_are_pulled(sentinel: StubHost, answer: Answer) -> None:
    answer(settled(sentinel)._replace(missing_versions=["haarcascades/2020-03-25", "openface_torch/2020-03-25"]))
    [pull] = plan(models.pull, sentinel)
    assert line(pull).endswith(" pull")
    assert labels(pull) == ["haarcascades/2020-03-25", "openface_torch/2020-03-25"]
    assert message(pull)["face_list"] is None


def test_only_selected_models_are_pulled(fleet: Fleet, answer: Answer) -> None:
    host = make_host("sentinel", fleet, models="haarcascades")
    answer(settled(host)._replace(missing_versions=["haarcascades/2020-03-25", "openface_torch/2020-03-25"]))
    [pull] = plan(models.pull, host)
    assert labels(pull) == ["haarcascades/2020-03-25"]


def test_a_prediction_says_what_the_selected_models_need(fleet: Fleet, answer: Answer) -> None:
    host = make_host("sentinel", fleet, models="haarcascades")
    missing = {"haarcascades/2020-03-25": 1_000_000, "openface_torch/2020-03-25": 30_000_000}
    room = Room(Path("/m"), missing, 10**9, 0)
    answer(settled(host)._replace(missing_versions=list(missing), room=room))
    assert predict(models.pull, host) is not None
    assert host.said == ["1.0 MB to pull, 1.0 GB free (/m)"]
    answer(settled(host)._replace(missing_versions=list(missing), room=room._replace(free=1_000_000)))
    assert not isinstance(predict(models.pull, host), Refusal)


def test_what_does_not_fit_is_refused_before_anything_comes(sentinel: StubHost, answer: Answer) -> None:
    room = Room(Path("/m"), {"haarcascades/2020-03-25": 3_000_000}, 2_000_000, 0)
    answer(settled(sentinel)._replace(missing_versions=["haarcascades/2020-03-25"], room=room))
    [refusal] = plan(models.pull, sentinel)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("sentinel: /m: too little space: 3.0 MB needed, 2.0 MB free")


def test_a_host_whose_other_models_would_move_is_refused(fleet: Fleet, answer: Answer) -> None:
    host = make_host("sentinel", fleet, models="haarcascades")
    found = settled(host)
    running = {**found.sets["sentinel"].models, "face_recognition": "2025-02-25", "haarcascades": "2019-01-01"}
    answer(with_set(found._replace(missing_versions=["haarcascades/2020-03-25"]), models=running))
    [refusal] = plan(models.pull, host)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == (
        "sentinel: --data models leaves out face_recognition (2025-02-25 runs, 2026-02-02 is wanted); name it too, or "
        "run without"
    )


def test_a_datasink_pulls_its_face_list(fleet: Fleet, answer: Answer) -> None:
    host = make_host("data1", fleet)
    answer(settled(host)._replace(face_list=["facelist.csv"]))
    [pull] = plan(models.pull, host)
    assert message(pull)["versions"] == []
    assert message(pull)["face_list"]["version"] == "2026-02-02"


def test_a_face_list_that_is_not_selected_stays(fleet: Fleet, answer: Answer) -> None:
    host = make_host("data1", fleet, models="haarcascades")
    answer(settled(host)._replace(face_list=["facelist.csv"]))
    assert plan(models.pull, host) == []


def test_a_face_list_that_a_host_makes_up(sentinel: StubHost, answer: Answer) -> None:
    answer(settled(sentinel)._replace(face_list=["facelist.csv"]))
    assert plan(models.pull, sentinel) == []


def test_the_prediction_counts_on_the_pull(sentinel: StubHost, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was only touched is verified by the pull, and no service needs to be switched for it."""
    found = with_set(settled(sentinel)._replace(missing_versions=["haarcascades/2020-03-25"]), not_ready="not verified")
    monkeypatch.setitem(facts._remembered, as_host(sentinel), (False, found))
    answer(found)
    assert predict(models.pull, sentinel) is not None
    foreseen = gather(sentinel)
    assert foreseen is not None
    assert foreseen.sets["sentinel"].reasons == []


def test_a_pull_of_models_is_not_predicted_to_bring_a_stack(
    sentinel: StubHost, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "/var/lib/sentinelcam/coral/d1: the stack is not there"
    found = with_set(settled(sentinel)._replace(missing_versions=["haarcascades/2020-03-25"]), not_ready=line)
    monkeypatch.setitem(facts._remembered, as_host(sentinel), (False, found))
    answer(found)
    pull = predict(models.pull, sentinel)
    assert pull is not None
    assert message(pull)["stack"] is None
    foreseen = gather(sentinel)
    assert foreseen is not None
    assert foreseen.sets["sentinel"].reasons == [line]


def test_the_order_names_every_version(sentinel: StubHost) -> None:
    assert len(desired_for(sentinel).versions) == 9


def test_what_the_registry_lacks_fails_the_datasink(fleet: Fleet, answer: Answer) -> None:
    sink = make_host("data1", fleet)
    answer(settled(sink))
    assert plan(models.check_registry, sink) == []
    answer(told(settled(sink), registry=["a: not there", "b: differs"]))
    [refusal] = plan(models.check_registry, sink)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "data1: a: not there; b: differs; store it there or choose another version"
