from collections.abc import Callable
from pathlib import Path

import pytest

from modelctl.inventory.fleet import Fleet
from node.protocol.facts import Facts
from operations import node_operation
from tests.unit.operations.engine import Engine
from tests.unit.operations.hosts import make_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path)


@pytest.fixture(scope="session")
def shared_fleet(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """One for many tests that leave it alone: what is rendered for a fleet is remembered."""
    return make_fleet(tmp_path_factory.mktemp("fleet"))


@pytest.fixture
def engine(shared_fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(shared_fleet, monkeypatch)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Facts | None], None]:
    """Sets what every host answers."""

    def give(found: Facts | None) -> None:
        monkeypatch.setattr(node_operation, "gather", lambda *_: found)

    return give
