"""Stopping a service so that what it writes stays whole: the lists of its tasks, and its queue."""

from __future__ import annotations

import csv
from contextlib import suppress
from pathlib import Path
from typing import Iterable, Iterator, Optional, Tuple

from node import layout, linked_files
from node.errors import Refusal
from node.machine import services
from node.store import disk, files, handles, history, rights
from node.store.pending_switch import Request
from node.store.rights import Owner
from node.store.service_set import Named, ServiceSet

LIST = ".csv"  # written in place, in some 60 ms, while it is open for no longer than that
QUEUE = "state.json"
WITH_QUEUE = ("sentinel",)  # services that write one, in the folder above their main script's


def stop(unit: str, named: Iterable[Named], request: Request) -> None:
    """Stop a service. A list that this cuts short is put back as it was just before, and the history tells."""
    paths = linked_files.siblings(named)
    lists = list(_lists(path for path in sorted(paths) if path.suffix == LIST))
    services.stop(unit, paths)
    for path, before, copy, is_new in lists:
        if not _is_whole(path, before):
            cut = linked_files.back_up(path) if disk.is_there(path) else "nothing"
            replace(path, copy)
            told = "%s: cut short by the stop; it is again as it was just before; what was left: %s" % (path, cut)
            history.add(request, request.digest, history.RESTORED, told)
        elif is_new:
            files.unlink(copy)


def _lists(paths: Iterable[Path]) -> Iterator[Tuple[Path, str, Path, bool]]:
    """Yield each list, its text, its copy, and whether that was made for this.

    Neither a full disk nor a list that is written, or too long to be read, keeps a service from being stopped.
    """
    for path in paths:
        with suppress(OSError, Refusal):
            text, held = _text(path), [backup.path for backup in linked_files.backups(path)]
            copy = linked_files.back_up(path)
            yield path, text, copy, copy not in held


def _is_whole(path: Path, old: str) -> bool:
    """Tell whether a list may be whole: it is as before, or has as many rows at least, each with all fields."""
    if not disk.is_there(path):
        return False
    new = _text(path)
    return new == old or (new.endswith("\n") and _rows(new) is not None and (_rows(new) or 0) >= (_rows(old) or 0))


def _text(path: Path) -> str:
    with handles.reached(path) as file:
        return disk.content(file, path).decode("utf-8", "replace")


def _rows(text: str) -> Optional[int]:
    """Return the number of rows; None when they differ in their number of fields, or are none."""
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error:
        return None
    return len(rows) if len({len(row) for row in rows}) <= 1 else None


def replace(path: Path, copy: Path) -> None:
    """Put a backup in the place of a linked file, which its owner keeps; a new one is its folder's owner's."""
    status = disk.status(path) or disk.status(path.parent)
    if status is None:
        raise Refusal("%s: no such folder; a deploy brings the version" % path.parent)
    files.copy(copy, path, Owner(status.st_uid, status.st_gid), 0o644)


def keep_queue(service: ServiceSet) -> None:
    """Copy the queue of a stopped service aside, in place of an earlier switch's copy. Raises Refusal or OSError.

    A sentinel of 0.2.6 or later writes it as it ends, and deletes it as it starts: a start that fails loses it.
    """
    drop_queue(service.service)
    found = _queue(service)
    if found is not None and disk.is_file(found) and disk.is_short(found):
        files.copy(found, _queue_copy(service.service))


def put_back_queue(service: ServiceSet) -> None:
    """Put the copy back where there is no queue. Raises Refusal or OSError."""
    path, copy = _queue(service), _queue_copy(service.service)
    if path is not None and disk.is_file(copy) and not disk.is_there(path):
        files.copy(copy, path, rights.owner_of(service.user), 0o644)


def drop_queue(service: str) -> None:
    """Forget the copy: the queue is the new process's own by now."""
    files.unlink(_queue_copy(service))


def _queue(service: ServiceSet) -> Optional[Path]:
    script = service.work.script
    return script.parent.parent / QUEUE if script is not None and service.service in WITH_QUEUE else None


def _queue_copy(service: str) -> Path:
    return layout.sets(service) / QUEUE
