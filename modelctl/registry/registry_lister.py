"""Lists the version folders of the model registry, on the datasink, without reading a model's bytes.

It travels there as source: standard library only, Python 3.7 or newer.

On stdin a JSON list: the registry's folder and the names of models. On stdout a JSON object:
`versions` (for each folder in a model's folder: `model`, `version`, `files` as name to size in bytes, `shared` as the
names of those with further hard links, `manifest` as base64, at most MANIFEST_LIMIT + 1 bytes, null when there is none,
and `fault`, why it could not be read, else null), `unreadable` (models whose folder could not be listed, and why),
`leftovers` (folders that an unfinished import or clean-up left, as MODEL/NAME), `free` and `total` (bytes of that disk)
`fault` (why nothing could be listed, else null) and `is_there` (false where there is no such registry).
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANIFEST = "manifest.yaml"
MANIFEST_LIMIT = 65_536
UNFINISHED = (".import-", ".retired-")


def list_registry(registry: str, models: list[str]) -> dict[str, Any]:
    """What the folders of these models hold."""
    found: dict[str, Any] = {
        "versions": [], "unreadable": {}, "leftovers": [], "free": 0, "total": 0, "fault": None, "is_there": True,
    }  # fmt: skip
    try:
        usage = shutil.disk_usage(registry)
        with os.scandir(registry):
            pass
    except OSError as error:
        found.update(fault=_why(error, registry), is_there=not isinstance(error, FileNotFoundError))
        return found
    found["free"], found["total"] = usage.free, usage.total
    for model in models:
        try:
            _list_model(model, Path(registry, model), found)
        except OSError as error:
            found["unreadable"][model] = _why(error, f"{registry}/{model}")
    return found


def _list_model(model: str, place: Path, found: dict[str, Any]) -> None:
    for folder in _folders(place):
        if folder.name.startswith(UNFINISHED):
            found["leftovers"].append(_spelt(f"{model}/{folder.name}"))
        elif not folder.name.startswith("."):
            found["versions"] += _list_version(model, folder)


def _folders(path: Path) -> list[Path]:
    """The folders in a model's folder, links not followed; none where it is a link itself, or not there."""
    if _is_gone(path) or not stat.S_ISDIR(path.lstat().st_mode):
        return []
    return [entry for entry in sorted(path.iterdir()) if _may_be_folder(entry)]


def _may_be_folder(path: Path) -> bool:
    """What cannot even be looked at may be one: its list of files will say why it cannot."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _is_gone(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _why(error: OSError, place: str) -> str:
    return _spelt(f"{error.filename or place}: {error.strerror}")


def _list_version(model: str, folder: Path) -> list[dict[str, Any]]:
    version: dict[str, Any] = {
        "model": model, "version": _spelt(folder.name), "files": {}, "shared": [], "manifest": None, "fault": None,
    }  # fmt: skip
    try:
        for path, status in _files(folder):
            name = _spelt(str(path.relative_to(folder)))
            version["files"][name] = status.st_size
            if status.st_nlink > 1:
                version["shared"].append(name)
            if name == MANIFEST:
                with path.open("rb") as file:
                    version["manifest"] = base64.b64encode(file.read(MANIFEST_LIMIT + 1)).decode()
    except OSError as error:
        if _is_gone(folder):
            return []  # a clean-up has just taken it
        version["fault"] = _why(error, str(folder))
    return [version]


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    def fail(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(str(folder), onerror=fail):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path, status


def _spelt(name: str) -> str:
    """A name that is no UTF-8 must not break the answer."""
    return name.encode("utf-8", "backslashreplace").decode()


if __name__ == "__main__":
    json.dump(list_registry(*json.load(sys.stdin)), sys.stdout)
