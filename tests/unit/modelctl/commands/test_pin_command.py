"""`modelctl pin`: its output, its exit codes, and what it writes."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lab import site_copy
from modelctl import cli
from modelctl.commands import options
from modelctl.inventory.json_files import Pin, PinnedFile, Pins, dump_pins
from modelctl.inventory_file import load
from tests import chandler
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl.datasinks import FakeDatasink, NearDatasink
from tests.unit.modelctl.terminal import on_a_terminal

ROOT = Path(__file__).resolve().parents[4]
EYE = ("haarcascades", "2020-03-25")
TORCH = "openface_nn4.small2.v1.t7"
FILE = PinnedFile(sha256="b" * 64, size=1)
SITE = """
from pathlib import Path
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins
_PINS = Path({pins!r})
_FLEET = Fleet(SITE, REGISTRY, STANDARDS, load_pins(_PINS))
def _connect():
    open({mark!r}, "w").close()
"""


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    return NearDatasink(tmp_path, monkeypatch)


@pytest.fixture
def pins_file(tmp_path: Path) -> Path:
    path = tmp_path / "pins.json"
    path.write_text("{}\n", encoding="utf-8")
    return path


@pytest.fixture
def site(tmp_path: Path, pins_file: Path) -> Path:
    path = tmp_path / "site.py"
    path.write_text(SITE.format(pins=str(pins_file), mark=str(tmp_path / "connected")), encoding="utf-8")
    return path


def run(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["pin", *words, "--site", str(site)], catch_exceptions=False)


def pinned(path: Path) -> set[tuple[str, str]]:
    models = json.loads(path.read_text(encoding="utf-8"))
    return {(model, version) for model, versions in models.items() for version in versions}


def plan(site: Path) -> str:
    return (
        f"to pin in {site.with_name('pins.json')}, as data1 holds them:\n"
        "  haarcascades/2020-03-25                    1 file       43 B  manifest 5ca1ab1e\n"
    )


def without_digests(text: str) -> str:
    return "\n".join(line.split("manifest ")[0] for line in text.splitlines())


def test_all_that_hosts_want_and_all_that_is_stored(
    datasink: FakeDatasink, site: Path, pins_file: Path, tmp_path: Path
) -> None:
    wanted = {(name, each.current_version) for name, each in REGISTRY.artefacts.items()}
    for pair in wanted:
        datasink.store(*pair)
    wanted.add(("face_recognition", "2025-02-25"))
    datasink.store("face_recognition", "2025-02-25")
    (datasink.store("face_recognition", "2024-02-25") / "manifest.yaml").unlink()
    result = run(site, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == f"to pin in {pins_file}, as data1 holds them:"
    assert result.stdout.splitlines()[-1] == f"11 pinned; commit {pins_file}"
    assert pinned(pins_file) == wanted
    assert (tmp_path / "connected").exists()
    assert not list(tmp_path.glob(".pins.json*"))
    again = run(site, "--yes")
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout == (f"{pins_file}: nothing to pin, it has every version that a host wants or data1 stores\n")


def test_the_plan_names_version_files_bytes_and_manifest(datasink: FakeDatasink, site: Path, pins_file: Path) -> None:
    datasink.store(*EYE)
    result = run(site, *EYE, "--yes")
    digest = json.loads(pins_file.read_text())["haarcascades"]["2020-03-25"]["manifest"]
    assert result.stdout == plan(site).replace("5ca1ab1e", digest[:12]) + f"1 pinned; commit {pins_file}\n"
    table = json.loads(pins_file.read_text())["haarcascades"]["2020-03-25"]["files"]
    assert {name: file["size"] for name, file in table.items()} == {"haarcascade_eye.xml": 43}


def test_without_a_terminal_and_without_yes_nothing_is_done(
    datasink: FakeDatasink, site: Path, pins_file: Path
) -> None:
    datasink.store(*EYE)
    result = run(site, *EYE)
    assert result.exit_code == 1
    assert without_digests(result.stdout) == without_digests(plan(site))
    assert result.stderr == "no terminal to ask at, nothing was pinned; without a question: --yes\n"
    assert pins_file.read_text() == "{}\n"


def test_at_a_terminal_it_asks(datasink: FakeDatasink, site: Path, pins_file: Path) -> None:
    """As a program of its own, of whose files only the input is a terminal."""
    datasink.store(*EYE)
    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"y\n")
    done = subprocess.run(
        [sys.executable, "-c", "from modelctl.cli import main; main()", "pin", *EYE, "--site", str(site)],
        stdin=terminal, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    os.close(keyboard)
    os.close(terminal)
    assert (done.returncode, len(pinned(pins_file))) == (0, 1)
    assert "Pin them? [y/N]: " in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_without_a_yes_nothing_is_done(datasink: FakeDatasink, site: Path, pins_file: Path, answer: str) -> None:
    datasink.store(*EYE)
    code, shown = on_a_terminal(site, "pin", *EYE, typed=answer)
    assert (code, len(pinned(pins_file))) == (1, 0)
    assert "Pin them? [y/N]: " in shown
    assert shown.endswith("nothing was pinned\n")


def test_what_is_read_is_shown_on_a_terminal_only(datasink: FakeDatasink, site: Path) -> None:
    datasink.store(*EYE)
    datasink.store("mobilenet_ssd", "2020-12-06")
    code, shown = on_a_terminal(site, "pin", "--yes", COLUMNS="120")
    assert code == 1  # the others are wanted, and not stored
    assert "reading haarcascades/2020-03-25 on data1 (" in shown
    assert "reading mobilenet_ssd/2020-12-06 on data1 (" in shown
    assert "reading" not in run(site, *EYE).stderr


def test_a_faulty_version_is_told_and_the_others_are_pinned(
    datasink: FakeDatasink, site: Path, pins_file: Path
) -> None:
    datasink.store(*EYE)
    broken = datasink.store("face_recognition", "2026-02-02")
    (broken / "facelist.csv").write_text("changed")
    (broken / "baselines.hdf5").unlink()
    (broken / "notes.txt").touch()
    for name in set(REGISTRY.artefacts) - {"face_recognition", "haarcascades", "openface_torch"}:
        datasink.store(name, REGISTRY.artefacts[name].current_version)
    result = run(site, "--yes")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert lines[0] == "data1: face_recognition/2026-02-02: missing: baselines.hdf5"
    assert lines[1].startswith("data1: face_recognition/2026-02-02: changed: facelist.csv: found SHA-256 ")
    assert lines[2:] == [
        "data1: face_recognition/2026-02-02: extra: notes.txt",
        f"data1: openface_torch/2020-03-25: {datasink.registry}/openface_torch: No such file or directory; "
        "stored there: none, there are none yet; bring it: modelctl import openface_torch 2020-03-25 FOLDER",
        "not pinned: face_recognition/2026-02-02, openface_torch/2020-03-25; when that is mended: modelctl pin",
    ]
    assert pinned(pins_file) == {
        (name, each.current_version) for name, each in REGISTRY.artefacts.items()
    } - {("face_recognition", "2026-02-02"), ("openface_torch", "2020-03-25")}  # fmt: skip


def test_a_version_that_is_not_stored(datasink: FakeDatasink, site: Path) -> None:
    datasink.store(*EYE)
    datasink.store("haarcascades", "2026-05-01")
    result = run(site, "haarcascades", "2026-05-02", "--yes")
    there = f"{datasink.registry}/haarcascades/2026-05-02: No such file or directory"
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"data1: haarcascades/2026-05-02: {there}; stored there: 2020-03-25, 2026-05-01; name one of these, or bring "
        "this one: modelctl import haarcascades 2026-05-02 FOLDER\n"
        "not pinned: haarcascades/2026-05-02; when that is mended: modelctl pin\n"
    )


def test_a_version_that_is_pinned_with_these_bytes(datasink: FakeDatasink, site: Path) -> None:
    datasink.store(*EYE)
    run(site, *EYE, "--yes")
    result = run(site, *EYE)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "haarcascades/2020-03-25: already pinned, and data1 holds just that\n"


def test_a_version_that_is_pinned_with_other_bytes(datasink: FakeDatasink, site: Path, pins_file: Path) -> None:
    folder = datasink.store(*EYE)
    run(site, *EYE, "--yes")
    before = pins_file.read_text()
    manifest = folder / "manifest.yaml"
    manifest.write_text(manifest.read_text() + "source: somewhere else\n")
    result = run(site, *EYE, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    first, last = result.stderr.splitlines()
    assert first.startswith("data1: haarcascades/2020-03-25: found manifest ")
    assert "pins are append-only" in first
    assert last.startswith("not pinned: haarcascades/2020-03-25;")
    assert pins_file.read_text() == before


def test_pins_that_came_meanwhile_stay(
    datasink: FakeDatasink, site: Path, pins_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D4: while the operator reads the question, another command pins."""
    datasink.store(*EYE)
    other = dump_pins(Pins(models={"openface_torch": {"2020-03-25": Pin(manifest="a" * 64, files={TORCH: FILE})}}))
    monkeypatch.setattr(options, "require_consent", lambda *_: pins_file.write_text(other))
    result = run(site, *EYE, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(f"1 pinned; commit {pins_file}\n")
    assert pinned(pins_file) == {EYE, ("openface_torch", "2020-03-25")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", "{path}: Expecting property name enclosed in double quotes: line 1 column 2 (char 1); expected JSON; "),
        ('{"openface_torch": 7}', "pins.models.openface_torch: found 7; allowed: "),
        (
            dump_pins(Pins(models={EYE[0]: {EYE[1]: Pin(manifest="a" * 64, files={"haarcascade_eye.xml": FILE})}})),
            "haarcascades/2020-03-25: found manifest ",
        ),
    ],
    ids=["no JSON", "no pins", "the same version as other bytes"],
)
def test_what_came_meanwhile_and_cannot_be_added_to_stays(
    datasink: FakeDatasink, site: Path, pins_file: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: str
) -> None:
    """D4."""
    datasink.store(*EYE)
    monkeypatch.setattr(options, "require_consent", lambda *_: pins_file.write_text(text))
    result = run(site, *EYE, "--yes")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(line.format(path=pins_file) if text == "{" else line)
    assert pins_file.read_text() == text
    assert not list(pins_file.parent.glob(".pins.json*"))


def test_a_write_that_fails_leaves_the_old_pins(
    datasink: FakeDatasink, site: Path, pins_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    datasink.store(*EYE)
    monkeypatch.setattr(os, "fsync", full)
    result = run(site, *EYE, "--yes")
    assert result.exit_code == 1
    assert result.stderr == f"{pins_file}: No space left on device; expected a file that you may write\n"
    assert pins_file.read_text() == "{}\n"
    assert not list(pins_file.parent.glob(".pins.json*"))


def test_an_inventory_file_that_does_not_say_where_its_pins_are(datasink: FakeDatasink, site: Path) -> None:
    site.write_text(site.read_text().replace("_PINS", "_ELSEWHERE"))
    result = run(site, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{site}: _PINS: found nothing; allowed: the Path of the site's pins file\n"
    assert datasink.asked == []


@pytest.mark.parametrize("words", [("haarcascade",), ("haarcascades", "2020-02-30"), ("../x", "2020-03-25")])
def test_nothing_is_asked_about_names_that_are_none(datasink: FakeDatasink, site: Path, words: tuple[str, ...]) -> None:
    result = run(site, *words, "--yes")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert datasink.asked == []


def test_a_datasink_that_does_not_answer(datasink: FakeDatasink, site: Path, pins_file: Path) -> None:
    datasink.answer_with("echo 'ssh: connect to host 192.168.10.50 port 22: Connection timed out' >&2; exit 255")
    result = run(site, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "data1 (192.168.10.50): ssh: connect to host 192.168.10.50 port 22: Connection timed out; "
        "look at its power and its cable, then run again\n"
    )
    assert pins_file.read_text() == "{}\n"


def test_the_labs_site_says_where_its_pins_are() -> None:
    assert load(ROOT / "lab" / "inventory.py").pins == site_copy.current() / "pins.json"
