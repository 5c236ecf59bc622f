"""Making every wanted version present and verified: adopt what is there, fetch what is not, rename it into place.

What is fetched is staged in a folder that is root's alone, on the disk where it goes.
"""

from __future__ import annotations

import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from node import layout
from node.desired_state import DesiredState, File, Limits, Source, Version
from node.errors import Refusal
from node.pull import face_list, room, staging_folders, transfer
from node.pull.meter import Meter
from node.store import checksum_cache, disk, files, versions
from node.store.checksum_cache import Reading
from node.store.rights import Owner


def pull(desired: DesiredState) -> None:
    """Bring every desired version onto this node. Raises Refusal naming all that could not be had.

    A version that is complete is put in place even when another fails; nothing that was there is removed.
    """
    if not desired.versions:
        return
    missing = [version._replace(files=_missing(version)) for version in desired.versions]
    checksum_cache.upgrade()
    wanted = [version for version in missing if version.files]
    if not wanted:
        return
    models = wanted[0].directory.parent.parent
    files.folder(models, desired.owner)
    problems = list(filter(None, map(_elsewhere, wanted)))
    near = [version for version in wanted if _elsewhere(version) is None]
    if near:
        with staging_folders.held(models / layout.STAGING):
            problems += _fetch(near, models / layout.STAGING, desired)
    if problems:
        raise Refusal("; ".join(problems))


def _elsewhere(version: Version) -> Optional[str]:
    """Return why a version cannot be put in place in one rename; None when it can."""
    folder = version.directory.parent
    if not disk.is_folder(folder) or disk.device(folder) == disk.device(folder.parent):
        return None
    return "%s: on another disk than %s; expected all models on one; link that folder instead, and run again" % (
        folder, folder.parent,
    )  # fmt: skip


def _fetch(wanted: List[Version], staging: Path, desired: DesiredState) -> List[str]:
    """Bring these files of versions, and return why versions could not be put in place."""
    request = {version.label + "/" + file.name: file for version in wanted for file in version.files}
    _bring({name: file for name, file in request.items() if not _reuse(file, staging / name)}, staging, desired)
    problems: List[str] = []
    for version in wanted:
        try:
            _settle(version, staging, desired)
        except Refusal as refusal:
            problems.append(str(refusal))
    files.prune(staging)
    return problems


def _missing(version: Version) -> List[File]:
    """Return what must come for this version. A folder that is already there is hashed once and adopted."""
    return versions.contents(version) if versions.is_absent(version) else versions.record(version)


def _reuse(file: File, staged: Path) -> bool:
    """Take a file that a version on this node already holds. A linked one is never shared: it will be written to."""
    held = None if file.linked else checksum_cache.find(file.sha256)
    # The cache trusts size and times; bytes that rotted under them must not come back as the cure.
    if held is None or disk.sha256(held) != file.sha256:
        _unshare(staged)
        return False
    files.folder(staged.parent)
    with checksum_cache.renewing(held, staged):
        files.remove(staged)
        files.hard_link(held, staged)
    return True


def _unshare(staged: Path) -> None:
    """Remove what an older try has linked to another version's file: rsync would write into that."""
    status = disk.status(staged)
    if status is not None and stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        with checksum_cache.renewing(staged):
            files.unlink(staged)


@contextmanager
def staged(version: Version, staging: Path, desired: DesiredState, owner: Owner) -> Iterator[Path]:
    """Hold a staging folder, bring a version's files there, verify them, and yield the folder that they are in."""
    with staging_folders.held(staging):
        _bring({version.label + "/" + file.name: file for file in version.files}, staging, desired)
        verify(staging / version.label, version, desired.source, owner)
        yield staging / version.label
        files.prune(staging)


def pull_face_list(desired: DesiredState) -> None:
    """Bring the list's files; what is there is read once and stays as it came. Raises Refusal where it is another."""
    version = desired.face_list
    if version is None:
        return
    absent = [file for file in version.files if not disk.is_there(face_list.path_of(version, file.name))]
    if absent:
        files.folder(version.directory, desired.owner)
        staging = version.directory / layout.STAGING
        with staged(version._replace(files=absent), staging, desired, desired.owner) as folder:
            for file in absent:
                files.rename(folder / file.name, face_list.path_of(version, file.name))
    for file in version.files:
        _adopt_list(face_list.path_of(version, file.name), file)


def _adopt_list(path: Path, file: File) -> None:
    if disk.target(path) is not None:
        raise Refusal("%s: a link, expected a file; move it away and run again" % path)
    if not disk.is_short(path, file.size):
        raise Refusal("%s: no file, or much too long; expected the version's; move it away and run again" % path)
    reading = checksum_cache.read(path)
    if reading.sha256 != file.sha256:
        raise Refusal(
            "%s: SHA-256 %s, expected the pinned %s; it holds what exists nowhere else, so it stays: "
            "move it away and run again" % (path, reading.sha256[:12], file.sha256[:12])
        )
    checksum_cache.put(path, reading)


def _bring(wanted: Dict[str, File], staging: Path, desired: DesiredState) -> None:
    """Fetch files by their names in the registry; where an earlier try left the start of one, only the rest moves."""
    if not wanted:
        return
    needed = require_space(wanted, staging, desired.limits)
    resumed = [name for name in wanted if disk.is_file(staging / name)]
    size = sum(file.size for file in wanted.values())
    meter = Meter(size, size - needed)
    transfer.fetch(desired.source, list(wanted), staging, desired.limits, meter.show)
    # A power cut may have torn what an earlier try staged.
    torn = [name for name in resumed if disk.sha256(staging / name) != wanted[name].sha256]
    if torn:
        transfer.mend(desired.source, torn, staging, desired.limits)


def require_space(wanted: Dict[str, File], staging: Path, limits: Limits) -> int:
    """Return the bytes that must come; refuse before the first of them when they do not fit. Raises Refusal."""
    found = room.look(wanted, staging, limits)
    if found.problem is not None:
        raise Refusal(found.problem)
    return found.size


def _settle(version: Version, staging: Path, desired: DesiredState) -> None:
    """Verify what was staged for one version and put it in place. Raises Refusal naming what is wrong with it."""
    staged = staging / version.label
    readings = verify(staged, version, desired.source, desired.owner)
    if versions.is_absent(version):
        files.folder(version.directory.parent, desired.owner)
        for name in sorted({*disk.names(staged)} - {file.name for file in version.files}):
            _remove(staged / name)  # an older try may have staged another manifest's files
        files.give(staged, desired.owner, 0o755)
        files.place(staged, version.directory)
        for name, reading in readings.items():
            checksum_cache.put(version.directory / name, reading)
    else:
        for name, reading in readings.items():
            checksum_cache.place(staged / name, version.directory / name, reading)
        for file in version.files:
            if file.linked:
                _give_linked(staged / file.name, version.directory / file.name)
        _remove(staged)


def _give_linked(staged: Path, final: Path) -> None:
    try:
        files.hard_link(staged, final)  # not a rename, which would overwrite one that the node has made meanwhile
    except FileExistsError:
        if disk.reached(final) is None:
            raise Refusal("%s: a link to nothing, expected a file; move it away and run again" % final) from None
    files.sync_folder(final.parent)


def verify(staged: Path, version: Version, source: Source, owner: Owner) -> Dict[str, Reading]:
    """Compare staged files with their pins, give them to their owner, and return the readings of the immutable ones.

    Raises Refusal naming all that is wrong. A file with wrong bytes is dropped, so that it comes anew.
    """
    missing = [file for file in version.files if not disk.is_file(staged / file.name)]
    if missing:
        names = ", ".join(sorted(file.name for file in missing))
        raise Refusal(
            "%s: %s not in the registry of %s; expected what pins.json names; store it there or choose another version"
            % (version.label, names, source.host)
        )
    readings = {file.name: checksum_cache.take(staged / file.name, file.sha256, owner) for file in version.files}
    wrong = []
    for file in version.files:
        found = readings[file.name].sha256
        if found != file.sha256:
            files.unlink(staged / file.name)
            wrong.append(
                "%s/%s: the registry's copy has SHA-256 %s, expected the pinned %s; restore that file on the datasink"
                % (version.label, file.name, found[:12], file.sha256[:12])
            )
    if wrong:
        raise Refusal("; ".join(wrong))
    return {file.name: readings[file.name] for file in version.files if not file.linked}


def _remove(staged: Path) -> None:
    """Remove what was staged, which may be a link to another version's file."""
    inside = [path for path, _ in disk.below(staged)] if disk.is_real_folder(staged) else []
    with checksum_cache.renewing(staged, *inside):
        files.remove(staged)
