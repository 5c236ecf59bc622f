"""Linked files hold data that exists nowhere else: no service is stopped while one is open for writing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Iterable, Iterator, Set

from node.errors import Refusal
from node.machine.processes import writers
from node.store import disk
from node.store.service_set import Named

PAUSE = 0.5  # seconds between looks


def wait(named: Iterable[Named], limit: float) -> None:
    """Wait up to `limit` seconds until no linked file is open for writing. Raises Refusal when one still is."""
    paths = siblings(named)
    deadline = time.monotonic() + limit
    while True:
        busy = writers(paths)
        if not busy:
            return
        if time.monotonic() >= deadline:
            raise Refusal(
                "%s: open for writing for more than %d s; expected the task to finish; run again later"
                % (", ".join(busy), limit)
            )
        time.sleep(PAUSE)


def siblings(named: Iterable[Named]) -> Set[Path]:
    """Return each linked file in every version of its model: the running service may hold an older one."""
    return {path for each in named if each.linked for path in _versions_of(each.path)}


def _versions_of(path: Path) -> Iterator[Path]:
    model = path.parent.parent
    for version in disk.names(model):
        if version[0] != "." and disk.reached(model / version / path.name) is not None:
            yield model / version / path.name
