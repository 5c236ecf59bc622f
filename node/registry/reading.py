"""Reads the model registry: its version folders without a model's bytes, or a folder, every byte of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Dict, List, Optional

from node import layout
from node.errors import Refusal
from node.protocol.registry import FolderContents, ListedVersion, Listing, ListRegistry, ReadFolder
from node.registry import own
from node.store import disk, handles
from node.store.versions import MANIFEST

UNFINISHED = (own.UNFINISHED, layout.RETIRED)
BEGINNING = 1024
BLANKS = b"\xef\xbb\xbf \t\r\n"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"
HTML_BEGINNINGS = (b"<!doctype html", b"<html")
HTML_NAMES = (".html", ".htm")


def list_registry(asked: ListRegistry) -> Listing:
    """Tell what the folders of these models hold, and what cannot be read of them."""
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
    """Tell by its name what a version's folder holds."""
    files: Dict[str, int] = {}
    shared: List[str] = []
    manifest: Optional[bytes] = None
    fault = None
    try:
        found = [(path, status) for path, status in disk.below(folder) if stat.S_ISREG(status.st_mode)]
        for path, status in found:
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


def _why(error: Exception, place: Path) -> str:
    return disk.spelt("%s: %s" % (place, error.strerror) if isinstance(error, OSError) else str(error))


def read_folder(asked: ReadFolder) -> FolderContents:
    """Measure every file of a folder, and tell what else is there."""
    folder = asked.root
    try:
        for name in asked.names:
            folder = folder / name
            kind = disk.kind(folder)
            if kind != disk.FOLDER:
                return FolderContents({}, fault="%s is %s" % (folder, kind))
        entries = [folder / name for name in disk.names(folder)]
    except OSError as error:
        return FolderContents({}, fault="%s: %s" % (folder, error.strerror))
    except Refusal as refusal:
        return FolderContents({}, fault=str(refusal))
    found = FolderContents({}, {})
    for entry in entries:
        found = _with_entry(found, entry)
    return found


def _with_entry(found: FolderContents, path: Path) -> FolderContents:
    name = disk.spelt(path.name)  # spelt out it can match no file name of a manifest
    try:
        kind = disk.kind(path)
        instead = _instead(path) if kind == disk.FILE else kind
        if instead is not None:
            found.others[name] = instead
            return found
        measured = own.measure(path)
        manifest = own.manifest(path) if name == MANIFEST else found.manifest
        found.files[name] = measured
        return found._replace(manifest=manifest)
    except OSError as error:
        found.others[name] = "unreadable: %s" % error.strerror
        return found


def _instead(path: Path) -> Optional[str]:
    """Tell, by its first bytes, what came in the file's place when it was fetched; None for the file itself."""
    with handles.opened(path) as file:
        beginning = file.read(BEGINNING)
    if beginning.startswith(LFS_POINTER):
        return "a Git LFS pointer; expected the file itself: get it with git lfs pull, and copy that"
    if beginning.lstrip(BLANKS).lower().startswith(HTML_BEGINNINGS) and path.suffix.lower() not in HTML_NAMES:
        return "an HTML page; expected the file itself: download it anew"
    return None
