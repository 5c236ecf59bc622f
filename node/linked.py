"""Linked files hold data that exists nowhere else: no service is stopped while one is open for writing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Iterable, Iterator, Set

from node import disk, files, handles, layout
from node.errors import Refusal
from node.orders import Named
from node.processes import writers

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


def _sha256(path: Path) -> str:
    with handles.reached(path) as file:
        return disk.digest(file)


def keep(named: Iterable[Named]) -> None:
    """Copy linked files aside, each version's, unless just such a copy is there."""
    for path in sorted(siblings(named)):
        version, digest = path.parent, _sha256(path)[:12]
        copy = layout.kept() / version.parent.name / version.name / (path.name + "." + digest)
        if not disk.is_there(copy):
            files.folder(layout.kept(), mode=0o700)  # faces are for those only who may read the originals
            files.folder(copy.parent)
            if not files.copy(path, copy).startswith(digest):
                files.unlink(copy)
                raise Refusal("%s: written to while it was copied aside; run again later" % path)
