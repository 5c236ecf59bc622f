import stat
import sys
from pathlib import Path

import pytest

from node import disk, layout, own_units, program, services
from tests.unit.node.places import tree


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
    return folder


def test_the_program_installs_itself_and_becomes_current() -> None:
    program.install("d1")
    found = tree(layout.program() / "d1")
    assert found["__main__.py"] == b"main"
    assert {name.split(".")[0] for name in found} == {
        "__main__", "__pycache__/__main__", "node/cli", "node/__pycache__/cli",
    }  # fmt: skip
    assert disk.target(layout.program() / "current") == "d1"
    for path in [layout.program() / "d1", *(layout.program() / "d1").rglob("*")]:
        assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) == (0o755 if path.is_dir() else 0o644, 0)


def test_an_older_program_stays_and_can_be_current_again(running: Path) -> None:
    program.install("d1")
    (running / "__main__.py").write_text("newer")
    program.install("d2")
    program.install("d1")
    assert (layout.program() / "d1" / "__main__.py").read_text() == "main"
    assert (layout.program() / "d2" / "__main__.py").read_text() == "newer"
    assert disk.target(layout.program() / "current") == "d1"


def test_an_installation_that_was_cut_off_is_begun_anew() -> None:
    half = layout.program() / ".d1.new"
    half.mkdir(parents=True)
    (half / "stray").touch()
    program.install("d1")
    assert sorted(path.name for path in layout.program().iterdir()) == ["current", "d1"]
    assert not (layout.program() / "d1" / "stray").exists()


def test_programs_older_than_the_one_before_go() -> None:
    for digest in ("d1", "d2", "d3"):
        program.install(digest)
    left = {path.name for path in layout.program().iterdir()}
    assert left == {"d2", "d3", "current"}


def test_the_units_come_last_for_they_run_the_current_program(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(own_units, "install", lambda: seen.append(disk.target(layout.program() / "current")))
    program.install("d1")
    assert seen == ["d1"]


@pytest.mark.parametrize("are_installed", [True, False])
def test_a_program_without_its_units_is_not_current(monkeypatch: pytest.MonkeyPatch, are_installed: bool) -> None:
    program.install("d1")
    monkeypatch.setattr(own_units, "are_installed", lambda: are_installed)
    assert program.current() == ("d1" if are_installed else None)
