"""Version folders on this node: which are verified. Linked files belong to the node, and need only be there."""

from __future__ import annotations

from typing import Dict, List

from node.desired_state import File, Version
from node.store import checksum_cache, disk
from node.store.checksum_cache import Reading

MANIFEST = "manifest.yaml"


def contents(version: Version) -> List[File]:
    """Return every file that the version's folder must hold, its manifest first."""
    return [File(MANIFEST, version.manifest, 0, linked=False), *version.files]  # its size is not known


def is_absent(version: Version) -> bool:
    return not disk.is_folder(version.directory)


def is_verified(version: Version) -> bool:
    """Tell whether all files are there and none has changed since its bytes were read. Reads no model bytes."""
    return all(_is_sound(version, file) for file in contents(version))


def _is_sound(version: Version, file: File) -> bool:
    path = version.directory / file.name
    return disk.reached(path) is not None if file.linked else checksum_cache.holds(path, file.sha256)


def flaws(version: Version) -> List[File]:
    """Read every immutable byte and return the files that are missing or damaged."""
    return _flaws(version, _read(version))


def record(version: Version) -> List[File]:
    """Return the flaws, and record in the checksum cache what the reading of each file found."""
    readings = _read(version)
    for name, reading in readings.items():
        checksum_cache.put(version.directory / name, reading)
    return _flaws(version, readings)


def _read(version: Version) -> Dict[str, Reading]:
    """Read the immutable files that are there; not a link, nor what is much too long."""
    paths = {version.directory / file.name: file.size for file in contents(version) if not file.linked}
    return {path.name: checksum_cache.read(path) for path, size in paths.items() if disk.is_short(path, size)}


def _flaws(version: Version, readings: Dict[str, Reading]) -> List[File]:
    def is_right(file: File) -> bool:
        if file.linked:
            return disk.reached(version.directory / file.name) is not None
        return file.name in readings and readings[file.name].sha256 == file.sha256

    return [file for file in contents(version) if not is_right(file)]
