"""The Coral stack, as operations plan it: what the stick needs of the system, and the packages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.operations import files, server

from modelctl.inventory.fleet import Fleet
from node.protocol.facts import Facts, Room
from operations import coral, facts
from operations.node_command import Refusal
from tests.unit.operations.hosts import (
    StubHost,
    gather,
    line,
    make_host,
    message,
    plan,
    predict,
    settled,
    with_set,
)

Answer = Callable[[Facts | None], None]
NOT_READY = "/var/lib/sentinelcam/coral/d1: the stack is not there"


@pytest.fixture(autouse=True)
def put(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was put on the host by pyinfra's own operation, which asks more of a host than a stub has."""
    arguments: list[dict[str, Any]] = []

    def put(**named: Any) -> Iterator[StringCommand]:
        arguments.append({**named, "src": named["src"].getvalue()})
        yield StringCommand("put", named["dest"])

    monkeypatch.setattr(files.put, "_inner", put)
    return arguments


@pytest.fixture
def sentinel(fleet: Fleet) -> StubHost:
    return make_host("sentinel", fleet)


def missing(host: StubHost, **changes: Any) -> Facts:
    """A settled host whose stack, or what its stick needs, is not as it should be."""
    found = settled(host)
    assert found.stack is not None
    return found._replace(stack=found.stack._replace(**changes))


def test_a_settled_host_gets_nothing(sentinel: StubHost, answer: Answer) -> None:
    answer(settled(sentinel))
    assert plan(coral.bring, sentinel) == []


def test_a_host_without_a_stick_gets_nothing(fleet: Fleet, answer: Answer) -> None:
    lab1 = make_host("lab1", fleet)
    answer(settled(lab1))
    assert settled(lab1).stack is None
    assert plan(coral.bring, lab1) == []


def test_a_stack_that_does_not_fit_is_refused_before_the_system_is_touched(sentinel: StubHost, answer: Answer) -> None:
    room = Room(Path("/m"), {"coral_packages/2025-12-19": 3_000_000}, 2_000_000, 0)
    answer(missing(sentinel, missing=True, rule=True, room=room))
    [refusal] = plan(coral.bring, sentinel)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("sentinel: /m: too little space: 3.0 MB needed, 2.0 MB free")


def test_a_prediction_says_what_the_stack_needs(sentinel: StubHost, answer: Answer) -> None:
    room = Room(Path("/m"), {"coral_packages/2025-12-19": 3_000_000}, 10**9, 0)
    answer(missing(sentinel, missing=True, rule=True, room=room))
    assert predict(coral.bring, sentinel) is not None
    assert sentinel.said == ["3.0 MB to pull, 1.0 GB free (/m)"]


def test_a_stack_that_is_not_there_is_pulled_alone(sentinel: StubHost, answer: Answer) -> None:
    answer(missing(sentinel, missing=True))
    [pull] = plan(coral.bring, sentinel)
    assert line(pull).endswith(" pull")
    assert (message(pull)["versions"], message(pull)["face_list"]) == ([], None)
    assert message(pull)["stack"]["version"]["version"] == "2025-12-19"
    assert sorted(file["name"] for file in message(pull)["stack"]["version"]["files"]) == [
        "libedgetpu1-std_16.0tf2.17.1-1.bookworm_arm64.deb",
        "pycoral-2.0.3-cp311-cp311-linux_aarch64.whl",
        "tflite_runtime-2.17.1-cp311-cp311-linux_aarch64.whl",
    ]


def test_one_that_is_not_selected_stays_away(fleet: Fleet, answer: Answer) -> None:
    host = make_host("sentinel", fleet, models="haarcascades")
    answer(missing(host, missing=True, libusb=True))
    assert plan(coral.bring, host) == []


def test_one_that_would_move_unselected_is_refused(fleet: Fleet, answer: Answer) -> None:
    host = make_host("sentinel", fleet, models="haarcascades")
    found = missing(host, missing=True)
    models = {name: version for name, version in found.sets["sentinel"].models.items() if name != "coral_packages"}
    answer(with_set(found, models=models))
    [refusal] = plan(coral.bring, host)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == (
        "sentinel: --data models leaves out coral_packages (nothing runs, 2025-12-19 is wanted); name it too, or "
        "run without"
    )


OPS = {"home": "/home/ops", "group": "ops", "groups": [], "shell": "/bin/sh"}
FACTS = {
    "DebPackages": {}, "File": None, "Date": None, "Groups": ["ops"], "Users": {"ops": OPS}, "Os": "Linux",
    "Which": "/usr/sbin/x", "LinuxName": "Debian",
}  # fmt: skip


def test_what_the_stick_needs_is_brought_by_stock_operations(sentinel: StubHost, answer: Answer) -> None:
    sentinel.facts = FACTS
    answer(missing(sentinel, libusb=True, rule=True, udevd=False, group=True))
    made = plan(coral.bring, sentinel)
    said = " ; ".join(str(each) for each in made)
    [wait, *_] = made
    assert line(wait).endswith(" wait-for-apt")
    assert "DPkg::Lock::Timeout" in said
    assert "install --no-install-recommends" in said
    assert "groupadd" in said
    assert "usermod" in said
    assert "udevadm" not in said


def test_udev_is_told_of_a_rule_where_it_runs(sentinel: StubHost, answer: Answer, put: list[dict[str, Any]]) -> None:
    sentinel.facts = FACTS
    answer(missing(sentinel, rule=True, udevd=True))
    assert str(plan(coral.bring, sentinel)[-1]).startswith("udevadm control --reload && udevadm trigger")
    [rule] = put
    assert (rule["dest"], rule["mode"], rule["user"]) == (
        "/etc/udev/rules.d/60-sentinelcam-coral.rules", "644", "root",
    )  # fmt: skip
    assert rule["src"].count('GROUP="plugdev"') == 2


def test_what_a_stock_operation_refuses_fails_this_host_alone(
    sentinel: StubHost, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OperationError("usermod is not installed")

    monkeypatch.setattr(server.group, "_inner", refuse)
    answer(missing(sentinel, group=True))
    [refusal] = plan(coral.bring, sentinel)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "sentinel: usermod is not installed; mend that there, and run again"


def foreseen(
    host: StubHost, operation: Callable[..., object], found: Facts, monkeypatch: pytest.MonkeyPatch
) -> Facts | None:
    """What later operations count on when this one was predicted on a host that answers so."""
    monkeypatch.setattr(facts, "_ask", lambda *_: found)
    assert predict(operation, host) is not None
    return gather(host)


def test_the_restart_for_the_group_is_predicted(sentinel: StubHost, monkeypatch: pytest.MonkeyPatch) -> None:
    sentinel.facts = FACTS
    found = foreseen(sentinel, coral.bring, missing(sentinel, group=True, to_restart=["sentinel"]), monkeypatch)
    assert found is not None
    assert found.sets["sentinel"].reasons == ["started before its user was in plugdev"]
    assert found.stack is not None
    assert found.stack.is_settled


def test_the_restart_for_a_replaced_library_is_predicted(sentinel: StubHost, monkeypatch: pytest.MonkeyPatch) -> None:
    found = foreseen(sentinel, coral.bring, missing(sentinel, missing=True, to_remap=["sentinel"]), monkeypatch)
    assert found is not None
    assert found.sets["sentinel"].reasons == ["a library that it has mapped was replaced"]


def test_a_pull_is_predicted_to_make_a_service_ready(sentinel: StubHost, monkeypatch: pytest.MonkeyPatch) -> None:
    found = foreseen(sentinel, coral.bring, with_set(missing(sentinel, missing=True), not_ready=NOT_READY), monkeypatch)
    assert found is not None
    assert found.sets["sentinel"].reasons == []
