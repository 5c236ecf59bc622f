"""Asking the datasink for a listing over SSH, with a stand-in for ssh on PATH."""

import json
import os
from pathlib import Path

import pytest

from modelctl.nodes import remote
from modelctl.registry import registry_store
from node import protocol
from node.protocol.registry import ListedVersion, Listing, ListRegistry
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl.datasinks import REGISTRY_FOLDER, FakeDatasink
from tests.unit.modelctl.sites import fleet

EYE = ("haarcascades", "2020-03-25")


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    return FakeDatasink(tmp_path, monkeypatch)


def refusal() -> str:
    with pytest.raises(remote.NoAnswer) as caught:
        registry_store.listing(fleet())
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_the_versions_of_the_registrys_models(datasink: FakeDatasink) -> None:
    folder = datasink.store(*EYE)
    for name in ("2026-13-01", "2026-01-01.1", "old", ".import-2026-01-01"):
        (folder.parent / name).mkdir()
    (datasink.registry / "somebodys" / "2026-01-01").mkdir(parents=True)
    found = registry_store.listing(fleet())
    manifest = (folder / "manifest.yaml").read_bytes()
    sizes = {"haarcascade_eye.xml": 43, "manifest.yaml": len(manifest)}
    assert found.versions == {EYE: ListedVersion(sizes, manifest)}
    assert found.leftovers == ["haarcascades/.import-2026-01-01"]
    assert 0 < found.free <= found.total
    question = protocol.loads(ListRegistry, datasink.asked[-1])
    assert question == (Path(REGISTRY_FOLDER), list(REGISTRY.artefacts))


def test_a_file_with_another_link_frees_no_bytes(datasink: FakeDatasink, tmp_path: Path) -> None:
    folder = datasink.store(*EYE)
    (folder / "sub").mkdir()
    (folder / "sub" / "more").write_bytes(b"12345")
    os.link(folder / "haarcascade_eye.xml", tmp_path / "elsewhere")
    version = registry_store.listing(fleet()).versions[EYE]
    assert set(version.files) == {"haarcascade_eye.xml", "manifest.yaml", "sub/more"}
    assert version.bytes == version.files["manifest.yaml"] + 5


def test_an_empty_registry(datasink: FakeDatasink) -> None:
    datasink.registry.mkdir()
    found = registry_store.listing(fleet())
    assert found == Listing({}, found.free, found.total)


def test_no_registry_is_not_an_empty_one(datasink: FakeDatasink) -> None:
    """U4: it names what makes it."""
    assert not datasink.registry.exists()
    assert refusal() == (
        f"data1 (192.168.10.50): {REGISTRY_FOLDER}: no such folder; modelctl import makes it, and so does a deploy"
    )


FOUND = '{"models": {}, "unreadable": {}, "leftovers": [], "free": 1, "total": 2, "fault": null, "is_there": true}'
FAULTY: dict[str, object] = {
    "files": {}, "shared": [], "manifest": None, "fault": "a\x1b",
}  # fmt: skip


def with_folder(version: str = EYE[1], **changes: object) -> str:
    """The answer for one faulty folder, changed."""
    return FOUND.replace("{}", json.dumps({EYE[0]: {version: FAULTY | changes}}), 1)


def test_a_version_that_cannot_be_read_is_not_an_absent_one(datasink: FakeDatasink) -> None:
    datasink.answer_with(f"cat <<'END'\n{with_folder()}\nEND")
    found = registry_store.listing(fleet())
    assert found.faults == {"/".join(EYE): "a?; expected a registry that ops can read; mend that there"}


def test_a_registry_that_cannot_be_read_is_not_an_empty_one(datasink: FakeDatasink) -> None:
    datasink.answer_with(f"cat <<'END'\n{FOUND.replace('null', json.dumps('b: Input/output error'))}\nEND")
    assert refusal() == (
        "data1 (192.168.10.50): b: Input/output error; expected a registry that ops can read; mend that there"
    )


def test_what_is_no_version_may_be_unreadable(datasink: FakeDatasink) -> None:
    datasink.answer_with(f"cat <<'END'\n{with_folder(version='lost+found')}\nEND")
    assert registry_store.listing(fleet()) == Listing({EYE[0]: {}}, 1, 2)


@pytest.mark.parametrize(
    "answer",
    [
        "", "Welcome!", "[]", "{}", f"Welcome! {FOUND}", FOUND.replace('"free": 1', '"free": -1'),
        FOUND.replace('"total": 2', '"total": "2"'), FOUND.replace("true}", 'true, "format": 2}'),
        FOUND.replace('"leftovers": []', '"leftovers": [1]'),
        with_folder(files={"a": -1}), with_folder(manifest="a"),
        "[" * 5000,
    ],
)  # fmt: skip
def test_an_odd_answer_is_refused(datasink: FakeDatasink, tmp_path: Path, answer: str) -> None:
    (tmp_path / "answer").write_text(answer, encoding="utf-8")
    datasink.answer_with(f"cat {tmp_path}/answer")
    line = refusal()
    assert line.startswith("data1 (192.168.10.50): found ")
    assert line.endswith("; expected the registry's listing as JSON; does a login there print something of its own?")


def test_what_the_datasink_says_is_told_without_its_control_characters(datasink: FakeDatasink) -> None:
    answer = FOUND.replace('"leftovers": []', '"leftovers": ["a/.import-\\u001b[2J"]')
    datasink.answer_with(f"cat <<'END'\n{answer}\nEND")
    assert registry_store.listing(fleet()).leftovers == ["a/.import-?[2J"]


def test_no_connection(datasink: FakeDatasink) -> None:
    datasink.answer_with("echo 'No route to host' >&2; exit 255")
    assert refusal() == "data1 (192.168.10.50): No route to host; look at its power and its cable, then run again"


def test_no_python_there(datasink: FakeDatasink) -> None:
    datasink.answer_with("echo 'sh: 1: python3: not found' >&2; exit 127")
    assert refusal() == (
        "data1 (192.168.10.50): python3 ended with 127: sh: 1: python3: not found; expected Python 3.7 or newer there"
    )


def test_no_answer_in_time(datasink: FakeDatasink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_store, "LIST_SECONDS", 0.2)
    datasink.answer_with("exec sleep 30")
    assert refusal() == "data1 (192.168.10.50): no answer within 0.2 s; is its disk well?"
