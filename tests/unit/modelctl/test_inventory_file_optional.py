"""Files and fields that a site does without."""

import shutil
from pathlib import Path

import pytest

from modelctl.errors import OperatorError
from modelctl.inventory_file import load
from modelctl.schema import Standards
from tests.chandler import FOLDER


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of its own, in its folder of values."""
    shutil.copytree(FOLDER, tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site" / "inventory"


def changed(path: Path, old: str, new: str = "") -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_without_standards_it_has_those_of_the_types(site: Path) -> None:
    (site / "standards.py").unlink()
    assert load(site.parent / "inventory.py").fleet.standards == Standards()


def test_its_known_hosts_lie_beside_its_values(site: Path) -> None:
    changed(site / "site.py", '    known_hosts=Path(__file__).with_name("known_hosts"),\n')
    assert load(site.parent / "inventory.py").fleet.site.known_hosts == site / "known_hosts"


def test_its_known_hosts_lie_where_it_says(site: Path) -> None:
    changed(site / "site.py", 'Path(__file__).with_name("known_hosts")', '"/etc/ssh/known"')
    assert load(site.parent / "inventory.py").fleet.site.known_hosts == Path("/etc/ssh/known")


def test_what_is_no_site_is_told_as_ever(site: Path) -> None:
    (site / "site.py").write_text("SITE = 1\n", encoding="utf-8")
    with pytest.raises(OperatorError, match=r"^site: found 1; allowed: "):
        load(site.parent / "inventory.py")


def test_pins_are_no_such_file(site: Path) -> None:
    """That they are lost is not that nothing is pinned."""
    (site / "pins.json").unlink()
    with pytest.raises(OperatorError, match=r"pins\.json: No such file or directory; expected a file of pins"):
        load(site.parent / "inventory.py")
