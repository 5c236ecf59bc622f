"""Reading every byte of folders again, to tell what differs from what they should hold. Changes nothing."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from node import disk


class Folder(NamedTuple):
    """A folder and the files that it should hold.

    In a shared one there are other files too. A linked file belongs to the node: it need only be there.
    """

    path: Path
    digests: Dict[str, str]  # name -> SHA-256
    linked: List[str]
    shared: bool


class Reading(NamedTuple):
    """A file's SHA-256, or what is there instead of a readable file; neither where nothing is."""

    sha256: Optional[str]
    instead: Optional[str]


def verify(question: Dict[str, Any]) -> Dict[str, Any]:
    """Return what differs in each folder of the question, and which version folders there are.

    The keys are those of modelctl.reports.node_verification.
    """
    folders = [
        Folder(Path(each["path"]), each["digests"], each["linked"], each["shared"]) for each in question["folders"]
    ]
    models = question["models"]
    return {
        "folders": [_differences(folder) for folder in folders],
        "versions": [] if models is None else _versions(Path(models)),
    }


def _differences(folder: Folder) -> Dict[str, Any]:
    readings = (
        {name: _read(folder, name) for name in sorted(folder.digests)} if disk.is_real_folder(folder.path) else {}
    )
    found = {name: reading for name, reading in readings.items() if reading.sha256 is not None}
    return {
        "stored": bool(found) if folder.shared else disk.is_real_folder(folder.path),
        "missing": [_told(name, reading.instead) for name, reading in readings.items() if name not in found],
        "extra": [] if folder.shared or not readings else _extra(folder),
        "changed": {name: reading.sha256 for name, reading in found.items() if reading.sha256 != folder.digests[name]},
    }


def _read(folder: Folder, name: str) -> Reading:
    path = folder.path / name
    if name in folder.linked and disk.reached(path) is not None:
        return Reading(folder.digests[name], None)
    try:
        kind = _kind(path)
        return Reading(disk.sha256(path), None) if kind is None else Reading(None, kind)
    except FileNotFoundError:
        return Reading(None, None)
    except OSError as error:
        return Reading(None, "unreadable: %s" % error.strerror)


def _extra(folder: Folder) -> List[str]:
    names = [name for name in disk.names(folder.path) if name not in folder.digests]
    return [_told(_spelt(name), _kind(folder.path / name)) for name in names]


def _versions(models: Path) -> List[str]:
    """Return every version folder, as MODEL/VERSION."""
    return [
        _spelt("%s/%s" % (model.name, version.name))
        for model in _folders(models)
        for version in _folders(model)
    ]  # fmt: skip


def _folders(path: Path) -> List[Path]:
    found = [path / name for name in disk.names(path) if not name.startswith(".")]
    return [each for each in found if disk.is_real_folder(each)]


def _kind(path: Path) -> Optional[str]:
    """Return what is there instead of a regular file, None for one. Raises OSError."""
    found = disk.status(path)
    if found is None:
        raise FileNotFoundError(path)
    mode = found.st_mode
    if stat.S_ISREG(mode):
        return None
    return "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a special file"


def _told(name: str, kind: Optional[str]) -> str:
    return "%s (%s)" % (name, kind) if kind else name


def _spelt(name: str) -> str:
    """A name that is no UTF-8 must not break the answer."""
    return name.encode("utf-8", "backslashreplace").decode()
