"""Linked files are read only while nobody writes to them."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from node import linked_files
from node.errors import Refusal
from node.protocol.registry import Measured
from node.protocol.versions import LinkedFiles, LinkedQuestion, SendLinkedFile
from node.store import disk
from tests.unit.node.places import Place, sha256
from tests.unit.node.test_linked_files import holding

ROWS = b"rows\n" * 1000


@pytest.fixture
def path(place: Place) -> Path:
    place.held("faces", "2026-01-01", {"list.csv": ROWS})
    return place.models / "faces" / "2026-01-01" / "list.csv"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    buffer = io.BytesIO()
    monkeypatch.setattr(linked_files, "sys", SimpleNamespace(stdout=SimpleNamespace(buffer=buffer)))
    return buffer


def question(path: Path, *names: str) -> LinkedQuestion:
    return LinkedQuestion(path.parents[2], "faces", "2026-01-01", list(names))


def desired(path: Path, sha256: str) -> SendLinkedFile:
    return SendLinkedFile(path.parents[2], "faces", "2026-01-01", "list.csv", sha256)


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        work()
    return str(caught.value)


def test_what_each_is(path: Path) -> None:
    assert linked_files.look(question(path, "list.csv", "data.hdf5")) == LinkedFiles(
        {"list.csv": Measured(sha256(ROWS), len(ROWS)), "data.hdf5": None}
    )


def test_its_bytes(path: Path, sent: io.BytesIO) -> None:
    linked_files.send(desired(path, sha256(ROWS)))
    assert sent.getvalue() == ROWS


def test_other_bytes_than_were_looked_at(path: Path, sent: io.BytesIO) -> None:
    assert refusal(lambda: linked_files.send(desired(path, "0" * 64))) == (
        f"{path}: it has changed since it was looked at; run again"
    )
    assert sent.getvalue() == ROWS


def test_open_for_writing(path: Path, sent: io.BytesIO) -> None:
    with holding(path, "r+") as process:
        said = f"{path} (process {process}): open for writing; expected the task to finish; run again later"
        assert refusal(lambda: linked_files.look(question(path, "list.csv"))) == said
        assert refusal(lambda: linked_files.send(desired(path, sha256(ROWS)))) == said
    assert sent.getvalue() == b""


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(ROWS),
        lambda path: os.utime(path, ns=(0, 0)),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.write_bytes(ROWS)),
    ],
)
def test_written_to_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]) -> None:
    """Between the look at who has it open and the end of the reading."""
    monkeypatch.setattr(disk, "CHUNK", 1000)
    looks = 0
    os.utime(path, ns=(1, 1))

    def look(_: object) -> list[str]:
        nonlocal looks
        looks += 1
        if looks > 1:
            change(path)
        return []

    monkeypatch.setattr(linked_files, "writers", look)
    assert refusal(lambda: linked_files.measure(path)) == f"{path}: written to while it was read; run again later"


def test_opened_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([[], ["list.csv (process 7)"]])
    monkeypatch.setattr(linked_files, "writers", lambda _: next(looks))
    assert refusal(lambda: linked_files.measure(path)).startswith("list.csv (process 7): open for writing; ")


def test_what_is_no_plain_file(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")
    assert (
        refusal(lambda: linked_files.measure(path))
        == f"{path}: Too many levels of symbolic links; expected a plain file"
    )
    path.unlink()
    os.mkfifo(path)
    assert (
        refusal(lambda: linked_files.measure(path))
        == f"{path}: found no plain file; expected one; move it away and run again"
    )


def test_a_version_that_is_none(path: Path, tmp_path: Path) -> None:
    said = "faces/2026-02-02: not on this node; versions of faces that are: 2026-01-01"
    assert refusal(lambda: linked_files.look(question(path)._replace(version="2026-02-02"))) == said
    path.parent.with_name("2026-02-02").symlink_to(tmp_path)
    assert refusal(lambda: linked_files.look(question(path)._replace(version="2026-02-02"))).endswith(
        "2026-02-02: found a link; expected a folder; look there"
    )
    assert refusal(lambda: linked_files.look(question(path)._replace(models=tmp_path / "x"))) == (
        f"{tmp_path}/x: no such folder; expected the models of this node"
    )
