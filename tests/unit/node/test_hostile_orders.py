"""Hostile words at a node's console, and orders whose names lead elsewhere: refused, and the disk stays as it is."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from node import cli, layout
from tests.unit.node.hostile import HOSTILE, require_line
from tests.unit.node.places import Place, fill, manifest_of, tree
from tests.unit.node.test_orders import ORDER, SET

SECRET = b"root:x"
PATHS = [each for each in HOSTILE if each.id in (
    "this folder", "the folder above", "a path upwards", "an absolute path", "a path inside", "a NUL", "a leading dot",
    "two lines", "a million letters",
)]  # fmt: skip


@pytest.fixture
def node(tmp_path: Path) -> Place:
    """A node with one version, and a file outside of it."""
    fill(tmp_path / "models" / "cats" / "2026-01-01", manifest_of("cats", "2026-01-01"), {"cats.bin": b"meow"})
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "cats.bin").write_bytes(SECRET)
    return Place(tmp_path)


@pytest.mark.parametrize("command", ["status", "history", "revert"])
@pytest.mark.parametrize("word", [each for each in HOSTILE if each.id != "nothing"])
def test_a_word_at_the_console(command: str, word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (layout.STATE / "sets" / "engine").mkdir(parents=True)
    before = tree(tmp_path)
    assert cli.main([command, word]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert require_line(said.err).startswith("found ")
    assert tree(tmp_path) == before


@pytest.mark.parametrize("word", HOSTILE)
def test_a_command_that_is_none(word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = tree(tmp_path)
    assert cli.main([word]) == 1
    assert require_line(capsys.readouterr().err).endswith("; allowed: status, history, revert")
    assert tree(tmp_path) == before


def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, order: Any, folder: Path
) -> str:
    before = tree(folder)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(order)))
    assert cli.main([command]) == 1
    said = capsys.readouterr()
    assert SECRET.decode() not in said.out
    assert tree(folder) == before
    return require_line(said.err)


@pytest.mark.parametrize("field", ["model", "version", "name"])
@pytest.mark.parametrize("command", ["linked-files", "send-linked-file"])
@pytest.mark.parametrize("text", PATHS)
def test_a_linked_file(
    node: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    field: str,
    text: str,
) -> None:
    order: dict[str, Any] = {"models": str(node.models), "model": "cats", "version": "2026-01-01", "name": "cats.bin"}
    order[field] = text
    order = {**order, "names": [order["name"]], "sha256": "ab" * 32}
    line = refused(monkeypatch, capsys, command, order, node.root)
    assert line.startswith(f"{field}: found ")


@pytest.mark.parametrize("field", ["model", "version", "name"])
@pytest.mark.parametrize("command", ["pull", "survey", "folders", "switch"])
@pytest.mark.parametrize("text", PATHS)
def test_a_version_of_an_order(
    node: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    field: str,
    text: str,
) -> None:
    file = {"name": "cats.bin", "sha256": "ab" * 32, "size": 1, "linked": False}
    version = {
        "model": "cats", "version": "2026-01-01", "manifest": "cd" * 32, "files": [file],
        "directory": str(node.models / "cats" / "2026-01-01"),
    }  # fmt: skip
    (file if field == "name" else version)[field] = text
    line = refused(monkeypatch, capsys, command, {**ORDER, "versions": [version]}, node.root)
    assert line.startswith(f"{field}: found ")


@pytest.mark.parametrize("field", ["service", "digest"])
@pytest.mark.parametrize("command", ["pull", "survey", "folders", "switch"])
@pytest.mark.parametrize("text", PATHS)
def test_a_set_of_an_order(
    node: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    field: str,
    text: str,
) -> None:
    order = {**ORDER, "versions": [], "sets": [{**SET, field: text}]}
    line = refused(monkeypatch, capsys, command, order, node.root)
    assert line.startswith(f"{field}: found ")
