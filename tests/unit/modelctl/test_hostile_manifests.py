"""Hostile version folders on the datasink: `modelctl pin` refuses them by file and field, and pins nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelctl import cli
from tests import chandler
from tests.unit.cases import each
from tests.unit.modelctl.datasinks import FakeDatasink, NearDatasink
from tests.unit.modelctl.hostile import NAMES, require_lines, snapshot, without
from tests.unit.modelctl.test_hostile_arguments import SITE

MODEL, VERSION, FILE = "haarcascades", "2020-03-25", "haarcascade_eye.xml"
PLACE = f"data1: {MODEL}/{VERSION}: "
LAST = f"not pinned: {MODEL}/{VERSION}; when that is mended: modelctl pin"
YAML = f"name: {MODEL}\nversion: {VERSION}\nfiles:\n  - name: {FILE}\n    sha256: {'ab' * 32}\n"
LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
Change = Callable[[Path], object]


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    monkeypatch.chdir(chandler.FOLDER)
    (tmp_path / "site.py").write_text(SITE, encoding="utf-8")
    (tmp_path / "pins.json").write_text("{}\n", encoding="utf-8")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / FILE).write_text("eyes", encoding="utf-8")
    return NearDatasink(tmp_path, monkeypatch)


@pytest.fixture
def stored(datasink: FakeDatasink) -> Path:
    """The version's folder."""
    return datasink.store(MODEL, VERSION)


def refused(folder: Path) -> list[str]:
    """Why the version is not pinned, a line each."""
    before = snapshot(folder)
    words = ["pin", MODEL, VERSION, "--yes", "--site", str(folder / "site.py")]
    result = CliRunner().invoke(cli.main, words, catch_exceptions=False)
    after = {path: content for path, content in snapshot(folder).items() if not path.startswith(str(folder / "asked"))}
    assert after == {path: before[path] for path in after}
    assert (result.exit_code, result.stdout) == (1, "")
    *lines, last = require_lines(result.stderr)
    assert last == LAST
    assert all(line.startswith(PLACE) for line in lines)
    return [line.removeprefix(PLACE) for line in lines]


@each(
    "text, said",
    [
        ("x: !!python/object/apply:os.system [touch outside]\n", "manifest.yaml: line 6: found a tag; expected"),
        ("!!python/object/new:os._exit [0]: x\n", "manifest.yaml: line 6: found a tag"),
        ("x: !!python/name:os.system\n", "manifest.yaml: line 6: found a tag"),
        ("x: !!timestamp 2020-03-25\n", "manifest.yaml: line 6: found a tag"),
        ("x: !!float .nan\n", "manifest.yaml: line 6: found a tag"),
        ("x: !include /etc/passwd\n", "manifest.yaml: line 6: found a tag"),
        ("x: &x [*x]\n", "manifest.yaml: line 6: found an anchor or alias"),
        (LAUGHS, "manifest.yaml: line 6: found an anchor or alias"),
        ("x: &x {name: eyes}\n<<: *x\n", "manifest.yaml: line 6: found an anchor or alias"),
        ("name: haarcascades\n", "manifest.yaml: line 1: found a key twice"),
        ("files: []\n", "manifest.yaml: line 1: found a key twice"),
        ("x: {y: 1, y: 2}\n", "manifest.yaml: line 6: found a key twice"),
        (f"x: {'[' * 30_000}{']' * 30_000}\n", "manifest.yaml: line 6: found nesting over 16 deep"),
        (f"x: {'{y: ' * 9_000}{'}' * 9_000}\n", "manifest.yaml: line 6: found nesting over 16 deep"),
        ("".join(" " * n + "- \n" for n in range(300)), "manifest.yaml: line "),
        (f"x: {'y' * 1_000_000}\n", "manifest.yaml: found more than 65536 bytes"),
        ("x: \x1b[2J\n", "manifest.yaml: unacceptable character #x001b"),
        ("x: \0\n", "manifest.yaml: unacceptable character #x0000"),
        ("---\nname: eyes\n", "manifest.yaml: line 6: but found another document"),
        ("? [x]\n: y\n", "manifest.yaml: line 6: found unhashable key"),
        ("    size: .nan\n", "manifest.yaml: files.0.size: found '.nan'"),
        ("    size: .inf\n", "manifest.yaml: files.0.size: found '.inf'"),
        ("    size: 1e3\n", "manifest.yaml: files.0.size: found '1e3'"),
        ("    size: 1_000\n", "manifest.yaml: files.0.size: found '1_000'"),
        (f"    size: {'9' * 60_000}\n", "manifest.yaml: files.0.size: found '9999"),
        ("    size: [[[[1]]]]\n", "manifest.yaml: files.0.size: found [[[["),
        (f"  - name: {FILE}\n    sha256: {'ab' * 32}\n", f"manifest.yaml: files.1.name: found '{FILE}'; allowed: each"),
    ],
)  # fmt: skip
def test_a_manifest(stored: Path, tmp_path: Path, text: str, said: str) -> None:
    (stored / "manifest.yaml").write_text(YAML + text, encoding="utf-8")
    assert refused(tmp_path)[0].startswith(said)


@pytest.mark.parametrize("field", ["name", "version", "files.0.name", "files.0.sha256"])
@each("text", without("a million letters", "a broken letter")[::2])
def test_a_field(stored: Path, tmp_path: Path, field: str, text: str) -> None:
    good = {"name": MODEL, "version": VERSION, "files.0.name": FILE, "files.0.sha256": "ab" * 32}[field]
    quoted = '"' + "".join(f"\\U{ord(letter):08x}" for letter in text) + '"'
    (stored / "manifest.yaml").write_text(YAML.replace(f": {good}\n", f": {quoted}\n", 1), encoding="utf-8")
    [line] = refused(tmp_path)
    assert line.startswith(f"manifest.yaml: {field}: found ")
    assert "; allowed: " in line


def _linked(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(folder.parents[2] / "outside" / FILE)


def _moved(folder: Path) -> None:
    """The folder becomes a link to where it was moved."""
    elsewhere = folder.parents[2 if folder.parent.name == MODEL else 1] / "outside" / "moved"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


def _piped(folder: Path) -> None:
    (folder / FILE).unlink()
    os.mkfifo(folder / FILE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: _linked(folder, FILE), f"missing: {FILE} (a link)"),
        (lambda folder: _linked(folder, "manifest.yaml"), "missing: manifest.yaml (a link)"),
        (_moved, "is a link"),
        (lambda folder: _moved(folder.parent), "is a link"),
        (lambda folder: ((folder / FILE).unlink(), (folder / FILE).mkdir()), f"missing: {FILE} (a folder)"),
        (_piped, f"missing: {FILE} (a special file)"),
        (lambda folder: (folder / "x").symlink_to("/etc/passwd"), "extra: x (a link)"),
        (lambda folder: (folder / "x").symlink_to("x"), "extra: x (a link)"),
        (lambda folder: (folder / "x").mkdir(), "extra: x (a folder)"),
        (lambda folder: (folder / NAMES["two lines"]).touch(), "extra: 'eyes\\nreboot'"),
        (lambda folder: (folder / NAMES["a terminal's escape"]).touch(), "extra: '\\x1b[2Jeyes'"),
        (lambda folder: (folder / NAMES["a bidi mark"]).touch(), "extra: 'eyes\\u202elmx'"),
        (lambda folder: (folder / NAMES["a command"]).touch(), "extra: '$(touch outside)'"),
        (lambda folder: (folder / "-rf").touch(), "extra: -rf"),
        (lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).touch(), "extra: '\\\\udcff'"),
        (lambda folder: (folder / FILE).write_text("other"), f"changed: {FILE}: found SHA-256 "),
        (lambda folder: (folder / "manifest.yaml").write_bytes(b""), "manifest.yaml: found nothing; allowed: "),
    ],
)  # fmt: skip
def test_a_folder(datasink: FakeDatasink, tmp_path: Path, change: Change, said: str) -> None:
    change(datasink.store(MODEL, VERSION))
    [line] = refused(tmp_path)
    assert said in line
