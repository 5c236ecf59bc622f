"""Old versions on this node: which ones its services may yet start from, and the removal of others.

The control node decides what goes, of models and of Coral stacks. It is checked again here, with pulls and switches
locked out, that no set names it and nothing unique is in it. It is renamed first: the next run ends a removal.
"""

from __future__ import annotations

import re
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional, Set, Tuple

from node import layout, linked_files, names
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
from node.store import checksum_cache, disk, files, lock, pending_switch, sets
from node.store.service_set import CORAL, Named
from node.store.sets import StoredSet
from node.switch import automatic_rollback

Pair = Tuple[str, str]  # model, version

FACE_MODEL = "face_recognition"
_VERSION = r"(\d{4}-\d{2}-\d{2}(?:\.\d{1,4})?)"
_IN_MODELS = re.compile(r"/models/([a-z][a-z0-9_]{0,62})/" + _VERSION + r"(?![\w.-])", re.ASCII)
_IN_FACE_LISTS = re.compile("facelist_" + _VERSION + r"\.csv", re.ASCII)


def referenced_by_host() -> Optional[Dict[str, str]]:
    """Return all versions that sets here name, as MODEL/VERSION, and why; None when a set cannot be read."""
    with suppress(Refusal):
        return _in_use()
    return None


def _in_use() -> Dict[str, str]:
    """The same. Raises Refusal when a set cannot be read."""
    found: Dict[str, str] = {}
    for service in layout.services():
        try:
            named = {pair for digest in _digests(service) for pair in _of_set(sets.read(service, digest))}
        except (Refusal, OSError):
            raise Refusal(
                "%s: one of its sets cannot be read; a deploy stores it anew; nothing was removed" % service
            ) from None
        named.update((CORAL, version) for version in referenced_stacks(service).values())
        found.update(("%s/%s" % pair, "in a set of %s" % service) for pair in sorted(named))
    return found


def referenced_stacks(service: str) -> Dict[str, str]:
    """Return the digests of the stacks that these sets start from, with the versions by which they are called."""
    found = {}
    for digest in _digests(service):
        with suppress(Refusal, OSError):
            stack = sets.read(service, digest).content.stack
            if stack is not None:
                found[stack.digest] = stack.version
    return found


def _digests(service: str) -> Set[str]:
    """The sets that it starts from, was started from, or can return to."""
    linked = [sets.digest_of(service, name) for name in (sets.CHOSEN, sets.PREVIOUS)]
    pending = pending_switch.read(service)
    begun = [pending.request.digest, pending.old, pending.previous] if pending else []
    return {digest for digest in [*linked, *begun, sets.live(service)] if digest}


def _of_set(stored: StoredSet) -> Iterator[Pair]:
    if stored.commit != sets.ADOPTED:
        yield from stored.content.models.items()
        return
    texts = [sets.content(stored, file).decode(errors="replace") for file in stored.content.files]
    for text in [*texts, *(link.target for link in stored.content.links)]:
        yield from _IN_MODELS.findall(text)
        yield from ((FACE_MODEL, version) for version in _IN_FACE_LISTS.findall(text))


def look(asked: ListVersions) -> Held:
    """Return the versions below a models folder, and what is left of killed removals, with the files of each."""
    versions, leftovers = [], []  # type: List[HeldVersion], List[HeldVersion]
    for folder in disk.folders(asked.models):
        if names.MODEL.fullmatch(folder.name) and folder.name != CORAL:
            for each in disk.folders(folder):
                if names.is_version(each.name):
                    versions.append(HeldVersion(folder.name, each.name, _files(each, each)))
            for version, each in _left(folder):
                leftovers.append(HeldVersion(folder.name, version, _files(each, each)))
    for place, folders in ((versions, _stacks()), (leftovers, _by_version(stacks.retired()))):
        for version, paths in sorted(folders.items()):
            held = [file for path in paths for file in _files(path, layout.coral())]
            place.append(HeldVersion(CORAL, version, held))
    return Held(versions, leftovers)


def _stacks() -> Dict[str, List[Path]]:
    """The folders of stacks, by version. What a set calls a stack counts; one that cannot say what it is stays."""
    called: Dict[str, str] = {}
    for service in layout.services():
        called.update(referenced_stacks(service))
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


def leftovers(named_files: Iterable[Named]) -> List[str]:
    """Return the folders that killed removals left where these files are, in their models folder."""
    places = {each.path.parents[2] for each in named_files}
    models = [model for place in places if place.name == "models" for model in disk.folders(place)]
    found = [*(left for model in models for left in _left(model)), *stacks.retired()]
    return sorted(str(path) for _, path in found)


def _left(model: Path) -> Iterator[Tuple[str, Path]]:
    """The versions of a model that were renamed and not wholly removed."""
    for each in disk.folders(model):
        version = each.name[len(layout.RETIRED) :]
        if each.name.startswith(layout.RETIRED) and names.is_version(version):
            yield version, each


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
            locks.enter_context(lock.held(automatic_rollback.lock_of(service), "switch", *asked))
        for left in look(ListVersions(models)).leftovers:
            removed.append(_finish(models, left.model, left.version))
        in_use = _in_use()
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
