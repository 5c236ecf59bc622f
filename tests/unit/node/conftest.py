"""The node program's own folders, moved below a test's."""

import os
from pathlib import Path

import pytest

from node import layout, transfer
from tests.unit.node.places import Place


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of the node program."""
    if os.geteuid() != 0:
        pytest.skip("the node program runs as root: it gives files to the service's user")
    monkeypatch.setattr(layout, "STATE", tmp_path / "state")
    monkeypatch.setattr(layout, "RUNTIME", tmp_path / "run")
    monkeypatch.setattr(transfer, "FIRST_PAUSE", 0)
    return tmp_path / "state"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose programs stand in for the system's."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder
