from pathlib import Path

import pytest

from modelctl.errors import Faults, OperatorError
from modelctl.inventory_file import load

ROOT = Path(__file__).resolve().parents[3]
FLEET = """
from inventory.registry import REGISTRY
from inventory.site import SITE
from inventory.standards import STANDARDS
from modelctl.errors import exit_with_message
from modelctl.fleet import Fleet
from modelctl.schema import Pins
with exit_with_message():
    _FLEET = Fleet(SITE.model_copy(update={changes}), REGISTRY, STANDARDS, Pins())
"""


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def written(folder: Path, text: str) -> Path:
    path = folder / "other.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_default_inventory() -> None:
    inventory = load(Path("inventory.py"))
    assert inventory.fleet.site.name == "chandler"
    inventory.connect()


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
        ("\n\nx = y", "{path}:3: NameError: name 'y' is not defined"),
        ("import no_such", "{path}:1: ModuleNotFoundError: No module named 'no_such'"),
        ("raise SystemExit('the lab is down')", "the lab is down"),
        ("raise ValueError('two\\nlines')", "{path}:1: ValueError: two lines"),
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


def test_a_faulty_file_of_the_inventorys_folder_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "orchard").mkdir()
    (tmp_path / "orchard" / "__init__.py").touch()
    (tmp_path / "orchard" / "hosts.py").write_text("x = y", encoding="utf-8")
    path = tmp_path / "orchard.py"
    path.write_text("import orchard.hosts", encoding="utf-8")
    with pytest.raises(OperatorError, match=r"orchard/hosts\.py:1: NameError: name 'y' is not defined$"):
        load(path)


def test_a_bug_of_the_library_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        load(written(tmp_path, "from modelctl.rendering.desired import desired\ndesired(1, 'x')"))
