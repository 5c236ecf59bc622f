"""Keys that a site's files hold twice."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelctl import cli
from modelctl.errors import Faults
from modelctl.inventory_file import load, require_each_once
from tests import chandler
from tests.unit.cases import each


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site in a folder of its own: its inventory file."""
    monkeypatch.chdir(chandler.FOLDER)
    shutil.copytree(chandler.FOLDER, tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site" / "inventory.py"


def test_a_host_that_is_written_twice(site: Path) -> None:
    """S10: the second replaced the first silently: one camera fewer."""
    path = site.parent / "inventory" / "site.py"
    path.write_text(path.read_text().replace('"east": Outpost(', '"lab1": Outpost('))
    first, second = (
        number for number, line in enumerate(path.read_text().splitlines(), 1) if '"lab1": Outpost(' in line
    )
    line = (
        f"{path}:{second}: found 'lab1' a second time, first in line {first}; "
        "expected each key once: rename one, or take it out"
    )
    with pytest.raises(Faults) as caught:
        load(site)
    assert caught.value.faults == (line,)
    done = CliRunner().invoke(cli.main, ["check", "--site", str(site)])
    assert (done.exit_code, done.stderr) == (1, f"{line}\n")


@each(
    "name, table",
    [
        ("registry.py", 'MODELS = {\n    "a": 1,\n    "b": 2, "a": 3,\n}'),
        ("site.py", 'OVERRIDES = dict(x=1, y={\n    "a": "1",\n    "b": 2, "a": "1"})'),
        ("site.py", 'PROFILES = {"x": [{\n"a": 0,\n"a"\n: 2}]}'),
        ("parts.py", "CAMERAS = {\n1: 2,\n 1: 3}"),
        ("../inventory.py", "_X = {\nNone: 2,\n None: 3}"),
    ],
)
def test_any_table_of_the_site(site: Path, name: str, table: str) -> None:
    """S10: models, overrides, cameras, profiles; in each file of the site's own."""
    path = (site.parent / "inventory" / name).resolve()
    old = path.read_text() if path.exists() else ""
    path.write_text(f"{old}{table}\n")
    first = len(old.splitlines()) + 2
    with pytest.raises(Faults) as caught:
        load(site)
    path.write_text(old)
    [line] = caught.value.faults
    assert line.startswith(f"{path}:{first + 1}: found ")
    assert f" a second time, first in line {first}; " in line


@each(
    "text, lines",
    [
        ("{1: 2, 1: 3}", (1, 1)),
        ('{\n"a": 0,\n\n"a": 1}', (2, 4)),
        ("x = {\n'a' 'b': 0,\n'ab': 1}", (2, 3)),
        ("import y\nx = {y.A: 1,\ny.B: 1,\ny.A: 1}", (2, 4)),
    ],
)
def test_both_lines_are_named(tmp_path: Path, text: str, lines: tuple[int, int]) -> None:
    path = tmp_path / "x.py"
    path.write_text(text)
    with pytest.raises(Faults, match=rf"x\.py:{lines[1]}: found .* a second time, first in line {lines[0]};"):
        require_each_once([path])


def test_all_of_them_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text("{1: 2, 1: 3, 1: 4}\n{2: 2, 2: 3}\n")
    with pytest.raises(Faults) as caught:
        require_each_once([path, path])
    assert len(caught.value.faults) == 6


@each(
    "text",
    ["{1: 2, True: 3}", "{'a': 1, b'a': 2}", "{f(): 1, f(): 2}", "{**a, **a}", "{1: {1: 1}, 2: {1: 1}}", "{'a': 1", ""],
)
def test_what_is_not_twice_or_not_known(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.py"
    path.write_text(text)
    require_each_once([path, tmp_path / "none.py"])
