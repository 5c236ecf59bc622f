"""The clean-up of a registry with a folder that cannot be read."""

import errno
from pathlib import Path

import pytest

from node.registry import prune_registry
from node.registry.prune_registry import Place
from node.store import disk
from tests.unit.node.registry import test_prune_registry
from tests.unit.node.registry.test_prune_registry import NOW, entry, store, write

depot = test_prune_registry.depot


def test_a_model_that_cannot_be_listed_does_not_stop_the_others(depot: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """H16: one unreadable folder is one line."""
    due, bad = store(depot, "2019-01-01"), store(depot, "2019-01-01", model="dogs")
    write(entry(due))
    names = disk.names

    def fails(path: Path) -> "list[str]":
        if path == bad.parent:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return names(path)

    monkeypatch.setattr(disk, "names", fails)
    assert prune_registry.clean(depot, NOW) == [f"{bad.parent}: Permission denied; mend that and run again"]
    assert not due.exists()
    assert bad.exists()
