"""The lab's pins on a machine of another architecture than the committed ones are for."""

import json
from pathlib import Path

import pytest

from lab import base, pins
from modelctl.inventory.coral import CORAL


def test_committed_pins_are_used_where_they_hold() -> None:
    assert pins.file("amd64") == pins.COMMITTED


def test_elsewhere_the_coral_packages_have_pins_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "cache", lambda: tmp_path / "cache")
    path = pins.file("another")
    assert pins.file("another") == path
    assert list((tmp_path / "cache").iterdir()) == [path]
    made, committed = json.loads(path.read_text()), json.loads(pins.COMMITTED.read_text())
    assert set(made.pop(CORAL)) == set(committed.pop(CORAL))
    assert made == committed
