"""What is published is what the files held at rest, and the same command takes the same up."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cases import each
from tests.unit.trainer.trainers import FILES, Trainer
from trainer import copying
from trainer.measured import Measured

Capture = pytest.CaptureFixture[str]
Copy = Callable[[Path, copying.Seen, Path], Measured]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_taken_up_by_the_same_command(trainer: Trainer, capsys: Capture) -> None:
    trainer.order(upload=[{"raw": ""}])
    assert trainer.publish() == 1
    before, inode = contents(trainer.snapshot), trainer.snapshot.stat().st_ino
    trainer.order()
    assert trainer.publish() == 0
    assert (contents(trainer.snapshot), trainer.snapshot.stat().st_ino) == (before, inode)
    assert "snapshot: 5 files, 0.6 MB, as before, the files are unchanged\n" in capsys.readouterr().out


def test_new_when_a_file_was_written_anew(trainer: Trainer) -> None:
    assert trainer.publish() == 0
    before = trainer.manifest()
    path = trainer.models / "facelist.csv"
    (trainer.models / "new").write_bytes(path.read_bytes())
    (trainer.models / "new").rename(path)
    inode = trainer.snapshot.stat().st_ino
    assert trainer.publish() == 0
    assert trainer.snapshot.stat().st_ino != inode
    assert trainer.manifest() == before
    path.write_bytes(b"id,name\n1,alice\n")
    assert trainer.publish() == 0
    assert (trainer.incoming / "facelist.csv").read_bytes() == b"id,name\n1,alice\n"


@each("name", [*FILES, "manifest.yaml", ".snapshot.json"])
def test_new_when_it_is_damaged(trainer: Trainer, name: str, capsys: Capture) -> None:
    assert trainer.publish() == 0
    capsys.readouterr()
    (trainer.snapshot / name).write_bytes(b"damaged")
    assert trainer.publish() == 0
    assert "snapshot: 5 files, 0.6 MB, new\n" in capsys.readouterr().out
    assert {name: (trainer.incoming / name).read_bytes() for name in FILES} == FILES


@each("flags, how", [(os.O_WRONLY, "a"), (os.O_RDWR, "b"), (os.O_WRONLY | os.O_APPEND, "c")])
def test_open_for_writing(trainer: Trainer, capsys: Capture, flags: int, how: str) -> None:
    """By another process, as a training that has not ended."""
    path = trainer.models / "baselines.hdf5"
    script = f"import os\nos.open({str(path)!r}, {flags})\nprint({how!r}, flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{how}\n".encode()
        assert trainer.publish() == 1
        process.communicate(b"\n")
    assert capsys.readouterr().err == (
        f"{path}: found it open for writing by process {process.pid}; expected a file that is complete; "
        "wait until that ends and run again\n"
    )
    assert not trainer.snapshot.exists()


def test_open_for_writing_when_it_is_taken_up(trainer: Trainer) -> None:
    """It was not written yet, and may be from now on."""
    assert trainer.publish() == 0
    with (trainer.models / "baselines.hdf5").open("ab"):
        assert trainer.publish() == 1


def test_opened_for_writing_meanwhile(trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trainer.models / "facemodel.pickle"
    opened = []
    meanwhile(monkeypatch, "facelist.csv", lambda: opened.append(path.open("ab")))
    assert trainer.publish() == 1
    opened[0].close()
    assert f"{path}: found it open for writing by process " in capsys.readouterr().err


def test_of_another_format(trainer: Trainer, capsys: Capture) -> None:
    assert trainer.publish() == 0
    note = trainer.snapshot / ".snapshot.json"
    note.write_text(note.read_text().replace('"format": 1', '"format": 2'))
    capsys.readouterr()
    assert trainer.publish() == 0
    assert "snapshot: 5 files, 0.6 MB, new\n" in capsys.readouterr().out


def test_open_for_reading_is_no_matter(trainer: Trainer) -> None:
    with (trainer.models / "baselines.hdf5").open("rb"):
        assert trainer.publish() == 0


def meanwhile(monkeypatch: pytest.MonkeyPatch, when: str, change: Callable[[], object]) -> None:
    """Changes something once a file with that name was copied."""
    real: Copy = copying.copy

    def copy(source: Path, before: copying.Seen, target: Path) -> Measured:
        measured = real(source, before, target)
        if source.name == when:
            change()
        return measured

    monkeypatch.setattr(copying, "copy", copy)


@each("name", ["facemodel.pickle", "facelist.csv"])
def test_changed_while_another_is_copied(trainer: Trainer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a version belong together: one that changed after its copying is refused as well."""
    (trainer.models / name).write_bytes(FILES[name])
    meanwhile(monkeypatch, "facelist.csv", lambda: (trainer.models / name).write_bytes(FILES[name]))
    assert trainer.publish() == 1
    assert list((trainer.models / ".publish").iterdir()) == [trainer.models / ".publish/.lock"]
    monkeypatch.undo()


def test_changed_while_it_is_read(trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trainer.models / "facemodel.pickle"
    monkeypatch.setattr(copying, "CHUNK", 1000)
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if path.stat().st_size == len(FILES[path.name]):
            path.write_bytes(b"longer" * 100_000)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert trainer.publish() == 1
    assert capsys.readouterr().err == (
        f"{path}: found that it changed meanwhile; expected a complete file; run again when it is\n"
    )


def a_link(path: Path) -> None:
    path.symlink_to("facemodel.pickle")


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@each(
    "make, found",
    [
        (str, "No such file or directory; expected a file of the model"),
        (a_link, "a link; expected the file itself"),
        (lambda path: path.mkdir(), "a folder; expected the file itself"),
        (os.mkfifo, "a named pipe; expected the file itself"),
        (a_socket, "a socket; expected the file itself"),
        (lambda path: path.write_bytes(b""), "an empty file; expected one that a training wrote"),
    ],
)
def test_what_is_no_file(trainer: Trainer, capsys: Capture, make: Callable[[Path], object], found: str) -> None:
    for number in range(10):
        path = trainer.models / f"odd{number}"
        if not os.path.lexists(path):
            break
    make(path)
    assert trainer.publish("facelist.csv", path.name) == 1
    assert capsys.readouterr().err == f"{path}: found {found}\n"


def replace(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


@each(
    "make, told",
    [
        (os.mkfifo, "found a named pipe; expected the file itself"),
        (a_link, "Too many levels of symbolic links; mend that and run it again"),
    ],
)
def test_replaced_before_it_is_opened(
    trainer: Trainer, capsys: Capture, make: Callable[[Path], object], told: str
) -> None:
    """A pipe would be waited at for ever, and a link leads to what nobody named."""
    path = trainer.models / "facelist.csv"
    path.unlink()
    path.write_bytes(FILES[path.name])
    with pytest.MonkeyPatch.context() as patch:
        meanwhile(patch, "facemodel.pickle", lambda: replace(path, make))
        assert trainer.publish() == 1
    assert capsys.readouterr().err.startswith(f"{path}: {told}")


def test_a_link_in_place_of_the_snapshot(trainer: Trainer, capsys: Capture, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").write_bytes(b"p")
    trainer.snapshot.parent.mkdir()
    trainer.snapshot.symlink_to(other)
    assert trainer.publish() == 1
    assert capsys.readouterr().err == (
        f"{trainer.snapshot}: found a link; expected a folder of this program; remove it and run again\n"
    )
    assert (other / "precious").exists()
