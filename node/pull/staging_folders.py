"""Folders where what is fetched is staged: root's alone, on the disk where it goes."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

from node import layout
from node.desired_state import DesiredState
from node.errors import Refusal
from node.store import disk, files, handles


def foreign(desired: DesiredState) -> List[Path]:
    """Return the staging folders that others than root can enter: an older release made them for the service's user."""
    places = {version.directory.parent.parent for version in desired.versions}
    if desired.face_list is not None:
        places.add(desired.face_list.directory)
    found = ((place / layout.STAGING, disk.status(place / layout.STAGING)) for place in sorted(places))
    return [path for path, status in found if status is not None and not _is_private(status)]


def make(path: Path) -> None:
    """Make sure that a staging folder is there and root's; what else is there goes: nothing exists in it alone."""
    found = disk.status(path)
    if found is None or not _is_private(found):
        files.remove(path)
        files.private_folder(path)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Make a staging folder and hold it: all that is below its path is below this very folder. Raises Refusal."""
    make(path)
    with handles.held(path) as handle:
        if not _is_private(os.fstat(handle)):
            raise Refusal("%s: somebody else's; expected a folder of root; look who put it there, and run again" % path)
        yield


def _is_private(found: os.stat_result) -> bool:
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
