import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from node.facts import versions
from node.protocol.versions import Verified, VerifyFolder, VerifyQuestion
from node.store import disk
from tests.unit.node.places import sha256, tree

PLAIN = {"a": b"a", "b": b"b"}


def folder(
    path: Path, *linked: str, contents: Mapping[str, bytes] = MappingProxyType(PLAIN), shared: bool = False
) -> VerifyFolder:
    digests = {name: sha256(content) for name, content in contents.items()}
    return VerifyFolder(path, digests, list(linked), shared)


def differences(question: VerifyFolder) -> dict[str, Any]:
    [found] = versions.verify(VerifyQuestion([question], None)).folders
    return found._asdict()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "cats" / "2026-01-01"
    path.mkdir(parents=True)
    for name, content in PLAIN.items():
        (path / name).write_bytes(content)
    return path


def test_nothing_differs_and_nothing_changes(path: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)
    assert differences(folder(path)) == {"stored": True, "missing": [], "extra": [], "changed": {}}
    assert tree(tmp_path) == before


def test_missing_extra_and_changed_are_told_apart_and_sorted(path: Path) -> None:
    (path / "b").write_bytes(b"B")
    (path / "sub").mkdir()
    (path / "extra").touch()
    (path / "odd").symlink_to("a")
    os.mkfifo(path / "fifo")
    assert differences(folder(path, contents={**PLAIN, "d": b"d", "c": b"c"})) == {
        "stored": True, "missing": ["c", "d"], "changed": {"b": sha256(b"B")},
        "extra": ["extra", "fifo (a special file)", "odd (a link)", "sub (a folder)"],
    }  # fmt: skip


def test_what_is_no_file_is_missing_and_not_followed(path: Path) -> None:
    (path / "c").symlink_to("a")
    (path / "d").mkdir()
    os.mkfifo(path / "e")
    found = differences(folder(path, contents={**PLAIN, "c": b"a", "d": b"d", "e": b"e"}))
    assert found["missing"] == ["c (a link)", "d (a folder)", "e (a special file)"]
    assert found["extra"] == []


def test_an_unreadable_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = disk.sha256

    def fails(each: Path) -> str:
        if each.name == "a":
            raise OSError(5, "Input/output error", str(each))
        return read(each)

    monkeypatch.setattr(disk, "sha256", fails)
    assert differences(folder(path))["missing"] == ["a (unreadable: Input/output error)"]


def test_a_linked_file_is_never_damage_but_must_be_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path / "b").write_bytes(b"what the node has gathered")
    monkeypatch.setattr(disk, "sha256", lambda each: sha256(each.read_bytes()) if each.name != "b" else 1 / 0)
    assert differences(folder(path, "b")) == {"stored": True, "missing": [], "extra": [], "changed": {}}
    (path / "b").rename(path.parent / "b")
    (path / "b").symlink_to(path.parent / "b")
    assert differences(folder(path, "b"))["missing"] == []
    (path / "b").unlink()
    assert differences(folder(path, "b"))["missing"] == ["b"]


def test_a_folder_that_is_not_there_is_not_stored(path: Path) -> None:
    nothing = {"stored": False, "missing": [], "extra": [], "changed": {}}
    assert differences(folder(path / "none")) == nothing
    (path.parent / "link").symlink_to(path)
    assert differences(folder(path.parent / "link")) == nothing


def test_a_shared_folder_may_hold_more(path: Path) -> None:
    (path / "more").touch()
    assert differences(folder(path, shared=True))["extra"] == []
    assert differences(folder(path, contents={"c": b"c"}, shared=True))["stored"] is False
    found = differences(folder(path, contents={"a": b"A", "c": b"c"}, shared=True))
    assert found == {"stored": True, "missing": ["c"], "extra": [], "changed": {"a": sha256(b"a")}}


def test_an_empty_folder_lacks_everything(path: Path) -> None:
    for each in path.iterdir():
        each.unlink()
    assert differences(folder(path)) == {"stored": True, "missing": ["a", "b"], "extra": [], "changed": {}}


def test_the_version_folders_of_a_node(path: Path, tmp_path: Path) -> None:
    models = path.parent.parent
    (models / ".staging" / "dogs").mkdir(parents=True)
    (models / "dogs" / "old").mkdir(parents=True)
    (models / "dogs" / ".new").mkdir()
    (models / "dogs" / "link").symlink_to(path)
    (models / "birds").symlink_to(path.parent)
    (models / "file").touch()
    Path(os.fsdecode(os.fsencode(models) + b"/dogs/\xff")).mkdir()
    found = versions.verify(VerifyQuestion([], models))
    assert found == Verified([], ["cats/2026-01-01", "dogs/old", "dogs/\\udcff"])
    assert versions.verify(VerifyQuestion([], tmp_path / "none")).versions == []
