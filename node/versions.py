"""Version folders on this node: what is verified, what only looks like it.

Linked files are seeded once and then belong to the node: they need only be there.
"""

from __future__ import annotations

from pathlib import Path
from typing import List

from node import files, stamps
from node.orders import File, Version

MANIFEST = "manifest.yaml"
UNKNOWN_SIZE = 0


def contents(version: Version) -> List[File]:
    """Return every file that the version's folder must hold, its manifest first."""
    return [File(MANIFEST, version.manifest, UNKNOWN_SIZE, linked=False), *version.files]


def is_absent(version: Version) -> bool:
    return not version.directory.is_dir()


def is_verified(version: Version) -> bool:
    """Tell whether all files are there and none has changed since its bytes were read. Reads no model bytes."""
    return all(_is_sound(version, file) for file in contents(version))


def _is_sound(version: Version, file: File) -> bool:
    path = version.directory / file.name
    return path.is_file() if file.linked else stamps.vouches(path, file.sha256)


def flaws(version: Version) -> List[File]:
    """Read every immutable byte and return the files that are missing or damaged."""
    found = []
    for file in contents(version):
        path = version.directory / file.name
        if not path.is_file() or (not file.linked and _is_damaged(path, file.sha256)):
            found.append(file)
    return found


def _is_damaged(path: Path, sha256: str) -> bool:
    return path.is_symlink() or files.sha256(path) != sha256


def stamp(version: Version) -> None:
    """Record that the version's immutable files have just been read and have their pinned digests."""
    for file in contents(version):
        if not file.linked:
            stamps.put(version.directory / file.name, file.sha256)
