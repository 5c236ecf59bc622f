"""An order as JSON has it: what a node reads of it, and what it refuses."""

import json
import pwd
from pathlib import Path
from typing import Any

import pytest

from node import protocol
from node.desired_state import Datasink, DesiredState, File, Options, Source, Stack, Version
from node.errors import Refusal
from node.store import rights
from node.store.rights import Owner
from node.store.service_set import HealthCheck, Installed, Link, Named, Work
from tests.unit.node.places import LIMITS, NO_OPTIONS, USER
from tests.unit.node.store.test_service_set import SET

VERSION = {
    "model": "cats",
    "version": "2026-01-01",
    "manifest": "ab",
    "directory": "/models/cats/2026-01-01",
    "files": [{"name": "cats.bin", "sha256": "cd", "size": 3, "linked": False}],
}
ORDER = {
    "host": "node",
    "user": USER,
    "folders": ["/models"],
    "versions": [VERSION],
    "stack": None,
    "face_list": None,
    "sets": [{**SET, "health_check": {"writer_timeout": 1.5, "settle_time": 3, "start_timeout": 60}}],
    "needs": {"engine": ["/engine/engine.py"]},
    "clean_up": [],
    "source": {"host": "depot", "address": "192.0.2.1", "login": "ops", "registry": "/registry", "local": False},
    "limits": LIMITS._asdict(),
    "commit": "c0ffee",
    "product": "0.1.0 decade",
    "operator": "anna@ramrod",
    "purpose": "pyinfra inventory.py",
    "options": {"unlock": True, "full": False, "diff": True},
    "datasink": None,
}


UNIT = {"path": "/etc/a.timer", "owner": "root", "mode": 420, "sha256": "04", "content": "[Timer]\n"}
STACK = {
    "version": {**VERSION, "model": "coral_packages"}, "digest": "ef", "python": "3.11", "debian": "bookworm",
    "architecture": "amd64", "tensorflow": "2.17.1", "rule": {**UNIT, "path": "/etc/coral.rules"},
}  # fmt: skip


def read(**changes: Any) -> DesiredState:
    return protocol.loads(DesiredState, json.dumps({**ORDER, **changes}))


@pytest.mark.parametrize("said", ["yes", "true", 1, None])
@pytest.mark.parametrize("name", ["unlock", "full", "diff"])
def test_nothing_but_true_asks_for_anything(name: str, said: object) -> None:
    with pytest.raises(ValueError, match=rf"^the message\.options\.{name}: found "):
        read(options={name: said})


def test_an_order_that_does_not_say_asks_for_nothing() -> None:
    assert read(options={}).options == NO_OPTIONS
    said = {name: value for name, value in ORDER.items() if name != "options"}
    assert protocol.loads(DesiredState, json.dumps(said)).options == NO_OPTIONS


def test_an_order_is_read_as_it_was_sent() -> None:
    desired = read()
    assert protocol.loads(DesiredState, protocol.dumps(desired)) == desired
    version = Version("cats", "2026-01-01", "ab", Path("/models/cats/2026-01-01"), [File("cats.bin", "cd", 3, False)])
    assert desired.versions == [version]
    assert version.label == "cats/2026-01-01"
    assert desired.source == Source("depot", "192.0.2.1", "ops", Path("/registry"), local=False)
    assert (desired.host, desired.folders, desired.face_list, desired.limits) == (
        "node",
        [Path("/models")],
        None,
        LIMITS,
    )
    assert (desired.commit, desired.product, desired.datasink) == ("c0ffee", "0.1.0 decade", None)
    assert (desired.user, desired.needs, desired.stack, desired.clean_up) == (
        USER,
        {"engine": ["/engine/engine.py"]},
        None,
        [],
    )
    assert desired.options == Options(unlock=True, full=False, diff=True)
    assert (desired.operator, desired.purpose) == ("anna@ramrod", "pyinfra inventory.py")
    [service] = desired.sets
    assert service.files[1] == Installed(Path("/home/engine.yaml"), USER, 0o644, "02", "é: 1\n")
    assert service.named_files == [Named(Path("/models/cats/2026-01-01/cats.bin"), "cd", linked=False)]
    assert (service.timers, service.state) == (["engine.timer"], "running")
    assert service.work == Work(Path("/engine/engine.py"), [5566], 5566, 3, 1, None, [])
    assert service.links == [Link(Path("/home/current"), "list_1.csv")]
    assert service.manifests == {"cats": "ab"}
    assert service.health_check == HealthCheck(
        writer_timeout=1.5, settle_time=3, start_timeout=60, model_wait=0, checks=["restarts", "port", "files"]
    )


def test_owner_is_the_user_and_its_group() -> None:
    entry = pwd.getpwnam(USER)
    assert read().owner == Owner(entry.pw_uid, entry.pw_gid)


def test_an_unknown_user_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        rights.owner_of("no-such-user")
    assert str(caught.value) == (
        "user no-such-user: not on this node; expected the service's user; sudo useradd --create-home no-such-user"
    )


def test_a_datasink_has_a_face_list() -> None:
    desired = read(face_list=VERSION, versions=[])
    assert desired.face_list is not None
    assert desired.face_list.model == "cats"


def test_the_stack_of_an_order() -> None:
    [version] = read().versions
    rule = Installed(Path("/etc/coral.rules"), "root", 0o644, "04", "[Timer]\n")
    expected = Stack(
        version._replace(model="coral_packages"), "ef", "3.11", "bookworm", "amd64", tensorflow="2.17.1", rule=rule
    )
    assert read(stack=STACK).stack == expected


def test_what_the_primary_datasink_is_told() -> None:
    said = {
        "pull_ca": None, "needed": {"cats/1": "ab"}, "log": "/logs/the.log",
    }  # fmt: skip
    expected = Datasink(None, {"cats/1": "ab"}, Path("/logs/the.log"))
    assert read(datasink=said).datasink == expected


def test_a_question_is_the_order_without_contents() -> None:
    desired = read(clean_up=[UNIT], stack=STACK)
    asked = desired.question
    files = [*asked.sets[0].files, *asked.clean_up]
    assert asked.stack is not None
    assert {file.content for file in [*files, asked.stack.rule]} == {None}
    assert [file.sha256 for file in [*files, asked.stack.rule]] == ["01", "02", "04", "04"]
    assert asked._replace(sets=desired.sets, clean_up=desired.clean_up, stack=desired.stack) == desired
    assert read().question.stack is None


def test_an_order_for_some_services_alone() -> None:
    desired = read(sets=[SET, {**SET, "service": "other"}])
    assert [each.service for each in desired.with_sets(["other"]).sets] == ["other"]
    assert desired.with_sets(["other"])._replace(sets=desired.sets) == desired
