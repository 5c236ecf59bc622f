import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import node
from node import layout, program
from node.machine import services
from node.store import disk
from tests.unit.node.places import tree

STATE, RUNTIME = layout.STATE, layout.RUNTIME
"""As they are on a node."""


def bundle(folder: Path) -> str:
    """The digest of a program, as the operator's machine has it."""
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py")}
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


@pytest.fixture(autouse=True)
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program that runs, and what Python leaves beside it."""
    folder = tmp_path / "running"
    (folder / "node" / "__pycache__").mkdir(parents=True)
    (folder / "node" / "__pycache__" / "x.pyc").touch()
    (folder / "__main__.py").write_text("main")
    (folder / "node" / "cli.py").write_text("cli")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setattr(services, "control", lambda *_, **__: None)
    monkeypatch.setattr(program, "units_are_installed", lambda: True)
    return folder


def install(running: Path, text: str = "main") -> Path:
    """Install a program with this text; its folder."""
    (running / "__main__.py").write_text(text)
    program.install(bundle(running))
    return layout.program() / bundle(running)


def test_the_program_installs_itself_and_becomes_current(running: Path) -> None:
    folder = install(running)
    assert tree(folder) == {"__main__.py": b"main", "node/cli.py": b"cli"}
    assert disk.target(layout.program() / "current") == folder.name
    for path in [folder, *folder.rglob("*")]:
        assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) == (0o755 if path.is_dir() else 0o644, 0)


def test_an_older_program_stays_and_can_be_current_again(running: Path) -> None:
    older, newer = install(running), install(running, "newer")
    install(running)
    assert ((older / "__main__.py").read_text(), (newer / "__main__.py").read_text()) == ("main", "newer")
    assert disk.target(layout.program() / "current") == older.name


def test_an_installation_that_was_cut_off_is_begun_anew(running: Path) -> None:
    half = layout.program() / f".{bundle_of_main(running)}.new"
    half.mkdir(parents=True)
    (half / "stray").touch()
    folder = install(running)
    assert sorted(path.name for path in layout.program().iterdir()) == sorted(["current", folder.name])
    assert not (folder / "stray").exists()


def bundle_of_main(running: Path) -> str:
    (running / "__main__.py").write_text("main")
    return bundle(running)


def test_programs_older_than_the_one_before_go(running: Path) -> None:
    folders = [install(running, text) for text in ("1", "2", "3")]
    assert {path.name for path in layout.program().iterdir()} == {folders[1].name, folders[2].name, "current"}


def test_the_units_come_last_for_they_run_the_current_program(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(program, "install_units", lambda: seen.append(disk.target(layout.program() / "current")))
    assert install(running).name == seen[0]


@pytest.mark.parametrize("are_installed", [True, False])
def test_a_program_without_its_units_is_not_current(
    running: Path, monkeypatch: pytest.MonkeyPatch, are_installed: bool
) -> None:
    folder = install(running)
    monkeypatch.setattr(program, "units_are_installed", lambda: are_installed)
    assert program.current() == (folder.name if are_installed else None)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("cli.py")


def _byte_code(path: Path) -> None:
    (path.parent / "__pycache__").mkdir()
    (path.parent / "__pycache__" / "cli.pyc").touch()


def _file_for_all(path: Path) -> None:
    shutil.rmtree(path.parents[1])
    path.parents[1].touch()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: path.write_bytes(b""),
    "zeroed": lambda path: path.write_bytes(bytes(4)),
    "no UTF-8": lambda path: path.write_bytes(b"\xff"),
    "absent": Path.unlink,
    "a folder": _folder,
    "a link": _link,
    "one more": lambda path: path.with_name("more.py").touch(),
    "byte code": _byte_code,
    "a file for all": _file_for_all,
    "nothing": lambda path: shutil.rmtree(path.parents[1]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_program_is_not_current_and_is_installed_anew(running: Path, damage: str) -> None:
    """H2, S7: programs are compared by their content."""
    folder = install(running)
    DAMAGES[damage](folder / "node" / "cli.py")
    assert program.current() is None
    assert tree(install(running)) == {"__main__.py": b"main", "node/cli.py": b"cli"}
    assert program.current() == folder.name


@pytest.mark.parametrize("kind", ["folder", "file", "link to nowhere"])
def test_what_is_in_the_place_of_the_link_to_the_current_program(running: Path, kind: str) -> None:
    folder = install(running)
    link = layout.program() / "current"
    link.unlink()
    if kind == "folder":
        (link / "node").mkdir(parents=True)
    elif kind == "file":
        link.touch()
    else:
        link.symlink_to("nowhere")
    assert program.current() is None
    install(running)
    assert program.current() == folder.name


def test_no_byte_code_is_left_beside_an_installed_program() -> None:
    """H2: where a power cut could tear it."""
    text = Path(node.__file__).with_name("__main__.py").read_text()
    assert f'sys.pycache_prefix = "{RUNTIME}/bytecode"' in text
    assert f'startswith("{STATE}/")' in text


CLI = """
import atexit, os, sys
atexit.register(lambda: print("taken apart"))
def end_in_time(name):
    pass
def main(arguments):
    print("said")
    return 3
"""


def started(folder: Path, state: Path, stdout: int) -> "subprocess.CompletedProcess[str]":
    """A program that prints a line and ends with 3, as one below this folder of state."""
    text = Path(node.__file__).with_name("__main__.py").read_text()
    (folder / "node").mkdir(parents=True)
    (folder / "__main__.py").write_text(text.replace(f"{STATE}/", f"{state}/").replace(str(RUNTIME), str(state)))
    for name, content in (("__init__", ""), ("layout", "PATH = ''"), ("cli", CLI)):
        (folder / "node" / f"{name}.py").write_text(content)
    command = [sys.executable, "-I", str(folder)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize(("state", "end"), [("", ""), ("elsewhere", "taken apart\n")])
def test_what_is_installed_says_all_and_is_not_taken_apart(tmp_path: Path, state: str, end: str) -> None:
    done = started(tmp_path / "program", tmp_path / state, subprocess.PIPE)
    assert (done.returncode, done.stdout, done.stderr) == (3, f"said\n{end}", "")


def test_a_reader_that_has_seen_enough_is_no_fault(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = started(tmp_path / "program", tmp_path, writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (3, "")
