"""Reads a version folder of the model registry, on the datasink.

It travels there as source: standard library only, Python 3.7 or newer.

On stdin a JSON list, [registry, model, version], or [folder, name] for any other folder. On stdout a JSON object with
what is in it: `files` (name to size in bytes and SHA-256), `others` (name to what it is instead of a readable file, or
plainly instead of the file that it is named after), `manifest` (base64, at most MANIFEST_LIMIT + 1 bytes, null when it
is not among the files) and `fault` (why nothing could be read, else null).
"""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import sys
from pathlib import Path
from typing import Any

MANIFEST = "manifest.yaml"
MANIFEST_LIMIT = 65_536
BLOCK = 1 << 20
BEGINNING = 1024
BLANKS = b"\xef\xbb\xbf \t\r\n"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1"
HTML_BEGINNINGS = (b"<!doctype html", b"<html")
HTML_NAMES = (".html", ".htm")


def read_version(root: str, *names: str) -> dict[str, Any]:
    """What the folder at the end of these names holds, each a folder in the one before, and none of them a link."""
    found: dict[str, Any] = {"files": {}, "others": {}, "manifest": None, "fault": None}
    folder = Path(root, *names)
    try:
        for path in (Path(root, *names[: count + 1]) for count in range(len(names))):
            if not stat.S_ISDIR(path.lstat().st_mode):
                found["fault"] = f"{path} is a {_kind(path)}"
                return found
        entries = sorted(folder.iterdir())
    except OSError as error:
        found["fault"] = f"{error.filename}: {error.strerror}"
        return found
    for entry in entries:
        _read_entry(entry, found)
    return found


def _read_entry(path: Path, found: dict[str, Any]) -> None:
    # A name that is no UTF-8 must not break the answer; spelt like this it can match no file name of a manifest.
    name = path.name.encode("utf-8", "backslashreplace").decode()
    try:
        kind = _kind(path)
        if kind != "file":
            found["others"][name] = f"a {kind}"
            return
        instead = _instead(path)
        if instead is not None:
            found["others"][name] = instead
            return
        measured = _measure(path)
        if name == MANIFEST:
            with path.open("rb") as file:
                found["manifest"] = base64.b64encode(file.read(MANIFEST_LIMIT + 1)).decode()
        found["files"][name] = measured
    except OSError as error:
        found["others"][name] = f"unreadable: {error.strerror}"


def _kind(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        return "file"
    return "link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "special file"


def _instead(path: Path) -> str | None:
    """What came in the file's place when it was fetched, as its first bytes tell."""
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    if beginning.startswith(LFS_POINTER):
        return "a Git LFS pointer; expected the file itself: get it with git lfs pull, and copy that"
    if beginning.lstrip(BLANKS).lower().startswith(HTML_BEGINNINGS) and path.suffix.lower() not in HTML_NAMES:
        return "an HTML page; expected the file itself: download it anew"
    return None


def _measure(path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            digest.update(block)
            size += len(block)
    return {"size": size, "sha256": digest.hexdigest()}


if __name__ == "__main__":
    json.dump(read_version(*json.load(sys.stdin)), sys.stdout)
