"""Telling the datasink what must stay."""

import shutil
from pathlib import Path

import pytest

from modelctl.nodes import travelling
from modelctl.prune import roots
from node.protocol.retention import AddRoots
from tests.unit.modelctl.sites import fleet


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[AddRoots]:
    """What the datasink was told."""
    heard: list[AddRoots] = []
    monkeypatch.setattr(travelling, "ask_as_root", lambda _fleet, _command, told, _seconds: heard.append(told))
    return heard


def test_a_clone_knows_that_it_has_told_and_its_copy_does_not(tmp_path: Path, heard: list[AddRoots]) -> None:
    """A datasink that lacks what the clone told has lost it; of a copy it cannot know."""
    clone, copy = tmp_path / "clone", tmp_path / "copy"
    clone.mkdir()
    roots.add(clone, [fleet()], {})
    roots.add(clone, [fleet()], {})
    shutil.copytree(clone, copy)
    roots.add(copy, [fleet()], {})
    assert [told.clone.has_told for told in heard] == [False, True, False]
