"""Old versions on this node, and their removal.

The control node decides what goes, of models and of Coral stacks. It is checked again here, with pulls and switches
locked out, that no set names it and nothing unique is in it. It is renamed first: the next run ends a removal.
"""

from __future__ import annotations

import stat
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, Iterable, List, Tuple

from node import layout, leftovers, linked_files, names
from node.codec import Text
from node.coral import stacks
from node.errors import Refusal
from node.machine.processes import writers
from node.protocol.versions import (
    Held,
    HeldFile,
    HeldVersion,
    ListVersions,
    Removable,
    Removal,
    Removed,
    RemoveVersions,
)
from node.store import checksum_cache, disk, files, lock, references
from node.store.service_set import CORAL

Pair = Tuple[str, str]  # model, version


def look(asked: ListVersions) -> Held:
    """Return the versions below a models folder, and what is left of killed removals, with the files of each."""
    versions, left = [], []  # type: List[HeldVersion], List[HeldVersion]
    for folder in disk.folders(asked.models):
        if names.MODEL.fullmatch(folder.name) and folder.name != CORAL:
            for each in disk.folders(folder):
                if names.is_version(each.name):
                    versions.append(HeldVersion(folder.name, each.name, _files(each, each)))
            for version, each in leftovers.of_model(folder):
                left.append(HeldVersion(folder.name, version, _files(each, each)))
    for place, folders in ((versions, _stacks()), (left, _by_version(stacks.retired()))):
        for version, paths in sorted(folders.items()):
            held = [file for path in paths for file in _files(path, layout.coral())]
            place.append(HeldVersion(CORAL, version, held))
    return Held(versions, left)


def _stacks() -> Dict[str, List[Path]]:
    """The folders of stacks, by version. What a set calls a stack counts; one that cannot say what it is stays."""
    called: Dict[str, str] = {}
    for service in layout.services():
        called.update(references.of_stacks(service))
    found = ((called.get(each.digest, each.version), each.folder) for each in stacks.stored())
    return _by_version((version, folder) for version, folder in found if names.is_version(version))


def _by_version(folders: Iterable[Tuple[str, Path]]) -> Dict[str, List[Path]]:
    found: Dict[str, List[Path]] = {}
    for version, folder in folders:
        found.setdefault(version, []).append(folder)
    return found


def _files(folder: Path, above: Path) -> List[HeldFile]:
    found = []
    for path, status in disk.below(folder):
        inode = "%d:%d" % (status.st_dev, status.st_ino)
        name = disk.spelt(str(path.relative_to(above)))
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        found.append(HeldFile(Text(name), size, inode, status.st_nlink))
    return found


def remove(desired: RemoveVersions) -> Removal:
    """Remove these versions, and what killed removals left. Raises Refusal while a pull or a switch is running."""
    models = desired.models
    for entry in desired.entries:
        if not names.MODEL.fullmatch(entry.model) or not names.is_version(entry.version):
            raise Refusal("%s: found no version's name; expected MODEL/YYYY-MM-DD" % entry.label)
    removed, refused = [], {}  # type: List[Removed], Dict[str, str]
    asked = (desired.operator, desired.purpose)
    with ExitStack() as locks:
        locks.enter_context(lock.held(layout.pull_lock(), "pull", *asked))
        for service in layout.services():
            locks.enter_context(lock.held(layout.switch_lock(service), "switch", *asked))
        for left in look(ListVersions(models)).leftovers:
            removed.append(_finish(models, left.model, left.version))
        in_use = references.in_use()
        for entry in desired.entries:
            try:
                _require_removable(models, entry, in_use)
            except Refusal as refusal:
                refused[entry.label] = str(refusal)
            else:
                _retire(models, entry)
                removed.append(_finish(models, entry.model, entry.version))
    return Removal(removed, refused)


def _require_removable(models: Path, entry: Removable, in_use: Dict[str, str]) -> None:
    if entry.label in in_use:
        raise Refusal("a set names it by now; it stays")
    folders = _folders_of(models, entry)
    folder = layout.coral() if entry.model == CORAL else folders[0]
    found = {path.relative_to(folder): path for each in folders for path, _ in disk.below(each)}
    foreign = sorted(str(name) for name in found if str(name) not in entry.files)
    if foreign:
        raise Refusal("%s: not of this version; it stays; move that away and run again" % (folder / foreign[0]))
    busy = writers(found.values())
    if busy:
        raise Refusal("%s: open for writing; it stays; run again later" % ", ".join(busy))
    for name, digests in sorted(entry.linked.items()):
        path = folder / name
        if disk.is_there(path) and linked_files.measure(path).sha256 not in digests:
            raise Refusal("%s: it holds what exists nowhere else; it stays; run modelctl collect first" % path)


def _folders_of(models: Path, entry: Removable) -> List[Path]:
    """Where a version is: one folder, or one for each stack of that version. Raises Refusal where it is not."""
    if entry.model != CORAL:
        return [linked_files.version_folder(models, entry.model, entry.version)]
    found = _stacks()
    if entry.version not in found:
        there = ", ".join(sorted(found)) or "none"
        raise Refusal("%s: not on this node; versions of %s that are: %s" % (entry.label, entry.model, there))
    return found[entry.version]


def _retire(models: Path, entry: Removable) -> None:
    for folder in _folders_of(models, entry):
        if entry.model == CORAL:
            stacks.retire(folder.name, entry.version)
        else:
            files.place(folder, folder.with_name(layout.RETIRED + entry.version))


def _finish(models: Path, model: str, version: str) -> Removed:
    if model == CORAL:
        return _finish_stacks(version)
    retired = models / model / (layout.RETIRED + version)
    freed = _freed_by(retired)
    if not disk.is_there(retired.with_name(version)):
        checksum_cache.forget(retired.with_name(version))
    with checksum_cache.renewing(*(path for path, _ in disk.below(retired))):
        files.remove(retired)
    files.sync_folder(retired.parent)
    return Removed(model, version, freed)


def _finish_stacks(version: str) -> Removed:
    freed = 0
    for folder in _by_version(stacks.retired()).get(version, []):
        freed += _freed_by(folder)
        files.remove(folder)
    files.sync_folder(layout.coral())
    return Removed(CORAL, version, freed)


def _freed_by(folder: Path) -> int:
    """The bytes of the regular files that have no link elsewhere."""
    links, sizes = {}, {}  # type: Dict[Tuple[int, int], int], Dict[Tuple[int, int], int]
    for _, status in disk.below(folder):
        if stat.S_ISREG(status.st_mode):
            inode = (status.st_dev, status.st_ino)
            links[inode] = links.get(inode, status.st_nlink) - 1
            sizes[inode] = status.st_size
    return sum(sizes[inode] for inode, left in links.items() if left == 0)
