"""Hostile names that lie in the registry: what only looks shows nothing that a terminal obeys, and changes nothing."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from tests import chandler
from tests.unit.cases import each
from tests.unit.modelctl.datasinks import FakeDatasink, NearDatasink
from tests.unit.modelctl.hostile import FILES, LIMIT, snapshot
from tests.unit.modelctl.test_hostile_arguments import SITE

MODEL, VERSION = "haarcascades", "2020-03-25"


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    monkeypatch.chdir(chandler.FOLDER)
    (tmp_path / "site.py").write_text(SITE, encoding="utf-8")
    (tmp_path / "pins.json").write_text("{}\n", encoding="utf-8")
    datasink = NearDatasink(tmp_path, monkeypatch)
    datasink.store(MODEL, VERSION)
    return datasink


def looked(folder: Path, *words: str) -> Result:
    """A command that only looks, and finds the disk as it was afterwards."""
    before = snapshot(folder / "registry")
    result = CliRunner().invoke(cli.main, [*words, "--site", str(folder / "site.py")], catch_exceptions=False)
    assert snapshot(folder / "registry") == before
    assert result.exit_code in (0, 1, 3)
    lines = (result.stdout + result.stderr).split("\n")
    assert lines
    for line in lines:
        assert line.isprintable(), repr(line)
        assert len(line) <= LIMIT
    return result


@pytest.mark.parametrize("command", [("list",), ("show", MODEL), ("verify", MODEL), ("status", "data1")], ids=str)
@each("name", FILES)
def test_a_folder_beside_the_versions(
    datasink: FakeDatasink, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    model = datasink.registry / MODEL
    folders = [model / name, model / f".import-{name}", datasink.registry / name]
    for folder in folders:
        folder.mkdir()
    looked(tmp_path, *command)
    for folder in folders:
        folder.rmdir()


@pytest.mark.parametrize("command", [("list",), ("show", MODEL), ("verify", MODEL), ("pin",)], ids=str)
@each("name", FILES)
def test_a_file_in_a_version(datasink: FakeDatasink, tmp_path: Path, command: tuple[str, ...], name: str) -> None:
    file = datasink.registry / MODEL / VERSION / name
    file.write_bytes(b"eyes")
    result = looked(tmp_path, *command)
    if command[0] == "verify":
        assert result.exit_code == 3
        assert "extra: " in result.stdout
    file.unlink()


@pytest.mark.parametrize("kind", ["a link to a version", "a link to the model", "a loop", "a pipe"])
@pytest.mark.parametrize("command", [("list",), ("show", MODEL), ("verify", MODEL)], ids=str)
def test_what_is_no_folder(datasink: FakeDatasink, tmp_path: Path, command: tuple[str, ...], kind: str) -> None:
    model = datasink.registry / MODEL
    if kind == "a pipe":
        os.mkfifo(model / "2021-01-01")
    elif kind == "a link to the model":
        (datasink.registry / "openface_torch").symlink_to(model)
    else:
        (model / "2021-01-01").symlink_to(VERSION if kind == "a link to a version" else "2021-01-01")
    assert "2021-01-01" not in looked(tmp_path, *command).stdout
