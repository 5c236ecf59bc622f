"""A hint names the site that it is for, so that pasted it acts on no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelctl import cli, hints
from modelctl.product import CHECKOUT

USE, PYINFRA = hints.use, hints.pyinfra  # other tests have hints for the default site, typed in the checkout
SOURCES = [path for folder in ("modelctl", "operations", "deploys") for path in (CHECKOUT / folder).rglob("*.py")]
COMMANDS = "|".join(cli.main.commands)
WRITTEN = re.compile(rf"\bmodelctl ({COMMANDS})\b|\bpyinfra inventory\.py")


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)


@pytest.mark.parametrize(
    ("site", "modelctl", "pyinfra"),
    [
        ("inventory.py", "modelctl pin", "pyinfra inventory.py deploys/models.py"),
        ("lab/inventory.py", "modelctl pin --site lab/inventory.py", "pyinfra lab/inventory.py deploys/models.py"),
        ("../my site/i.py", "modelctl pin --site '../my site/i.py'", "pyinfra '../my site/i.py' deploys/models.py"),
    ],
)
def test_in_the_checkout(site: str, modelctl: str, pyinfra: str) -> None:
    USE(Path(site))
    assert (hints.modelctl("pin"), PYINFRA("deploys/models.py")) == (modelctl, pyinfra)


def test_the_default_site_by_another_name() -> None:
    USE(Path("inventory.py").resolve())
    assert hints.modelctl("pin") == "modelctl pin"


def test_the_default_site_is_named_where_a_variable_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELCTL_SITE", "../site/inventory.py")
    USE(Path("inventory.py"))
    assert hints.modelctl("pin") == "modelctl pin --site inventory.py"


def test_elsewhere_pyinfra_has_to_be_run_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert hints.modelctl("pin") == "modelctl pin"
    assert PYINFRA("deploys/models.py") == (f"cd {CHECKOUT} && pyinfra {tmp_path}/inventory.py deploys/models.py")


def test_what_a_node_says_is_completed() -> None:
    USE(Path("lab/inventory.py"))
    said = "list.json: damaged, so nothing is removed; write it anew: modelctl prune registry"
    assert hints.completed(said) == f"{said} --site lab/inventory.py"
    assert hints.completed("the modelctl of old, or collect") == "the modelctl of old, or collect"


def test_another_site_than_the_one_that_was_loaded() -> None:
    assert hints.modelctl_on(Path("/site/inventory.py"), "undo") == "modelctl undo --site /site/inventory.py"


def strings(path: Path) -> Iterator[str]:
    """The texts of a module; those that stand for themselves are docstrings, of a field too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_no_message_writes_a_command_out_by_itself() -> None:
    assert len(SOURCES) > 50
    found = {
        (path.name, text) for path in SOURCES for text in strings(path) if text == "modelctl" or WRITTEN.search(text)
    }
    assert {text for name, text in found if name != "hints.py"} == set()
