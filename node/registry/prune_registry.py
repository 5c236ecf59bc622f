"""The clean-up of the model registry: removes what is on the delete-list and past its time, and nothing else.

It runs as the registry's owner, in a unit that may write there and to its log alone. A version is renamed to
MODEL/.retired-VERSION first, so that it is there whole or not at all; the last thing that goes is that folder itself,
after the line in the log. So whatever ends the program, its next run knows what is left to do.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Tuple

from node import layout, names
from node.errors import Refusal
from node.protocol.versions import Listed
from node.registry import delete_list
from node.store import disk, files, handles, history, versions
from node.store.rights import Owner


class Place(NamedTuple):
    """A registry's folder, and the log of what was removed from it."""

    registry: Path
    log: Path


def prune(registry: str, log: str) -> None:
    """Remove what is due now. Raises Refusal, a line for each version that could not be removed."""
    problems = clean(Place(Path(registry), Path(log)), history.now())
    if problems:
        raise Refusal("\n".join(problems))


def clean(place: Place, now: str) -> List[str]:
    """Finish what an earlier run began, then remove what is due. Returns why versions were not removed, a line each.

    `now` is UTC, ISO 8601. Raises Refusal when the list is damaged: then nothing is removed.
    """
    _require_log(place.log)
    entries, problems = delete_list.open_entries(place.log), []  # type: List[Listed], List[str]
    for model, version in _leftovers(place, problems):
        with _told(problems, place):
            _finish(place, model, version, entries, now)
    for entry in entries:
        if entry.due <= now:
            with _told(problems, place):
                if _take(place, entry):
                    _finish(place, entry.model, entry.version, entries, now)
    return problems


def _require_log(log: Path) -> None:
    """What is removed must be on record."""
    if not disk.is_writable(log if disk.is_there(log) else log.parent):
        raise Refusal("%s: not writable for the clean-up's user; chown it and run again" % log)


@contextmanager
def _told(problems: List[str], place: Place) -> Iterator[None]:
    """What goes wrong with one version is noted, and does not stop the others."""
    try:
        yield
    except Refusal as refusal:
        problems.append(str(refusal))
    except OSError as error:
        where = error.filename or place.log  # writing names no file, and nothing else is written
        problems.append("%s: %s; mend that and run again" % (where, error.strerror))


def _leftovers(place: Place, problems: List[str]) -> List[Tuple[str, str]]:
    """The versions, as model and version, that were renamed and not yet wholly removed."""
    found = []  # type: List[Tuple[str, str]]
    for model in _folders(place.registry):
        if names.MODEL.fullmatch(model.name):
            with _told(problems, place):
                retired = [each.name for each in _folders(model) if each.name.startswith(layout.RETIRED)]
                named = [name[len(layout.RETIRED) :] for name in retired]
                found += [(model.name, version) for version in named if names.is_version(version)]
    return found


def _folders(path: Path) -> List[Path]:
    return [path / name for name in disk.names(path) if disk.is_real_folder(path / name)]


def _take(place: Place, entry: Listed) -> bool:
    """Rename a version, so that from here on it is no version any more; False when there is nothing to take.

    Raises Refusal when it is not what was listed.
    """
    with delete_list.alone():
        folder = place.registry / entry.model / entry.version
        is_over = entry not in delete_list.open_entries(place.log)
        if is_over or not disk.is_there(folder):
            return False
        _require_listed(folder, entry)
        files.place(folder, folder.with_name(layout.RETIRED + entry.version))
    return True


def _require_listed(folder: Path, entry: Listed) -> None:
    manifest, anew = folder / versions.MANIFEST, "it stays; to list it anew: modelctl prune registry"
    for each in (folder.parent, folder):
        if not disk.is_real_folder(each):
            raise Refusal("%s: a link or a file; expected a folder; %s" % (each, anew))
    if not disk.is_file(manifest):
        raise Refusal("%s: not there; expected the listed version's; %s" % (manifest, anew))
    found = disk.sha256(manifest)
    if found != entry.manifest:
        raise Refusal("%s: found SHA-256 %s; listed was %s; %s" % (manifest, found[:12], entry.manifest[:12], anew))
    freed = freed_by(folder)
    if freed != entry.bytes:
        raise Refusal("%s: found %d bytes to free; listed were %d; %s" % (folder, freed, entry.bytes, anew))


def freed_by(folder: Path) -> int:
    """Return the bytes that removing a folder frees: those of its regular files that have no other link.

    Raises Refusal when its owner is another, who alone could remove it.
    """
    found = list(disk.tree(folder))
    for path in [folder, *(path for path, status in found if stat.S_ISDIR(status.st_mode))]:
        if not disk.is_writable(path):
            raise Refusal("%s: not writable for the clean-up's user; chown it and run again" % path)
    return sum(status.st_size for _, status in found if stat.S_ISREG(status.st_mode) and status.st_nlink == 1)


def _finish(place: Place, model: str, version: str, entries: List[Listed], now: str) -> None:
    """An entry that is open has no line in the log yet; what is on the list no more tells for itself."""
    retired = place.registry / model / (layout.RETIRED + version)
    entry = None if disk.is_real_folder(retired.with_name(version)) else _entry(entries, model, version)
    contents, freed = disk.names(retired), freed_by(retired)
    for name in contents:
        files.remove(retired / name)
    if entry or contents:
        line = entry.removal if entry else "removed %s/%s, %d bytes" % (model, version, freed)
        files.append(place.log, ("%s %s" % (now, line)).encode(), owner=_owner(place))
        print(line)
    files.remove(retired)
    files.sync_folder(retired.parent)


def _owner(place: Place) -> Owner:
    with handles.folder(place.registry) as registry:
        status = os.fstat(registry)
    return Owner(status.st_uid, status.st_gid)


def _entry(entries: List[Listed], model: str, version: str) -> Optional[Listed]:
    return next((each for each in entries if (each.model, each.version) == (model, version)), None)
