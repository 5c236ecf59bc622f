"""A sweep of a registry in which a folder cannot be read."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.registry.sweep import freed_by
from node.store import disk
from tests.unit.node.places import tree
from tests.unit.node.registry import test_sweep
from tests.unit.node.registry.sweeping import BOTH, Depot, lines, remember, remembered, removed, store, sweep

depot, due = test_sweep.depot, test_sweep.due


def close(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nobody may look into this folder. Root may read all, so it is told so."""
    names, tree_of = disk.names, disk.tree

    def look(path: Path, read: Callable[[Path], Any]) -> Any:
        if path == folder or folder in path.parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    patch.setattr(disk, "names", lambda path: look(path, names))
    patch.setattr(disk, "tree", lambda path: look(path, tree_of))


def test_a_model_that_cannot_be_listed_does_not_stop_the_others(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H16: one unreadable folder is one line."""
    bad = store(depot, "2019-01-01", model="dogs")
    remember(depot, *BOTH, "dogs/2019-01-01")
    with monkeypatch.context() as patch:
        close(patch, bad.parent)
        assert sweep(depot) == [f"{bad.parent}: Permission denied"]
    assert not any(folder.exists() for folder in due)
    assert bad.exists()
    assert "version dogs/2019-01-01" not in remembered().counts


def test_a_version_that_cannot_be_read_stays_and_is_counted_anew(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = removed(depot, due[1])
    with monkeypatch.context() as patch:
        close(patch, due[0])
        assert sweep(depot) == [f"{due[0]}: Permission denied"]
    assert (due[0].exists(), due[1].exists()) == (True, False)
    assert lines(depot) == [expected]
    assert sweep(depot) == []
    assert due[0].exists()
    assert remembered().counts["version cats/2019-01-01"].since == depot.now


def test_a_registry_that_cannot_be_read_ends_it(depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    remembered_before = layout.sweeps().read_bytes()
    with monkeypatch.context() as patch:
        close(patch, depot.registry)
        with pytest.raises(PermissionError):
            sweep(depot)
    assert layout.sweeps().read_bytes() == remembered_before
    assert lines(depot) == []
    assert all(folder.exists() for folder in due)


def test_what_cannot_be_removed_of_a_leftover_is_named_and_stays(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = store(depot, ".retired-2019-01-09")
    expected = freed_by(left)
    before = tree(left)
    with monkeypatch.context() as patch:
        close(patch, left)
        assert sweep(depot) == [f"{left}: Permission denied; mend that and run again"]
    assert tree(left) == before
    assert not any(folder.exists() for folder in due)
    assert sweep(depot) == []
    assert lines(depot)[-1] == f"removed cats/2019-01-09, {expected} bytes"
