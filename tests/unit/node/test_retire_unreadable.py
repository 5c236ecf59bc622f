"""The clean-up of a registry with a folder that cannot be read."""

import errno
from pathlib import Path

import pytest

from node import disk, retire
from node.retire import Place
from tests.unit.node import test_retire
from tests.unit.node.test_retire import NOW, entry, store, write

depot = test_retire.depot


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
    assert retire.clean(depot, NOW) == [f"{bad.parent}: Permission denied; mend that and run again"]
    assert not due.exists()
    assert bad.exists()
