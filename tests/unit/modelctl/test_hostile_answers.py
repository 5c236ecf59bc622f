"""Whatever a node or the datasink answers, a command shows it or says in a line what was wrong with it."""

import base64
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelctl.changes import preview
from modelctl.collecting import linked_files
from modelctl.desired.desired_state import desired
from modelctl.doctor import conditions
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote, travelling
from modelctl.product import CHECKOUT
from modelctl.prune import prune_nodes, prune_registry, roots
from modelctl.registry import coral_stacks, registry_store
from modelctl.reports import (
    model_list,
    model_versions,
    registry_state,
    status,
    verification,
)
from modelctl.table import Report
from node import codec
from tests.unit.hostile_texts import FRAGMENTS, hostile_texts
from tests.unit.modelctl.fake_nodes import ENTRY, MARK
from tests.unit.modelctl.hostile import require_lines
from tests.unit.modelctl.sites import fleet, pinned, registry_with

CORAL_VERSION = "2025-12-19"
MODEL, VERSION, OLD = "face_recognition", "2026-02-02", "2025-02-25"
FLEET = fleet(
    pins=pinned((MODEL, OLD), (MODEL, "2024-01-01"), (MODEL, "2024-01-02")),
    standards=fleet().standards.model_copy(update={"sentinelcam_model_retention": 1}),
)
AFTER = fleet(registry=registry_with(MODEL, current_version=OLD, previous_version=VERSION), pins=FLEET.pins)
FILE = {"sha256": "ab" * 32, "size": 7}
PINNED = FLEET.pins.models[MODEL]["2024-01-01"].files["facelist.csv"].model_dump()
LISTED: dict[str, Any] = {
    "files": {"manifest.yaml": 7}, "shared": ["facemodel.pickle"],
    "manifest": base64.b64encode(b"name: face_recognition\n").decode(), "fault": None,
}  # fmt: skip
HELD = {
    "model": MODEL,
    "version": "2024-01-01",
    "files": [{"name": "facelist.csv", "size": 7, "inode": "1:2", "links": 1}],
}
UNNEEDED = {
    "label": "haarcascades/2020-01-01", "manifest": "ab" * 32, "bytes": 7, "since": "2026-11-23T03:00:00Z",
    "due": "2026-11-29T03:00:00Z",
}  # fmt: skip


def _service(host: str) -> dict[str, Any]:
    [wanted] = desired(FLEET, host).sets
    return {
        wanted.service: {
            "chosen": "cd" * 32, "active": True, "live": wanted.digest, "models": {MODEL: VERSION},
            "health": "it ended", "drift": ["x differs"], "pending": MARK, "last": ENTRY, "commit": "c" * 40,
            "leftovers": ["/x/.retired-1"],
        }
    }  # fmt: skip


def _verified(host: str) -> dict[str, Any]:
    folders = verification.question(FLEET, host, list(FLEET.registry.models)).folders.values()
    each = {"stored": True, "missing": ["a"], "extra": ["b"], "changed": {}}
    return {"folders": [dict(each) for _ in folders], "versions": [f"{MODEL}/2020-01-01"]}


VALID: dict[str, Callable[[str], Any]] = {
    "status": lambda host: {"program": "f" * 64, "services": _service(host), "references": {f"{MODEL}/{VERSION}": "x"}},
    "preview": lambda _: {"bytes": 7, "unlocked": [3], "chosen": {"s": {"digest": "ab" * 32, "commit": "adopted"}}},
    "verify": _verified,
    "linked-files": lambda _: {"files": {"facelist.csv": PINNED, "facedata.hdf5": FILE}},
    "list-versions": lambda _: {
        "versions": [HELD, {**HELD, "version": "2024-01-02"}], "leftovers": [{**HELD, "version": "2023-01-01"}],
    },
    "remove-versions": lambda _: {
        "removed": [{"model": MODEL, "version": OLD, "bytes": 7}], "refused": {"a/b": "in use"}
    },
    "retention": lambda _: {
        "now": "2026-11-30T03:00:00Z", "held": None, "unneeded": [UNNEEDED], "kept": {f"{MODEL}/{OLD}": ["current"]},
        "notes": ["the roots of x end in 3 days"], "sizes": {f"{MODEL}/{OLD}": 7},
        "unreadable": {"openface_torch": "Permission denied"}, "free": 7, "total": 9,
    },
    "add-roots": lambda _: {},
    "examine": lambda _: {
        "packages": ["rsync"], "has_user": False, "clock": {"synchronized": False, "keeper": "chrony"},
        "space": {"folder": "/", "free": 7, "needed": 9},
        "code": {"unreadable": ["/x"], "release": "0.3", "unfit": True, "absent": ["a"], "unknown": "why"},
        "pull_access": {"public_key": "a", "certificate": "b", "known_hosts": "c"},
        "letting": {"rrsync": "old", "authorized": False, "revoked": ["sentinelcam-pull:x:1"]},
    },
    "sweep-now": lambda _: {"lines": ["x"], "fault": None},
    "list-registry": lambda _: {
        "models": {MODEL: {VERSION: LISTED}, "haarcascades": {"2020-01-01": LISTED}},
        "unreadable": {"openface_torch": "Permission denied"}, "leftovers": [f"{MODEL}/.import-{OLD}"], "free": 7,
        "total": 9, "fault": None, "is_there": True,
    },
    "read-folder": lambda _: {
        "files": {"facelist.csv": PINNED}, "others": {"x": "a link"}, "manifest": None, "fault": None,
    },
    "check-collected": lambda _: {"collected": ["facedata.hdf5"], "free": 7},
    "find-parts": lambda _: {"parts": [f"lab1/{MODEL}/{OLD}/.x"]},
    "finish-collected": lambda _: {"kept": ["x"], "left": ["y"]},
    "check-import": lambda _: {"free": 7, "stored": True},
    "find-stacks": lambda _: {
        "stored": {CORAL_VERSION: {"manifest": "eA==", "files": {"manifest.yaml": 1}}}, "free": 7,
    },
}  # fmt: skip


def _status() -> Report:
    wanted = status.wanted_sets(FLEET, FLEET.with_service())
    found = status.FleetStatus(status.look(FLEET, wanted), registry_state.look(FLEET), None)
    json.dumps(codec.encode(found))
    return status.report(FLEET, wanted, found)


def _show() -> Report:
    found = model_versions.look(FLEET, MODEL)
    json.dumps(codec.encode(found))
    return model_versions.report(found)


def _list() -> Report:
    found = model_list.look(FLEET)
    json.dumps(codec.encode(found))
    return model_list.report(FLEET, found)


def _verify() -> Report:
    found = verification.registry(FLEET, [MODEL])
    json.dumps(codec.encode(found))
    return verification.report(FLEET, found)


def _verify_nodes() -> Report:
    found = verification.nodes(FLEET, [MODEL])
    json.dumps(codec.encode(found))
    return verification.report(FLEET, found)


def _cleanup() -> Report:
    found = prune_registry.look(FLEET)
    swept = prune_registry.sweep(FLEET)
    json.dumps(prune_registry.to_json(FLEET, found, swept))
    shown = prune_registry.report(FLEET.site.primary_datasink, found)
    return Report(shown.tables, (*shown.notes, *swept.lines, swept.fault or ""))


def _cleanup_nodes() -> Report:
    plan = prune_nodes.look(FLEET)
    results = prune_nodes.remove(FLEET, plan)
    json.dumps(codec.encode(prune_nodes.pruned(plan, results)))
    notes = [*prune_nodes.outcome(results), *prune_nodes.failures(results)]
    shown = prune_nodes.report(plan)
    return Report(shown.tables, (*shown.notes, *notes))


def _rollback() -> Report:
    return preview.summary("Roll back", preview.look(FLEET, AFTER, MODEL, CHECKOUT))


def _stored() -> None:
    preview.require_stored(FLEET, MODEL, OLD)


def _collect() -> Report:
    found = linked_files.look(FLEET, "sentinel", MODEL, VERSION)
    travelling.require_space(FLEET, "x", 7, found.free)
    return Report((), tuple(linked_files.place(FLEET, found, *each) for each in found.uncollected.items()))


def _roots() -> None:
    roots.add(Path("/nowhere"), [FLEET, AFTER], {})


def _import() -> None:
    registry_store.check_import(FLEET, (MODEL, VERSION), PurePosixPath("/x"))


def _stacks() -> None:
    for version, stored in coral_stacks.look(FLEET, [CORAL_VERSION]).stored.items():
        coral_stacks.require_same(FLEET, version, stored)


def _finish() -> None:
    found = linked_files.finish(FLEET, "sentinel", MODEL, VERSION)
    assert all(one_line(path).isprintable() for path in [*found.kept, *found.left])


def _doctor() -> Report:
    found = conditions.look(FLEET, FLEET.with_service())
    json.dumps(found.to_json())
    return conditions.report(found)


COMMANDS: list[tuple[Callable[[], Report | None], tuple[str, ...]]] = [
    (_status, ("status", "list-registry", "retention", "find-parts")),
    (_doctor, ("examine",)),
    (_show, ("status", "list-registry")),
    (_list, ("list-registry",)),
    (_verify, ("list-registry", "read-folder")),
    (_verify_nodes, ("verify",)),
    (_cleanup, ("retention", "sweep-now")),
    (
        _cleanup_nodes,
        ("status", "list-versions", "linked-files", "remove-versions", "read-folder", "check-collected"),
    ),
    (_rollback, ("preview",)),
    (_stored, ("read-folder",)),
    (_collect, ("linked-files", "read-folder", "check-collected")),
    (_roots, ("add-roots",)),
    (_import, ("check-import",)),
    (_stacks, ("find-stacks",)),
    (_finish, ("finish-collected",)),
]
"""What commands make of answers, and the questions that they ask for it."""


class Hosts:
    """In the place of ssh: every host answers a question with the text that a test gives, all others well."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.asked: set[str] = set()

    def run(
        self, _fleet: Fleet, host: str, command: Sequence[str], _seconds: float, _message: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        question = "status" if command[-1] == "--json" else command[-1]
        self.asked.add(question)
        text = self.texts.get(question)
        return subprocess.CompletedProcess([], 0, json.dumps(VALID[question](host)) if text is None else text, "")


def told(command: Callable[[], Report | None], texts: Mapping[str, str]) -> Hosts:
    """What a command shows, or says instead, is text that a terminal can be given."""
    hosts = Hosts(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "run", hosts.run)
        try:
            report = command()
        except OperatorError as error:
            require_lines(str(error))
        else:
            for line in report.plain().split("\n") if report else []:
                assert line.isprintable(), repr(line[:600])
    return hosts


@pytest.mark.parametrize(("command", "questions"), COMMANDS)
def test_the_answers_here_are_those_that_are_asked_for(
    command: Callable[[], Report | None], questions: tuple[str, ...]
) -> None:
    """Else the tests below would prove nothing."""
    assert told(command, {}).asked >= set(questions)


@pytest.mark.parametrize(
    ("command", "question"), [(command, question) for command, questions in COMMANDS for question in questions]
)
@settings(max_examples=settings().max_examples // 3)
@given(data=st.data())
def test_any_answer(command: Callable[[], Report | None], question: str, data: st.DataObject) -> None:
    """H1: and one that is not understood is said in a line."""
    valid = VALID[question](data.draw(st.sampled_from(["sentinel", "lab1", "data1"])))
    told(command, {question: data.draw(hostile_texts(valid))})


FOUND: dict[str, tuple[str, Callable[[Any, Any], object], Any]] = {
    "a size that nobody can print": (
        "list-registry", lambda valid, other: valid["models"][MODEL][VERSION]["files"].update(x=other, y=other),
        "HUGE",
    ),
    "a size that makes a sum so": (
        "list-versions", lambda valid, other: valid["versions"][0]["files"][0].update(size=other), "HUGE"
    ),
    "a model that a terminal obeys": (
        "list-versions", lambda valid, other: valid["versions"][0].update(model=other), "a\0\x1b[2J"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_this_file_has_found(name: str) -> None:
    """H1: each was a traceback, or went to the terminal as it was."""
    question, change, other = FOUND[name]
    valid = VALID[question]("sentinel")
    change(valid, other)
    text = json.dumps(valid).replace('"HUGE"', "9" * 4300)
    for command, questions in COMMANDS:
        if question in questions:
            told(command, {question: text})


@pytest.mark.parametrize("question", VALID)
def test_every_kind_of_answer_that_is_none(question: str) -> None:
    """H1."""
    command = next(command for command, questions in COMMANDS if question in questions)
    for text in ("", "Last login: today\n", "\x1b[2J\0", "x" * 1_000_000, "[" * 100_000, *FRAGMENTS):
        told(command, {question: text})
