"""Reading every byte of folders again, to tell what differs from what they should hold. Changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import List, NamedTuple, Optional

from node.protocol.versions import FolderRead, Verified, VerifyFolder, VerifyQuestion
from node.store import disk


class Reading(NamedTuple):
    """A file's SHA-256, or what is there instead of a readable file; neither where nothing is."""

    sha256: Optional[str]
    instead: Optional[str]


def verify(question: VerifyQuestion) -> Verified:
    """Return what differs in each folder of the question, and which version folders there are."""
    versions = [] if question.models is None else _versions(question.models)
    return Verified([_differences(folder) for folder in question.folders], versions)


def _differences(folder: VerifyFolder) -> FolderRead:
    readings = (
        {name: _read(folder, name) for name in sorted(folder.digests)} if disk.is_real_folder(folder.path) else {}
    )
    found = {name: reading.sha256 for name, reading in readings.items() if reading.sha256 is not None}
    others = [] if folder.shared or not readings else sorted({*disk.names(folder.path)} - {*folder.digests})
    return FolderRead(
        stored=bool(found) if folder.shared else disk.is_real_folder(folder.path),
        missing=[_told(name, reading.instead) for name, reading in readings.items() if name not in found],
        extra=[_told(disk.spelt(name), disk.kind(folder.path / name)) for name in others],
        changed={name: sha256 for name, sha256 in found.items() if sha256 != folder.digests[name]},
    )


def _read(folder: VerifyFolder, name: str) -> Reading:
    path = folder.path / name
    if name in folder.linked and disk.reached(path) is not None:
        return Reading(folder.digests[name], None)
    try:
        kind = disk.kind(path)
        return Reading(disk.sha256(path), None) if kind == disk.FILE else Reading(None, kind)
    except FileNotFoundError:
        return Reading(None, None)
    except OSError as error:
        return Reading(None, "unreadable: %s" % error.strerror)


def _versions(models: Path) -> List[str]:
    """Return every version folder, as MODEL/VERSION."""
    return [
        disk.spelt("%s/%s" % (model.name, version.name))
        for model in disk.folders(models)
        for version in disk.folders(model)
        if not (model.name.startswith(".") or version.name.startswith("."))
    ]


def _told(name: str, kind: Optional[str]) -> str:
    return "%s (%s)" % (name, kind) if kind not in (None, disk.FILE) else name
