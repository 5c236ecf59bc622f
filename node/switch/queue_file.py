"""The queue that a sentinel of 0.2.6 or later writes as it ends, and deletes as it starts: a start that fails loses it.

It is copied aside after the stop, and put back before the set from before is started again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from node import layout
from node.store import disk, files, rights
from node.store.service_set import ServiceSet

NAME = "state.json"
SERVICES = ("sentinel",)
"""Those that write one, in the folder above their main script's."""


def keep(service: ServiceSet) -> None:
    """Copy the queue aside, in place of an earlier switch's copy. Raises Refusal or OSError."""
    drop(service.service)
    found = _path(service)
    if found is not None and disk.is_file(found) and disk.is_short(found):
        files.copy(found, _copy(service.service))


def put_back(service: ServiceSet) -> None:
    """Put the copy back where there is no queue. Raises Refusal or OSError."""
    path, copy = _path(service), _copy(service.service)
    if path is not None and disk.is_file(copy) and not disk.is_there(path):
        files.copy(copy, path, rights.owner_of(service.user), 0o644)


def drop(service: str) -> None:
    """Forget the copy: the queue is the new process's own by now."""
    files.unlink(_copy(service))


def _path(service: ServiceSet) -> Optional[Path]:
    script = service.work.script
    return script.parent.parent / NAME if script is not None and service.service in SERVICES else None


def _copy(service: str) -> Path:
    return layout.sets(service) / NAME
