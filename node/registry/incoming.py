"""The incoming area of the primary datasink: AREA/MODEL/VERSION/, what trainers have uploaded. It is bounded.

Nothing in it is reached through a link, not even through one that the registry's owner made.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator, List

from node import names
from node.errors import Refusal
from node.registry import own
from node.store import disk, files, handles

MOST = 2 << 30  # bytes, in all
RESERVE = 200_000_000  # bytes of the disk, which stay free
VERSIONS = 4
MAY_GIVE_WAY = 3_600  # seconds since somebody touched a version
FORGOTTEN = 7 * 86_400
FOLDER_MODE, FILE_MODE = 0o750, 0o640  # faces are for those only who may read the originals
PATIENCE = 10.0  # seconds, for another upload that makes room


@contextmanager
def admitted(area: Path, model: str, version: str, size: int) -> Iterator[Path]:
    """Yield the folder for a version's files, in all of that size. Raises Refusal when there is no room for them.

    The folder is held: another upload of that version is refused, and none removes it.
    """
    _make(area)
    folder = area / model / version
    with ExitStack() as upload:
        with own.alone(area, PATIENCE, "another upload is beginning; try again"):
            _make_room(area, folder, size)
            for each in (folder.parent, folder):
                _make(each)
            upload.enter_context(own.alone(folder, 0, "another upload of it is running; wait for that and try again"))
        upload.enter_context(handles.held(folder))
        yield folder


def require_bounds(area: Path) -> None:
    """Raises Refusal when the area, or the disk, holds more by now than it may: uploads run beside each other."""
    _require(area, sum(map(_size, _versions(area))), disk.free(area))


def _require(area: Path, size: int, free: int) -> None:
    if size > MOST:
        raise Refusal("%s: found no room; expected at most %s bytes in all" % (area, format(MOST, ",")))
    if free < RESERVE:
        raise Refusal("%s: found no room on the disk; expected %s bytes to stay free" % (area, format(RESERVE, ",")))


def _make(path: Path) -> None:
    own.folder(path, FOLDER_MODE)
    if not disk.is_real_folder(path):
        raise Refusal("%s: found %s; expected a folder" % (path, disk.kind(path)))


def _make_room(area: Path, folder: Path, size: int) -> None:
    """What was forgotten goes; of the rest the oldest ones, as far as there is no room for what is to come."""
    now = time.time()
    others = sorted((each for each in _versions(area) if each != folder), key=_touched)
    for each in list(others):
        is_full = len(others) >= VERSIONS or size + sum(map(_size, others)) > MOST
        if now - _touched(each) > (MAY_GIVE_WAY if is_full else FORGOTTEN) and _removed(each):
            others.remove(each)
    if len(others) >= VERSIONS:
        raise Refusal("%s: found %d versions; expected room for one more; try again in an hour" % (area, len(others)))
    _require(area, size + sum(map(_size, others)), disk.free(area) + _size(folder) - size)


def _versions(area: Path) -> List[Path]:
    models = [model for model in disk.folders(area) if names.MODEL.fullmatch(model.name)]
    return [each for model in models for each in disk.folders(model) if names.is_version(each.name)]


def _size(folder: Path) -> int:
    found = (disk.status(folder / name) for name in disk.names(folder))
    return sum(status.st_size for status in found if status is not None)


def _touched(folder: Path) -> float:
    """When somebody last changed something there."""
    found = [disk.status(folder), *(disk.status(folder / name) for name in disk.names(folder))]
    return max((status.st_mtime for status in found if status is not None), default=0.0)


def _removed(folder: Path) -> bool:
    """Remove a version, and its model's folder if it was the last one there; not while it is being uploaded."""
    try:
        with own.alone(folder, 0, ""):
            files.remove(folder)
    except Refusal:
        return False
    if not disk.names(folder.parent):
        files.prune(folder.parent)
    return True
