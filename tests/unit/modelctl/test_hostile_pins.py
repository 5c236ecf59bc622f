"""Hostile pins files: refused by the path of the value, through the commands that read them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelctl import cli
from tests import chandler
from tests.unit.cases import each
from tests.unit.modelctl.hostile import HOSTILE, NAMES, require_lines, snapshot

SITE = """
from pathlib import Path
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from modelctl.errors import exit_with_message
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins
_PINS = Path(__file__).with_name("pins.json")
with exit_with_message():
    _FLEET = Fleet(SITE, REGISTRY, STANDARDS, load_pins(_PINS))
"""
SHA256 = "ab" * 32
Refused = Callable[[str | bytes], list[str]]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Refused:
    """The lines that a site with these pins is refused with."""
    monkeypatch.chdir(chandler.FOLDER)
    (tmp_path / "site.py").write_text(SITE, encoding="utf-8")

    def refuse(content: str | bytes) -> list[str]:
        content = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        (tmp_path / "pins.json").write_bytes(content)
        before = snapshot(tmp_path)
        words = ["check", "--site", str(tmp_path / "site.py")]
        result = CliRunner().invoke(cli.main, words, catch_exceptions=False)
        assert (result.exit_code, result.stdout) == (1, "")
        assert snapshot(tmp_path) == before
        return require_lines(result.stderr)

    return refuse


def pins(model: str = "haarcascades", version: str = "2020-03-25", **changes: object) -> str:
    pin = {"manifest": SHA256, "files": {"haarcascade_eye.xml": {"sha256": SHA256, "size": 7}}, **changes}
    return json.dumps({model: {version: pin}})


@each("text", HOSTILE)
def test_a_model(refused: Refused, text: str) -> None:
    [line] = refused(pins(model=text))
    assert line.startswith("pins.models.")
    assert "allowed: a model name" in line


@each("text", HOSTILE)
def test_a_version(refused: Refused, text: str) -> None:
    [line] = refused(pins(version=text))
    assert line.startswith("pins.models.haarcascades.")
    assert "allowed: a real date" in line


@each("text", [*HOSTILE, "manifest.yaml"])
def test_a_file(refused: Refused, text: str) -> None:
    lines = refused(
        pins(files={"haarcascade_eye.xml": {"sha256": SHA256, "size": 7}, text: {"sha256": SHA256, "size": 7}})
    )
    assert len(lines) == 1
    assert lines[0].startswith("pins.models.haarcascades.2020-03-25.files.")
    assert "allowed: a file name" in lines[0]


@each("text", [*HOSTILE, SHA256.upper(), SHA256[1:], f"{SHA256}\n", "\uff10" * 64])
def test_a_digest(refused: Refused, text: str) -> None:
    [line] = refused(pins(manifest=text))
    assert line.startswith("pins.models.haarcascades.2020-03-25.manifest: found ")
    [line] = refused(pins(files={"haarcascade_eye.xml": {"sha256": text, "size": 7}}))
    assert line.startswith("pins.models.haarcascades.2020-03-25.files.haarcascade_eye.xml.sha256: found ")


@pytest.mark.parametrize(
    "size", ["-1", "NaN", "Infinity", "1e999", "1.5", "1" + "0" * 400, "true", '"7"', "null", "[7]", "{}"]
)
def test_a_size(refused: Refused, size: str) -> None:
    [line] = refused(pins().replace('"size": 7', f'"size": {size}'))
    assert line.startswith("pins.models.haarcascades.2020-03-25.files.haarcascade_eye.xml.size: found ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pins().replace('"size": 7', '"size": 7, "size": 8'), 'found size twice; expected JSON'),
        (pins()[:-1] + ", " + pins()[1:], 'found haarcascades twice; expected JSON'),
        (f'{{"{NAMES["two lines"]}": 1}}', "Invalid control character at"),
        ('{"\\n\\u202e": 1, "\\n\\u202e": 2}', "found '\\n\\u202e' twice; expected JSON"),
        ("[" * 100_000, "maximum recursion depth exceeded"),
        ('{"a":' * 100_000, "maximum recursion depth exceeded"),
        (pins().replace("7", "1" * 5000), "Exceeds the limit"),
        (b"\xff\xfe{\x00}\x00", "'utf-8' codec can't decode byte 0xff"),
        (b"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM"),
        ("\0", "Expecting value"),
        ("!!python/object/apply:os.system [touch outside]", "Expecting value"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes"),
        (pins() * 2, "Extra data"),
        ("x" * 1_000_000, "Expecting value"),
    ],
    ids=lambda value: value[:30],
)  # fmt: skip
def test_a_text_that_is_no_json(refused: Refused, content: str | bytes, said: str, tmp_path: Path) -> None:
    [line] = refused(content)
    assert line.startswith(f"{tmp_path / 'pins.json'}: ")
    assert said in line
    assert line.endswith("; expected JSON; restore it with git")


@pytest.mark.parametrize(
    "content",
    ["null", "[]", "7", '"haarcascades"', "NaN", '{"haarcascades": null}', '{"haarcascades": {"2020-03-25": []}}'],
)
def test_json_that_is_no_pins(refused: Refused, content: str) -> None:
    [line] = refused(content)
    assert line.startswith("pins.models")


def test_a_field_more(refused: Refused) -> None:
    [line] = refused(pins(command="touch outside"))
    assert line.startswith("pins.models.haarcascades.2020-03-25.command: found 'touch outside'; not a field")
