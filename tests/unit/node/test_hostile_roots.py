"""Hostile delete-lists: not written, and when root finds one all the same, nothing is removed by it."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node import cli, layout
from node.errors import Refusal
from node.registry import delete_list
from node.registry.prune_registry import Place, clean, freed_by
from tests.unit.node.hostile import NAMES, NO_TEXTS, require_line, trying
from tests.unit.node.places import fill, manifest_of, sha256, tree

NOW = "2026-11-23T00:00:00Z"
LABEL = ("cats", "2026-01-01")


@pytest.fixture
def registry(tmp_path: Path) -> Place:
    """A registry with one version, and something outside of it."""
    fill(tmp_path / "registry" / "cats" / "2026-01-01", manifest_of(*LABEL), {"cats.bin": b"meow"})
    fill(tmp_path / "outside", manifest_of(*LABEL), {"cats.bin": b"meow"})
    return Place(tmp_path / "registry", tmp_path / "cleanup.log")


def entry(registry: Place, **changes: Any) -> dict[str, Any]:
    folder = registry.registry / "cats" / "2026-01-01"
    return {
        "model": "cats", "version": "2026-01-01", "manifest": sha256(manifest_of(*LABEL)), "bytes": freed_by(folder),
        "due": "2026-11-01T00:00:00Z", "since": "2026-10-25T00:00:00Z", "operator": "anna@ramrod", **changes,
    }  # fmt: skip


REFUSED = ("the new delete-list: ", "what it was told: ")


def write(entries: object) -> None:
    layout.cleanup().mkdir(parents=True, exist_ok=True)
    (layout.cleanup() / "list.json").write_text(json.dumps(entries), encoding="utf-8")


def replaced(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], entries: object) -> str:
    """What the program says when it refuses to write this list."""
    message = {"was": "", "entries": entries, "seen": {}}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(message)))
    assert cli.main(["renew-delete-list"]) == 1
    assert not (layout.cleanup() / "list.json").exists()
    return require_line(capsys.readouterr().err)


def test_the_plain_list_is_taken_and_obeyed(registry: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    was = delete_list.show(registry.log).digest
    message = {"was": was, "entries": [entry(registry)], "seen": {}}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(message)))
    assert cli.main(["renew-delete-list"]) == 0
    assert clean(registry, NOW) == []
    assert tree(registry.registry) == {}


@pytest.mark.parametrize("field", ["model", "version", "manifest", "due", "since"])
def test_an_entry(
    registry: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, field: str
) -> None:
    for text in [*NAMES.values(), *NO_TEXTS]:
        with trying(text):
            entries = [entry(registry), entry(registry, **{field: text})]
            before = tree(tmp_path)
            assert replaced(monkeypatch, capsys, entries).startswith(REFUSED)
            assert tree(tmp_path) == before
            write(entries)
            before = tree(tmp_path)
            with pytest.raises(Refusal, match="damaged") as caught:
                clean(registry, NOW)
            require_line(str(caught.value))
            assert tree(tmp_path) == before
            (layout.cleanup() / "list.json").unlink()


@pytest.mark.parametrize("bytes_", [-1, 1.5, True, "7", None, [], float("nan"), float("inf")], ids=repr)
def test_bytes(
    registry: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bytes_: object
) -> None:
    assert "bytes: found " in replaced(monkeypatch, capsys, [entry(registry, bytes=bytes_)])


@pytest.mark.parametrize("operator", ["anna\n2026-11-23T00:00:00Z removed dogs", "\x1b[2J", "a\u202eb", None, 7, []])
def test_an_operator(
    registry: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], operator: object
) -> None:
    assert "operator: found " in replaced(monkeypatch, capsys, [entry(registry, operator=operator)])


@pytest.mark.parametrize("data", [None, 7, "cats", {"cats": 1}, [None], [[]], ["cats"], [{}], [{"model": "cats"}]])
def test_what_is_no_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], registry: Place, data: object
) -> None:
    assert replaced(monkeypatch, capsys, data).startswith(REFUSED)
    write(data)
    with pytest.raises(Refusal, match="damaged"):
        clean(registry, NOW)
    assert delete_list.listed(["cats/2026-01-01"]) == []


@pytest.mark.parametrize("content", [b"", b"[", b"\xff", b"[" * 100_000, b"[NaN]", b"\0" * 1_000_000])
def test_what_is_no_json(registry: Place, content: bytes) -> None:
    write([])
    (layout.cleanup() / "list.json").write_bytes(content)
    before = tree(registry.registry)
    with pytest.raises(Refusal, match="damaged") as caught:
        clean(registry, NOW)
    require_line(str(caught.value))
    assert tree(registry.registry) == before


def _moved(path: Path) -> None:
    """The path becomes a link to where it was moved, out of the registry."""
    registry = next(each for each in path.parents if each.name == "registry")
    elsewhere = registry.with_name("outside") / "moved"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: _moved(folder),
        lambda folder: _moved(folder.parent),
        lambda folder: _moved(folder / "manifest.yaml"),
        lambda folder: (folder / "manifest.yaml").unlink(),
        lambda folder: (folder / "manifest.yaml").write_bytes(b"another"),
        lambda folder: (folder / "cats.bin").write_bytes(b"another"),
        lambda folder: (folder / "more.bin").write_bytes(b"more"),
    ],
)
def test_what_is_not_what_was_listed(registry: Place, tmp_path: Path, change: Callable[[Path], object]) -> None:
    write([entry(registry)])
    change(registry.registry / "cats" / "2026-01-01")
    before = tree(tmp_path)
    [problem] = clean(registry, NOW)
    assert require_line(problem).endswith("; it stays; to list it anew: modelctl prune registry")
    assert tree(tmp_path) == before


def test_links_in_a_version_go_and_what_they_lead_to_stays(registry: Place, tmp_path: Path) -> None:
    folder = registry.registry / "cats" / "2026-01-01"
    (folder / "file").symlink_to(tmp_path / "outside" / "cats.bin")
    (folder / "folder").symlink_to(tmp_path / "outside")
    write([entry(registry)])
    outside = tree(tmp_path / "outside")
    assert clean(registry, NOW) == []
    assert not folder.exists()
    assert tree(tmp_path / "outside") == outside
