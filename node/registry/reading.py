"""Reads a version folder of the model registry, or any other folder, every byte of it."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

from node.errors import Refusal
from node.protocol.registry import FolderContents, ReadFolder
from node.registry import own
from node.store import disk, handles
from node.store.versions import MANIFEST

BEGINNING = 1024
BLANKS = b"\xef\xbb\xbf \t\r\n"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"
HTML_BEGINNINGS = (b"<!doctype html", b"<html")
HTML_NAMES = (".html", ".htm")


def read_folder(asked: ReadFolder) -> FolderContents:
    """What is in the folder."""
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
    """What came in the file's place when it was fetched, as its first bytes tell."""
    with handles.opened(path) as file:
        beginning = file.read(BEGINNING)
    if beginning.startswith(LFS_POINTER):
        return "a Git LFS pointer; expected the file itself: get it with git lfs pull, and copy that"
    if beginning.lstrip(BLANKS).lower().startswith(HTML_BEGINNINGS) and path.suffix.lower() not in HTML_NAMES:
        return "an HTML page; expected the file itself: download it anew"
    return None
