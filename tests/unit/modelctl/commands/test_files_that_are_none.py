"""S11: what came in a model file's place is refused by import, pin and verify; what has shrunk is told."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from tests import chandler
from tests.unit.cases import each
from tests.unit.modelctl.commands.test_pin_command import SITE
from tests.unit.modelctl.datasinks import NearDatasink, manifest

EYE, FACES = ("haarcascades", "2020-03-25"), ("face_recognition", "2026-02-02")
LATER = ("haarcascades", "2026-05-01")
FILE = "haarcascade_eye.xml"
WHOLE = b"<?xml version='1.0'?>" + b" " * 50_000
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 341406\n"
NONE = {
    b"": "an empty file; expected the file itself: copy it anew",
    LFS: "a Git LFS pointer; expected the file itself: get it with git lfs pull, and copy that",
    b"<!DOCTYPE html>\n<html>Not found</html>": "an HTML page; expected the file itself: download it anew",
}
SHRUNK = f"haarcascades/2026-05-01: {FILE} has 9 B, and had 50.0 kB in 2020-03-25; was it cut off?"


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NearDatasink:
    datasink = NearDatasink(tmp_path, monkeypatch)
    datasink.registry.mkdir()
    return datasink


@pytest.fixture
def pins_file(tmp_path: Path) -> Path:
    (tmp_path / "pins.json").write_text("{}\n", encoding="utf-8")
    return tmp_path / "pins.json"


@pytest.fixture
def site(tmp_path: Path, pins_file: Path) -> Path:
    path = tmp_path / "site.py"
    path.write_text(SITE.format(pins=str(pins_file), mark=str(tmp_path / "connected")), encoding="utf-8")
    return path


def run(site: Path, *words: object) -> Result:
    return CliRunner().invoke(cli.main, [*map(str, words), "--site", str(site)], catch_exceptions=False)


def store(datasink: NearDatasink, pair: tuple[str, str], **contents: bytes) -> None:
    """A version with these contents, and a manifest that says just that."""
    folder = datasink.store(*pair)
    for path in folder.iterdir():
        if (content := contents.get(path.stem)) is not None:
            path.write_bytes(content)
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "manifest.yaml"}
    (folder / "manifest.yaml").write_text(manifest(*pair, found), encoding="utf-8")


@each("content", NONE)
def test_an_import(datasink: NearDatasink, site: Path, pins_file: Path, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "saved"
    folder.mkdir(exist_ok=True)
    (folder / "eye.xml").write_bytes(content)
    result = run(site, "import", *LATER, folder, "--map", f"eye.xml={FILE}", "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"data1: {folder}/eye.xml: {NONE[content]}; leave it out: --map eye.xml=\n"
    assert (list(datasink.registry.iterdir()), pins_file.read_text()) == ([], "{}\n")


@pytest.mark.usefixtures("datasink")
def test_an_import_of_linked_files_that_begin_empty(site: Path, pins_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    for name in ("list.csv", "facedata.hdf5"):
        (folder / name).touch()
    for name in ("facemodel.pickle", "baselines.hdf5"):
        (folder / name).write_bytes(b"model")
    assert run(site, "import", *FACES, folder, "--map", "list.csv=facelist.csv", "--yes").exit_code == 0
    files = json.loads(pins_file.read_text())["face_recognition"]["2026-02-02"]["files"]
    assert {name for name, file in files.items() if file["size"] == 0} == {"facelist.csv", "facedata.hdf5"}


@each("content", NONE)
def test_a_pin(tmp_path: Path, site: Path, pins_file: Path, datasink: NearDatasink, content: bytes) -> None:
    datasink.registry = tmp_path / hashlib.sha256(content).hexdigest()
    store(datasink, EYE, haarcascade_eye=content)
    result = run(site, "pin", *EYE, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        f"data1: haarcascades/2020-03-25: missing: {FILE} ({NONE[content]})",
        "not pinned: haarcascades/2020-03-25; when that is mended: modelctl pin",
    ]
    assert pins_file.read_text() == "{}\n"


def test_a_pin_of_linked_files_that_begin_empty(datasink: NearDatasink, site: Path, pins_file: Path) -> None:
    store(datasink, FACES, facelist=b"", facedata=b"")
    assert run(site, "pin", *FACES, "--yes").exit_code == 0
    assert json.loads(pins_file.read_text())["face_recognition"]["2026-02-02"]["files"]["facelist.csv"]["size"] == 0


@each("content", [LFS, b"<html>"])
def test_a_version_that_was_pinned_so(
    tmp_path: Path, datasink: NearDatasink, site: Path, pins_file: Path, content: bytes
) -> None:
    """By an older release: its bytes are as they were pinned, and no model all the same."""
    datasink.registry = tmp_path / hashlib.sha256(content).hexdigest()
    store(datasink, EYE, haarcascade_eye=content)
    text = (datasink.registry.joinpath(*EYE) / "manifest.yaml").read_bytes()
    file = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    pin = {"manifest": hashlib.sha256(text).hexdigest(), "files": {FILE: file}}
    pins_file.write_text(json.dumps({EYE[0]: {EYE[1]: pin}}))
    verified = run(site, "verify", EYE[0])
    said = NONE.get(content, NONE[b"<!DOCTYPE html>\n<html>Not found</html>"])
    assert verified.exit_code == 3
    assert f"missing: data1 registry: haarcascades/2020-03-25: {FILE} ({said})" in verified.stdout.splitlines()
    again = run(site, "pin", *EYE)
    assert (again.exit_code, again.stderr.splitlines()[0]) == (
        1, f"data1: haarcascades/2020-03-25: missing: {FILE} ({said})",
    )  # fmt: skip


def test_a_file_that_has_shrunk_is_told_when_it_is_pinned(datasink: NearDatasink, site: Path, pins_file: Path) -> None:
    store(datasink, EYE, haarcascade_eye=WHOLE)
    store(datasink, LATER, haarcascade_eye=b"truncated")
    result = run(site, "pin", EYE[0], "--yes")
    assert result.exit_code == 0
    assert result.stderr == f"warning: {SHRUNK} modelctl show haarcascades\n"
    assert set(json.loads(pins_file.read_text())["haarcascades"]) == {EYE[1], LATER[1]}


def test_a_file_that_has_shrunk_is_told_before_the_import_is_asked_for(
    datasink: NearDatasink, site: Path, tmp_path: Path
) -> None:
    store(datasink, EYE, haarcascade_eye=WHOLE)
    assert run(site, "pin", *EYE, "--yes").exit_code == 0
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / FILE).write_bytes(b"truncated")
    result = run(site, "import", *LATER, folder)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"warning: {SHRUNK} modelctl show haarcascades",
        "no terminal to ask at, nothing was imported; without a question: --yes",
    ]
