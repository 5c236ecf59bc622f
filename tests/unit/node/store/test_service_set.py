"""A set as JSON has it, in an order or on the disk: what is read of it, and what an older one lacks."""

from pathlib import Path

import pytest

from node.store import service_set
from node.store.service_set import NOTHING, SetStack
from tests.unit.node.places import HEALTH_CHECK, USER

SET = {
    "service": "engine",
    "unit": "engine.service",
    "digest": "d1",
    "files": [
        {"path": "/etc/engine.service", "owner": "root", "mode": 420, "sha256": "01", "content": None},
        {"path": "/home/engine.yaml", "owner": USER, "mode": 420, "sha256": "02", "content": "é: 1\n"},
    ],
    "models": {"cats": "2026-01-01"},
    "named_files": [{"path": "/models/cats/2026-01-01/cats.bin", "sha256": "cd", "linked": False}],
    "state": "running",
    "work": {
        "script": "/engine/engine.py",
        "ports": [5566],
        "asked": 5566,
        "workers": 3,
        "on_stick": 1,
        "published": None,
        "views": [],
    },
    "timers": ["engine.timer"],
    "links": [{"path": "/home/current", "target": "list_1.csv"}],
    "manifests": {"cats": "ab"},
    "gate": {"linked_wait": 1.5, "settle": 3, "deadline": 60, "checks": ["restarts", "port", "files"]},
}


def test_the_paths_of_a_set_are_those_of_its_files_and_links() -> None:
    paths = ["/etc/engine.service", "/home/engine.yaml", "/home/current"]
    assert [str(path) for path in service_set.decode(SET).paths] == paths


@pytest.mark.parametrize(("state", "is_to_run"), [("running", True), ("stopped", False), ("disabled", False)])
def test_only_a_running_service_is_to_run(state: str, is_to_run: bool) -> None:
    assert service_set.decode({**SET, "state": state}).is_to_run == is_to_run


def test_a_stored_set_holds_no_contents() -> None:
    files = [{key: value for key, value in file.items() if key != "content"} for file in SET["files"]]  # type: ignore[attr-defined]
    assert {file.content for file in service_set.decode({**SET, "files": files}).files} == {None}


def test_the_user_of_a_set_is_its_configs_owner() -> None:
    assert service_set.decode(SET).user == USER
    assert service_set.decode({**SET, "files": []}).user == "root"


def test_what_a_newer_program_says_more_is_ignored() -> None:
    health_check = {**HEALTH_CHECK._asdict(), "patience": 7}
    assert service_set.decode({**SET, "gate": health_check, "more": 1}).health_check == HEALTH_CHECK


def test_an_older_set_says_no_more_of_its_work_than_its_port() -> None:
    older = {name: value for name, value in SET.items() if name != "work"}
    assert service_set.decode({**older, "control_port": 5566}).work == NOTHING._replace(ports=[5566])
    assert service_set.decode({**older, "control_port": None}).work == service_set.decode(older).work == NOTHING


def test_the_stack_of_a_set() -> None:
    said = {
        "version": "2026-01-10", "manifest": "ab", "digest": "d1", "python": "/home/.opencv/bin/python",
        "folder": "/home/engine", "path": ["/home/engine/lib"], "more": 1,
    }  # fmt: skip
    assert service_set.decode({**SET, "stack": said}).stack == SetStack(
        "2026-01-10", "ab", "d1", Path("/home/.opencv/bin/python"), Path("/home/engine"), ["/home/engine/lib"]
    )
    assert service_set.decode({**SET, "stack": None}).stack is service_set.decode(SET).stack is None
    with pytest.raises(ValueError, match=r"\.stack\.digest: found '\.\./x'; expected a name"):
        service_set.decode({**SET, "stack": {**said, "digest": "../x"}})
