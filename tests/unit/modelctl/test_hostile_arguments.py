"""Hostile words on the command line: refused by the name of the argument, before any host is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from tests import chandler
from tests.unit.cases import each
from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.hostile import HOSTILE, require_lines, snapshot, without

SITE = """
from pathlib import Path
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins
_PINS = Path(__file__).with_name("pins.json")
_FLEET = Fleet(SITE, REGISTRY, STANDARDS, load_pins(_PINS))
"""
Refused = Callable[..., str]


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words, catch_exceptions=False)


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Runs a command of a site below `tmp_path`, and returns the one line that it refuses with."""
    monkeypatch.chdir(chandler.FOLDER)
    datasink = NearDatasink(tmp_path, monkeypatch)
    (tmp_path / "site.py").write_text(SITE, encoding="utf-8")
    (tmp_path / "pins.json").write_text("{}\n", encoding="utf-8")
    before = snapshot(tmp_path)

    def refuse(command: str, *words: str) -> str:
        result = run(command, "--site", str(tmp_path / "site.py"), *words)
        assert (result.exit_code, result.stdout) == (1, "")
        [line] = require_lines(result.stderr)
        assert datasink.asked == []
        assert snapshot(tmp_path) == before
        return line

    return refuse


@pytest.mark.parametrize("command", ["pin", "show", "verify", "rollback", "import", "collect", "override"])
@each("model", HOSTILE)
def test_a_model(refused: Refused, command: str, model: str) -> None:
    words = {
        "rollback": [model, "2020-03-25"],
        "import": [model, "2020-03-25", "/srv/eyes"],
        "collect": ["sentinel", model, "2020-03-25"],
        "override": ["sentinel", model, "2020-03-25"],
    }.get(command, [model])
    assert refused(command, "--", *words).startswith("MODEL: found ")


@pytest.mark.parametrize("command", ["pin", "rollback", "import", "collect", "override"])
@each("version", [*HOSTILE, "2020-02-30", "2020-03-25.1", "2020-03-25/..", "99999-01-01", "latest", "2020-03-25 "])
def test_a_version(refused: Refused, command: str, version: str) -> None:
    words = {
        "import": ["haarcascades", version, "/srv/eyes"],
        "collect": ["sentinel", "face_recognition", version],
        "override": ["sentinel", "haarcascades", version],
    }.get(command, ["haarcascades", version])
    line = refused(command, "--", *words)
    assert line.startswith("VERSION: found " + repr(version)[:30])
    assert "allowed: a real date as YYYY-MM-DD" in line


@pytest.mark.parametrize("command", ["render", "trust", "status", "collect", "override"])
@each("host", HOSTILE)
def test_a_host(refused: Refused, command: str, host: str) -> None:
    more = {"collect": ["face_recognition", "2020-03-25"], "override": ["haarcascades", "2020-03-25"]}
    assert refused(command, "--", host, *more.get(command, [])).startswith("HOST: found ")


@each(
    "path",
    [*without("an absolute path"), "srv/eyes", "//srv", "/srv/../etc", "/srv/./x", "/srv\n", "/srv\u202e", "/" * 5000],
)  # fmt: skip
def test_a_path_of_the_datasink(refused: Refused, path: str) -> None:
    """An absolute one is what an import takes: it only reads there."""
    assert refused("import", "--", "haarcascades", "2020-03-25", path).startswith("PATH: found ")


@pytest.mark.parametrize("word", ["", "=", "=x", "eyes", "eyes\n", "\x1b[2J", "a" * 1_000_000])
def test_a_map(refused: Refused, word: str) -> None:
    line = refused("import", "--map", word, "haarcascades", "2020-03-25", "/srv/eyes")
    assert line.startswith("--map: found ")


@each("path", without("nothing", "the folder above", "a NUL"))
def test_a_site(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("check", "--site", f"none/{path}")
    assert (result.exit_code, result.stdout) == (1, "")
    [line] = require_lines(result.stderr)
    assert "expected an inventory file" in line
    assert snapshot(tmp_path) == {}
