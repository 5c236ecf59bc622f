import shutil
import sys
from pathlib import Path

import pytest

from modelctl.errors import Faults, OperatorError
from modelctl.inventory_file import load
from tests import chandler
from tests.chandler import FOLDER, INVENTORY, SOURCES

ROOT = Path(__file__).resolve().parents[3]
FLEET = """
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from modelctl.errors import exit_with_message
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Pins
with exit_with_message():
    _FLEET = Fleet(SITE.model_copy(update={changes}), REGISTRY, STANDARDS, Pins())
"""


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


def written(folder: Path, text: str) -> Path:
    path = folder / "other.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_with_its_values_beside_it() -> None:
    inventory = load(INVENTORY)
    assert inventory.fleet.site.name == "chandler"
    assert (inventory.sources, inventory.pins, inventory.folder) == (SOURCES, SOURCES / "pins.json", SOURCES)
    inventory.connect()


def test_the_revoked_keys_lie_beside_the_pins(tmp_path: Path) -> None:
    """R6: absent for nobody."""
    path = copied(tmp_path / "one", "one")
    assert (load(path).fleet.revoked.hosts, load(path).revoked) == ({}, path.parent / "inventory" / "revoked.json")
    load(path).revoked.write_text('{"east": 2}')
    assert load(path).fleet.revoked.hosts == {"east": 2}
    load(path).revoked.write_text('{"east": 0}')
    with pytest.raises(Faults, match=r"^revoked\.hosts\.east: found 0; "):
        load(path)


def test_another_file(tmp_path: Path) -> None:
    assert load(written(tmp_path, FLEET.format(changes={"name": "other"}))).fleet.site.name == "other"


def test_a_file_can_say_how_to_connect(tmp_path: Path) -> None:
    connect = "def _connect(): raise RuntimeError('called')"
    inventory = load(written(tmp_path, FLEET.format(changes={}) + connect))
    with pytest.raises(RuntimeError, match="called"):
        inventory.connect()


def test_all_faults_come_through(tmp_path: Path) -> None:
    changes = {"primary_datasink": "x", "legacy_nodes": ("y",)}
    with pytest.raises(Faults) as caught:
        load(written(tmp_path, FLEET.format(changes=changes)))
    assert [line.split(":")[0] for line in caught.value.faults] == ["site.primary_datasink", "site.legacy_nodes.0"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "{path}: found no _FLEET; expected _FLEET = Fleet(site, registry, standards, pins)"),
        ("_FLEET = 1", "{path}: found no _FLEET; expected _FLEET = Fleet(site, registry, standards, pins)"),
        ("x = 1\nx = (", "{path}:2: '(' was never closed; expected Python"),
        ("\n\nx = y", "{path}:3: NameError: name 'y' is not defined; expected Python that runs; mend it"),
        (
            "import no_such",
            "{path}:1: ModuleNotFoundError: No module named 'no_such'; expected Python that runs; mend it",
        ),
        ("raise SystemExit('the lab is down')", "the lab is down"),
        ("raise ValueError('two\\nlines')", "{path}:1: ValueError: two lines; expected Python that runs; mend it"),
    ],
)
def test_a_faulty_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(OperatorError) as caught:
        load(path)
    assert str(caught.value) == message.format(path=path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        load(tmp_path / "none.py")
    expected = "no such file; expected an inventory file, as inventory.py in the checkout is one"
    assert str(caught.value) == f"{tmp_path}/none.py: {expected}"


def test_no_file_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorError) as caught:
        load(Path("inventory.py"))
    expected = f"no inventory.py here; go where one is: cd {ROOT}; or name a site's: --site PATH"
    assert str(caught.value) == f"{tmp_path}: {expected}"


@pytest.mark.parametrize("package", ["inventory", "orchard"])
def test_a_faulty_file_beside_it_is_one_line(tmp_path: Path, package: str) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "hosts.py").write_text("x = y", encoding="utf-8")
    with pytest.raises(OperatorError, match=rf"{package}/hosts\.py:1: NameError: name 'y' is not defined;"):
        load(written(tmp_path, f"import {package}.hosts"))


def copied(folder: Path, name: str) -> Path:
    """A site of this name, in a folder of its own."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "inventory" / "site.py").read_text().replace('name="chandler"', f"name={name!r}")
    (folder / "inventory" / "site.py").write_text(text)
    return folder / "inventory.py"


def test_each_site_has_its_own_neighbours(tmp_path: Path) -> None:
    """From the checkout, which has an inventory/ too, and one after the other."""
    one, other = copied(tmp_path / "one", "one"), copied(tmp_path / "other", "other")
    found = [load(path).fleet.site.name for path in (one, other, one, INVENTORY)]
    assert found == ["one", "other", "one", "chandler"]


@pytest.mark.parametrize("init", [None, "", "from .site import SITE as HERE"], ids=["no file", "empty", "full"])
def test_a_style_of_its_own(tmp_path: Path, init: str | None) -> None:
    path = copied(tmp_path / "own", "own")
    (path.parent / "inventory" / "__init__.py").unlink()
    (path.parent / "garden").mkdir()
    (path.parent / "garden" / "more.py").write_text("CHANGES = {'max_scan_days': 3}")
    if init is not None:
        (path.parent / "inventory" / "__init__.py").write_text(init)
    path.write_text(f"""
from inventory import registry, {"HERE" if init else "site"}
from inventory.standards import STANDARDS as the_rules
from garden.more import CHANGES
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Pins
_FLEET = Fleet({"HERE" if init else "site.SITE"}.model_copy(update=CHANGES), registry.REGISTRY, the_rules, Pins())
""")
    inventory = load(path)
    assert (inventory.fleet.site.name, inventory.fleet.site.max_scan_days) == ("own", 3)
    assert inventory.folder == path.parent


def test_imports_are_as_before_afterwards(tmp_path: Path) -> None:
    before = list(sys.path)
    load(copied(tmp_path / "one", "one"))
    with pytest.raises(OperatorError):
        load(written(tmp_path, "x = y"))
    assert sys.path == before


def test_without_coral(tmp_path: Path) -> None:
    path = copied(tmp_path / "one", "one")
    registry = path.parent / "inventory" / "registry.py"
    text = registry.read_text()
    start, end = text.index("    # Community builds"), text.rindex(")")
    registry.write_text(text[:start] + text[end:])
    with pytest.raises(Faults) as caught:
        load(path)
    assert str(caught.value).splitlines()[0] == (
        "registry.coral: found nothing; allowed: a Coral stack, which site.hosts.sentinel needs for its accelerator; "
        "or coral_packages=False there"
    )
    site = path.parent / "inventory" / "site.py"
    site.write_text(site.read_text().replace('accelerator="coral"', 'accelerator="coral", coral_packages=False'))


def test_a_bug_of_the_library_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        load(written(tmp_path, "from modelctl.desired.desired_state import desired\ndesired(1, 'x')"))
