from collections.abc import Callable
from pathlib import Path

import pytest

from modelctl.fleet import Fleet
from operations import node_operation
from operations.survey import Survey
from tests.unit.operations.hosts import make_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Survey | None], None]:
    """Sets what every host answers."""

    def give(found: Survey | None) -> None:
        monkeypatch.setattr(node_operation, "survey", lambda _: found)

    return give
