"""Lists the version folders of the model registry without reading a model's bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from node import layout
from node.errors import Refusal
from node.protocol.registry import ListedVersion, Listing, ListRegistry
from node.registry import own
from node.store import disk, handles
from node.store.versions import MANIFEST

UNFINISHED = (own.UNFINISHED, layout.RETIRED)


def list_registry(asked: ListRegistry) -> Listing:
    """What the folders of these models hold; what cannot be read is told as that."""
    try:
        with handles.listable(asked.registry) as handle:
            room = os.fstatvfs(handle)
    except (OSError, Refusal) as error:
        is_there = not isinstance(error, FileNotFoundError)
        return Listing({}, 0, 0, [], {}, _why(error, asked.registry), is_there)
    free, total = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
    found = Listing({}, free, total, [], {})
    for model in asked.models:
        above = asked.registry / model
        try:
            for folder in disk.folders(above) if disk.is_real_folder(above) else []:
                if folder.name.startswith(UNFINISHED):
                    found.leftovers.append(disk.spelt("%s/%s" % (model, folder.name)))
                elif not folder.name.startswith("."):
                    found.models.setdefault(model, {}).update(_list_version(folder))
        except (OSError, Refusal) as error:
            found.unreadable[model] = _why(error, above)
    return found


def _list_version(folder: Path) -> Dict[str, ListedVersion]:
    """What a version's folder holds, by its name."""
    files: Dict[str, int] = {}
    shared: List[str] = []
    manifest: Optional[bytes] = None
    fault = None
    try:
        for path, status in _files(folder):
            name = disk.spelt(str(path.relative_to(folder)))
            files[name] = status.st_size
            if status.st_nlink > 1:
                shared.append(name)
            if name == MANIFEST:
                manifest = own.manifest(path)
    except (OSError, Refusal) as error:
        if not disk.is_there(folder):
            return {}  # a clean-up has just taken it
        fault = _why(error, folder)
    return {disk.spelt(folder.name): ListedVersion(files, manifest, shared, fault)}


def _files(folder: Path) -> List[Tuple[Path, os.stat_result]]:
    return [(path, status) for path, status in disk.below(folder) if stat.S_ISREG(status.st_mode)]


def _why(error: Exception, place: Path) -> str:
    return disk.spelt("%s: %s" % (place, error.strerror) if isinstance(error, OSError) else str(error))
