"""Hostile folders and new names for `modelctl import`: refused by name, and nothing comes into the registry."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelctl import cli
from tests import chandler
from tests.unit.cases import each
from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.hostile import FILES, require_lines, snapshot, without
from tests.unit.modelctl.test_hostile_arguments import SITE

MODEL, VERSION, FILE = "haarcascades", "2020-03-25", "haarcascade_eye.xml"
Refused = Callable[..., list[str]]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "eye.xml").write_text("eyes", encoding="utf-8")
    return folder


@pytest.fixture
def refused(tmp_path: Path, saved: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """The lines that an import of the folder is refused with."""
    monkeypatch.chdir(chandler.FOLDER)
    NearDatasink(tmp_path, monkeypatch).registry.mkdir()
    (tmp_path / "site.py").write_text(SITE, encoding="utf-8")
    (tmp_path / "pins.json").write_text("{}\n", encoding="utf-8")

    def refuse(*words: str, path: Path = saved) -> list[str]:
        before = snapshot(tmp_path)
        words = ("import", "--yes", "--site", str(tmp_path / "site.py"), *words, "--", MODEL, VERSION, str(path))
        result = CliRunner().invoke(cli.main, words, catch_exceptions=False)
        after = {name: each for name, each in snapshot(tmp_path).items() if not name.startswith(f"{tmp_path}/asked")}
        assert after == {name: before[name] for name in after}
        assert (result.exit_code, result.stdout) == (1, "")
        return require_lines(result.stderr)

    return refuse


@each("name", without("nothing", "an option"))
def test_a_new_name(refused: Refused, name: str) -> None:
    lines = refused("--map", f"eye.xml={name}")
    assert lines[0].startswith("data1: --map eye.xml: found ")
    assert "allowed: a file name" in lines[0]


@each("name", FILES)
def test_an_old_name_that_is_not_there(refused: Refused, name: str) -> None:
    lines = refused("--map", f"{name}={FILE}")
    assert lines[0].startswith("data1: --map: found ")


@each("name", FILES)
def test_a_file_in_the_folder(refused: Refused, saved: Path, name: str) -> None:
    (saved / name).write_text("x", encoding="utf-8")
    lines = refused("--map", f"eye.xml={FILE}")
    assert len(lines) == 1
    assert lines[0].startswith(f"data1: {saved}/")
    assert "allowed: a file name" in lines[0]
    (saved / name).unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "x").symlink_to("/etc/passwd"), "/saved/x: a link"),
        (lambda folder: (folder / "x").symlink_to(folder), "/saved/x: a link"),
        (lambda folder: (folder / "x").mkdir(), "/saved/x: a folder"),
        (lambda folder: os.mkfifo(folder / "x"), "/saved/x: a special file"),
    ],
)
def test_what_is_no_file(refused: Refused, saved: Path, change: Callable[[Path], object], said: str) -> None:
    change(saved)
    [line] = refused("--map", f"eye.xml={FILE}")
    assert said in line


@pytest.mark.parametrize("kind", ["a link", "a file", "none", "the registry", "around the registry"])
def test_a_folder_that_is_none(refused: Refused, tmp_path: Path, saved: Path, kind: str) -> None:
    paths = {
        "a link": tmp_path / "link", "a file": saved / "eye.xml", "none": tmp_path / "none",
        "the registry": tmp_path / "registry", "around the registry": tmp_path,
    }  # fmt: skip
    (tmp_path / "link").symlink_to(saved)
    [line] = refused("--map", f"eye.xml={FILE}", path=paths[kind])
    assert line.startswith("data1: ")
    assert str(paths[kind]) in line


def test_a_model_whose_folder_leads_elsewhere(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "registry" / MODEL).symlink_to(tmp_path / "elsewhere")
    [line] = refused("--map", f"eye.xml={FILE}")
    assert f"{MODEL}: found a link; expected the folder of a model's versions" in line
