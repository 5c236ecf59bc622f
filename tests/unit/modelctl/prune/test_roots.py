"""Telling the datasink what must stay."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelctl.nodes import travelling
from modelctl.prune import roots
from node.protocol.retention import AddRoots, HostReferences
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


def test_each_of_those_who_share_a_clone_knows_it(
    tmp_path: Path, heard: list[AddRoots], monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("anna", "bert", "anna", "bert"):
        monkeypatch.setattr(roots, "operator", lambda who=who: f"{who}@ramrod")
        roots.add(tmp_path, [fleet()], {})
    assert [told.clone.has_told for told in heard] == [False, False, True, True]


def test_what_an_earlier_release_has_noted_of_that_counts(tmp_path: Path, heard: list[AddRoots]) -> None:
    now = datetime.now(UTC).isoformat()
    known = {"time": now, "versions": ["cats/2026-01-01"], "hosts": {"lab1": ["cats/2026-01-01"]}}
    (tmp_path / roots.REMEMBERED).write_text(json.dumps(known))
    assert roots.covers(tmp_path, "lab1", ["cats/2026-01-01"])
    roots.add(tmp_path, [fleet()], {})
    assert heard[0].hosts["lab1"] == HostReferences({"cats/2026-01-01": "wanted before"}, is_complete=False)
