"""Hostile words for edits of the inventory's Python: none of them becomes a part of the program."""

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from modelctl.changes.edit import set_override, set_versions
from modelctl.errors import OperatorError
from tests.unit.cases import each
from tests.unit.modelctl.hostile import HOSTILE, require_lines, snapshot, without

ROOT = Path(__file__).resolve().parents[3]
REGISTRY = (ROOT / "tests" / "chandler" / "inventory" / "registry.py").read_text(encoding="utf-8")
SITE = (ROOT / "tests" / "chandler" / "inventory" / "site.py").read_text(encoding="utf-8")
CODE = [
    '2020-03-25", previous_version=__import__("os").system("touch outside"), x="',
    "2020-03-25' + open('outside', 'w').name + '",
    '2020-03-25"}), **{"x": "',
    "2020-03-25\\",
    '2020-03-25"  # ',
    "{__import__('os')}",
]
PLACES: dict[str, Callable[[str], str]] = {
    "current_version": lambda text: set_versions(REGISTRY, "haarcascades", text, None),
    "previous_version": lambda text: set_versions(REGISTRY, "haarcascades", "2020-03-25", text),
    "REGISTRY.models": lambda text: set_versions(REGISTRY, text, "2020-03-25", None),
    "SITE.hosts": lambda text: set_override(SITE, text, "haarcascades", "2020-03-25"),
    "MODEL": lambda text: set_override(SITE, "sentinel", text, "2020-03-25"),
    "VERSION": lambda text: set_override(SITE, "sentinel", "haarcascades", text),
}


@pytest.mark.parametrize("place", PLACES)
@each("text", [*HOSTILE, *CODE])
def test_a_word(place: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorError) as caught:
        PLACES[place](text)
    [line] = require_lines(str(caught.value))
    assert line.startswith(f"{place}: found {repr(text)[:20]}")
    assert snapshot(tmp_path) == {}


@each("key", without("a broken letter", "a million letters"))
@pytest.mark.parametrize("field", ["models", "hosts"])
def test_a_name_in_the_text(key: str, field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named twice, so that the name is in the error."""
    monkeypatch.chdir(tmp_path)
    name, kind = {"models": ("REGISTRY", "Registry"), "hosts": ("SITE", "Site")}[field]
    text = f"{name} = {kind}({field}={{{key!a}: 1, {key!a}: 2}})"
    edit = {
        "models": functools.partial(set_versions, text, "eyes", "2020-03-25", None),
        "hosts": functools.partial(set_override, text, "eyes", "haarcascades", "2020-03-25"),
    }
    with pytest.raises(OperatorError) as caught:
        edit[field]()
    [line] = require_lines(str(caught.value))
    assert line.startswith(f"{name}.{field}")
    assert line.endswith("; edit it by hand")
    assert snapshot(tmp_path) == {}
