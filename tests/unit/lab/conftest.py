"""A home folder in which stand-ins run; they end with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.lab.standins import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.end()
