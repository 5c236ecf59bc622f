"""Hostile words at a node's console, and orders whose names lead elsewhere: refused, and the disk stays as it is."""

import io
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node import cli, layout
from tests.unit.node.hostile import NAMES, require_line, trying
from tests.unit.node.places import Place, fill, manifest_of, tree
from tests.unit.node.store.test_service_set import SET
from tests.unit.node.test_desired_state import ORDER, STACK

SECRET = b"root:x"
PATHS = [NAMES[name] for name in (
    "this folder", "the folder above", "a path upwards", "an absolute path", "a path inside", "a NUL", "a leading dot",
    "two lines", "a million letters",
)]  # fmt: skip
COMMANDS = ["pull", "facts", "folders", "switch"]


@pytest.fixture
def node(tmp_path: Path) -> Place:
    """A node with one version, and a file outside of it."""
    fill(tmp_path / "models" / "cats" / "2026-01-01", manifest_of("cats", "2026-01-01"), {"cats.bin": b"meow"})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "cats.bin").write_bytes(SECRET)
    return Place(tmp_path)


@pytest.mark.parametrize("command", ["status", "history", "revert"])
def test_a_word_at_the_console(command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (layout.STATE / "sets" / "engine").mkdir(parents=True)
    before = tree(tmp_path)
    for word in filter(None, NAMES.values()):
        with trying(word):
            assert cli.main([command, word]) == 1
            said = capsys.readouterr()
            assert said.out == ""
            assert require_line(said.err).startswith("found ")
            assert tree(tmp_path) == before


def test_a_command_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = tree(tmp_path)
    for word in NAMES.values():
        with trying(word):
            assert cli.main([word]) == 64
            assert require_line(capsys.readouterr().err).endswith("; allowed: status, history, revert, restore, python")
            assert tree(tmp_path) == before


def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, desired: Any, folder: Path
) -> str:
    before = tree(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(desired)))
    assert cli.main([command]) == 1
    said = capsys.readouterr()
    assert SECRET.decode() not in said.out
    assert tree(folder) == before
    return require_line(said.err)


@pytest.mark.parametrize("field", ["model", "version", "name"])
def test_a_linked_file(
    node: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], field: str
) -> None:
    for command, text in itertools.product(["linked-files", "send-linked-file"], PATHS):
        desired: dict[str, Any] = {"models": str(node.models), "model": "cats", "version": "2026-01-01"}
        desired = {**desired, "name": "cats.bin", field: text}
        desired = {**desired, "names": [desired["name"]], "sha256": "ab" * 32}
        with trying(command, text):
            line = refused(monkeypatch, capsys, command, desired, node.root)
            assert line.startswith((f"{field}: found ", f"what it was told: the message.{field}"))


def require_named(line: str, field: str) -> None:
    """What a name cannot be is told with the field's place, what it may not be with the field."""
    assert re.match(rf"(what it was told: the message\.[a-z0-9_.\[\]]+\.)?{field}: found ", line), line


@pytest.mark.parametrize(
    "place_of",
    [
        lambda version: {"versions": [version]},
        lambda version: {"versions": [], "face_list": version},
        lambda version: {"versions": [], "stack": {**STACK, "version": version}},
    ],
    ids=["a version", "the face list", "the stack"],
)
@pytest.mark.parametrize("field", ["model", "version", "name"])
def test_a_version_of_an_order(
    node: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    field: str,
    place_of: Callable[[object], dict[str, object]],
) -> None:
    for command, text in itertools.product(COMMANDS, PATHS):
        file = {"name": "cats.bin", "sha256": "ab" * 32, "size": 1, "linked": False}
        version = {
            "model": "cats", "version": "2026-01-01", "manifest": "cd" * 32, "files": [file],
            "directory": str(node.models / "cats" / "2026-01-01"),
        }  # fmt: skip
        (file if field == "name" else version)[field] = text
        with trying(command, text):
            line = refused(monkeypatch, capsys, command, {**ORDER, **place_of(version)}, node.root)
            require_named(line, field)


@pytest.mark.parametrize("field", ["service", "digest"])
def test_a_set_of_an_order(
    node: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], field: str
) -> None:
    for command, text in itertools.product(COMMANDS, PATHS):
        desired = {**ORDER, "versions": [], "sets": [{**SET, field: text}]}
        with trying(command, text):
            line = refused(monkeypatch, capsys, command, desired, node.root)
            require_named(line, field)


@pytest.mark.parametrize("place", ["the stack", "the stack of a set"])
def test_the_digest_of_a_stack(
    node: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    own: dict[str, Any] = {
        "version": "2026-01-10", "manifest": "ab", "digest": "d1", "python": "/bin/sh", "folder": "/home", "path": [],
    }  # fmt: skip
    for command, text in itertools.product(COMMANDS, PATHS):
        desired: dict[str, Any] = {**ORDER, "versions": [], "sets": [{**SET, "stack": {**own, "digest": text}}]}
        if place == "the stack":
            desired = {**ORDER, "versions": [], "stack": {**STACK, "digest": text}}
        with trying(command, text):
            require_named(refused(monkeypatch, capsys, command, desired, node.root), "digest")


@pytest.mark.parametrize(
    "desired",
    [
        {}, [], None, 7, "x", {"format": 2}, {**ORDER, "host": None}, {**ORDER, "folders": "/"},
        {**ORDER, "sets": [[]]}, *({**ORDER, "needs": {name: 7}} for name in PATHS),
    ],
)  # fmt: skip
def test_what_is_no_order(
    node: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], desired: object
) -> None:
    for command in COMMANDS:
        assert "found" in refused(monkeypatch, capsys, command, desired, node.root)
