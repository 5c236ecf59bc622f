"""The node program is held where a story ordered it, and nothing else is."""

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import disk, hold
from lab.machine import wait_until
from node import layout

ROOT = Path(__file__).parents[3]
PROGRAM = """\
import pathlib, sys
from lab import hold
folder = pathlib.Path(sys.argv[1])
hold.ORDER, hold.MOMENTS, hold.HELD, hold.GO = (folder / name for name in ("order", "moments", "held", "go"))
if hold.ORDER.exists():
    hold.obey()
from node.store import files
files.write(folder / "file", b"content")
"""


Begin = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Begin a command that writes a file as the node program does; ended with the test."""
    begun: list[subprocess.Popen[bytes]] = []

    def run(command: str) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "-c", PROGRAM, str(tmp_path), command]
        begun.append(subprocess.Popen(words, env={"PYTHONPATH": str(ROOT)}))
        return begun[-1]

    yield run
    for program in begun:
        program.kill()
        program.wait()


def order(folder: Path, at: int) -> None:
    (folder / "order").write_text(json.dumps({"command": "switch-unit", "at": at, "below": ""}))


def test_the_ordered_command_is_held_at_its_moment_until_it_may_go_on(tmp_path: Path, begin: Begin) -> None:
    order(tmp_path, at=5)
    program = begin("switch-unit")
    wait_until((tmp_path / "held").exists, limit=20, what="held")
    assert not (tmp_path / "file").exists()
    assert (tmp_path / "moments").read_text().splitlines()[-1] == f"before rename {tmp_path}/file"
    (tmp_path / "go").touch()
    assert program.wait(20) == 0
    assert (tmp_path / "file").read_bytes() == b"content"
    assert not (tmp_path / "held").exists()


def test_with_moment_0_they_are_only_counted(tmp_path: Path, begin: Begin) -> None:
    order(tmp_path, at=0)
    assert begin("switch-unit").wait(20) == 0
    moments = [line.split()[:2] for line in (tmp_path / "moments").read_text().splitlines()]
    assert moments == [[when, change] for change in ("write", "sync", "rename", "sync") for when in ("before", "after")]


@pytest.mark.parametrize("command", ["recover", "switch-unit-not"])
def test_another_command_is_left_alone(tmp_path: Path, command: str, begin: Begin) -> None:
    order(tmp_path, at=1)
    assert begin(command).wait(20) == 0
    assert not (tmp_path / "moments").exists()


def test_it_is_held_at_what_it_does_below_a_path(tmp_path: Path, begin: Begin) -> None:
    below = f"{tmp_path}/.file"
    (tmp_path / "order").write_text(json.dumps({"command": "switch-unit", "at": 4, "below": below}))
    program = begin("switch-unit")
    wait_until((tmp_path / "held").exists, limit=20, what="held")
    assert (tmp_path / "held").read_text() == str(program.pid)
    moments = [line.rsplit(" ", 1) for line in (tmp_path / "moments").read_text().splitlines()]
    assert moments == [[each, f"{below}.new"] for each in ("before write", "after write", "before sync", "after sync")]
    assert not (tmp_path / "file").exists()
    (tmp_path / "go").touch()
    assert program.wait(20) == 0


def test_without_an_order_each_program_of_a_host_only_looks(tmp_path: Path) -> None:
    watched = Path(pathlib.__file__).read_text() + disk.HOLD.replace(str(hold.ORDER), str(tmp_path / "order"))
    (tmp_path / "pathlib.py").write_text(watched)
    (tmp_path / "lab_hold.py").write_text(Path(hold.__file__).read_text())
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import pathlib; print('lab_hold' in sys.modules)"
    command = [sys.executable, *layout.PYTHON[1:], "-c", script, "switch-unit"]
    assert subprocess.check_output(command) == b"False\n"
    order(tmp_path, at=1)
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "FileNotFoundError" in found.stderr  # it obeys; the order lies elsewhere here
