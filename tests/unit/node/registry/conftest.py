"""What tests of uploads share."""

from pathlib import Path

import pytest

from tests.unit.node.registry.uploading import Gate, gate_in


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return gate_in(tmp_path)
