"""What a pull needs of the disk: the pull itself refuses by it before the first byte, and a dry run shows it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Dict, List, Optional

from node import layout
from node.desired_state import DesiredState, File, Limits, Stack, Version
from node.errors import Refusal
from node.protocol.facts import Room
from node.pull import face_list
from node.store import checksum_cache, disk


def look(wanted: Dict[str, File], staging: Path, limits: Limits) -> Room:
    """Return what it needs to bring files, by their names in the registry, beside what is staged of them."""
    needed: Dict[str, int] = {}
    for name, file in wanted.items():
        status, label = disk.status(staging / name), name.rpartition("/")[0]
        needed[label] = needed.get(label, 0) + max(0, file.size - (status.st_size if status is not None else 0))
    return Room(staging.parent, needed, disk.free(nearest(staging)), limits.reserve_bytes)


def nearest(path: Path) -> Path:
    """Return the folder at a path, or the nearest one above it, on whose disk it will be made."""
    while not disk.is_folder(path):
        path = path.parent
    return path


def of_models(versions: List[Version], desired: DesiredState) -> Optional[Room]:
    """Return what the pull of these versions, or of the face list, will need; None of none. Reads no model bytes."""
    if versions:
        found = _predicted(versions, versions[0].directory.parent.parent, desired.limits)
        return found and found._replace(unread={each.label: _unread(each) for each in versions})
    lists = desired.face_list
    if lists is None:
        return None
    absent = [file for file in lists.files if not disk.is_there(face_list.path_of(lists, file.name))]
    return _room({lists.label + "/" + file.name: file for file in absent}, lists.directory, desired.limits)


def of_stack(stack: Stack, desired: DesiredState) -> Optional[Room]:
    files = {stack.version.label + "/" + file.name: file for file in stack.version.files}
    return _room(files, layout.coral(), desired.limits)


def _predicted(versions: List[Version], folder: Path, limits: Limits) -> Optional[Room]:
    return _room({each.label + "/" + file.name: file for each in versions for file in to_come(each)}, folder, limits)


def _room(wanted: Dict[str, File], folder: Path, limits: Limits) -> Optional[Room]:
    with suppress(OSError, Refusal):  # of a link that misleads, say: the pull tells
        return look(wanted, folder / layout.STAGING, limits)
    return None


def to_come(version: Version) -> List[File]:
    """Return what is not there, and has no equal in another version, from which it is taken unless it is linked."""
    absent = [file for file in version.files if not _is_there(version, file)]
    return [file for file in absent if file.linked or checksum_cache.find(file.sha256) is None]


def _is_there(version: Version, file: File) -> bool:
    """Tell whether a file is there, of the right length unless the node writes to it."""
    found = disk.status(version.directory / file.name)
    return found is not None and (file.linked or found.st_size == file.size)


def _unread(version: Version) -> int:
    """Return the bytes of what is there and was never read: they come anew where they are wrong."""
    there = (file for file in version.files if not file.linked and _is_there(version, file))
    return sum(file.size for file in there if not checksum_cache.holds(version.directory / file.name, file.sha256))
