"""Removing versions of a node's models folder that the control node no longer wants here, and nothing else.

Stacks of Coral packages are versions of a model, too: each has a folder of its own elsewhere (node/stacks.py).

What may go is decided there. Here it is checked again, while neither a pull nor a switch is running: no set names the
version, and what exists nowhere else is not in it. A version is renamed to MODEL/.retired-VERSION first, so that it is
there whole or not at all; whatever ends the program, the next run removes the rest of that.
"""

from __future__ import annotations

import stat
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Set, Tuple

from node import disk, files, layout, linked_transfer, lock, named, names, recovery, service_set, stacks, stamps
from node.errors import Refusal
from node.processes import writers
from node.service_set import Named

Pair = Tuple[str, str]  # model, version


class Entry(NamedTuple):
    """A version that may go: the names of its files, and for each linked one the digests that exist elsewhere too."""

    model: str
    version: str
    files: List[str]
    linked: Dict[str, List[str]]

    @property
    def label(self) -> str:
        return self.model + "/" + self.version


def survey(models: Path) -> Dict[str, Any]:
    """Return the versions below a models folder, and what is left of killed removals, with the files of each.

    A file is its path, its size in bytes, its device and inode, and how many links it has: versions can share one. That
    of a stack begins with the stack's digest.
    """
    versions, leftovers = [], []  # type: List[Dict[str, Any]], List[Dict[str, Any]]
    for model, folder in _model_folders(models):
        for each in _folders(folder):
            is_left = each.name.startswith(layout.RETIRED)
            version = each.name[len(layout.RETIRED) :] if is_left else each.name
            if names.is_version(version):
                found = {"model": model, "version": version, "files": _files(each, each)}
                (leftovers if is_left else versions).append(found)
    for place, folders in ((versions, _stacks()), (leftovers, _left_stacks())):
        for version, paths in sorted(folders.items()):
            held = [file for path in paths for file in _files(path, layout.coral())]
            place.append({"model": service_set.CORAL, "version": version, "files": held})
    return {"versions": versions, "leftovers": leftovers}


def _stacks() -> Dict[str, List[Path]]:
    """The folders of stacks, by version. What a set calls a stack counts; one that cannot say what it is stays."""
    called = {}  # type: Dict[str, str]
    for service in layout.services():
        called.update(named.stacks(service))
    found = {}  # type: Dict[str, List[Path]]
    for each in stacks.stored():
        version = called.get(each.digest, each.version)
        if names.is_version(version):
            found.setdefault(version, []).append(each.folder)
    return found


def _left_stacks() -> Dict[str, List[Path]]:
    """The folders of stacks that were renamed and not wholly removed, by version."""
    found = {}  # type: Dict[str, List[Path]]
    for version, path in stacks.retired():
        found.setdefault(version, []).append(path)
    return found


def _model_folders(models: Path) -> Iterator[Tuple[str, Path]]:
    for folder in _folders(models):
        if names.MODEL.fullmatch(folder.name) and folder.name != service_set.CORAL:
            yield folder.name, folder


def _folders(path: Path) -> List[Path]:
    return [path / name for name in disk.names(path) if disk.is_real_folder(path / name)]


def _files(folder: Path, above: Path) -> List[Dict[str, Any]]:
    found = []
    for path, status in disk.below(folder):
        inode = "%d:%d" % (status.st_dev, status.st_ino)
        name = str(path.relative_to(above)).encode("utf-8", "backslashreplace").decode()
        is_file = stat.S_ISREG(status.st_mode)
        found.append({"name": name, "size": status.st_size if is_file else 0, "inode": inode, "links": status.st_nlink})
    return found


def leftovers(named_files: Iterable[Named]) -> List[str]:
    """Return the folders that killed removals left where these files are, in their models folder."""
    places = {each.path.parents[2] for each in named_files}
    found = (each for place in places if place.name == "models" for model in _folders(place) for each in _left(model))
    return sorted(map(str, [*found, *(path for _, path in stacks.retired())]))


def _left(model: Path) -> List[Path]:
    """The versions that were renamed and not wholly removed."""
    retired = [each for each in _folders(model) if each.name.startswith(layout.RETIRED)]
    return [each for each in retired if names.is_version(each.name[len(layout.RETIRED) :])]


def remove(order: Dict[str, Any]) -> Dict[str, Any]:
    """Remove the order's `entries`, and what killed removals left.

    Returns the `removed`, with the bytes that each freed, and under `refused` why others stay. Raises Refusal while a
    pull or a switch is running.
    """
    models = Path(order["models"])
    entries = [_entry(each) for each in order["entries"]]
    removed, refused = [], {}  # type: List[Dict[str, Any]], Dict[str, str]
    with _alone(order["operator"], order["purpose"]):
        for left in survey(models)["leftovers"]:  # what only looks like one was never shown to anybody
            removed.append(_finish(models, left["model"], left["version"]))
        in_use = _named()
        for entry in entries:
            try:
                _require_removable(models, entry, in_use)
            except Refusal as refusal:
                refused[entry.label] = str(refusal)
            else:
                _retire(models, entry)
                removed.append(_finish(models, entry.model, entry.version))
    return {"removed": removed, "refused": refused}


def _entry(data: Dict[str, Any]) -> Entry:
    entry = Entry(data["model"], data["version"], data["files"], data["linked"])
    if not names.MODEL.fullmatch(entry.model) or not names.is_version(entry.version):
        raise Refusal("%s: found no version's name; expected MODEL/YYYY-MM-DD" % entry.label)
    return entry


@contextmanager
def _alone(operator: str, purpose: str) -> Iterator[None]:
    """Hold the locks of the pull and of every service's switch. Raises lock.Taken."""
    with ExitStack() as stack:
        stack.enter_context(lock.held(layout.pull_lock(), "pull", operator, purpose))
        for service in layout.services():
            stack.enter_context(lock.held(recovery.lock_of(service), "switch", operator, purpose))
        yield


def _named() -> Set[Pair]:
    """The versions that any service here may start from. Raises Refusal when that cannot be known."""
    found = set()  # type: Set[Pair]
    for service in layout.services():
        versions = named.versions(service)
        if versions is None:
            raise Refusal("%s: one of its sets cannot be read; a deploy stores it anew; nothing was removed" % service)
        found.update((model, version) for model in versions for version in versions[model])
        found.update((service_set.CORAL, version) for version in named.stacks(service).values())
    return found


def _require_removable(models: Path, entry: Entry, in_use: Set[Pair]) -> None:
    if (entry.model, entry.version) in in_use:
        raise Refusal("a set names it by now; it stays")
    folders = _folders_of(models, entry)
    folder = layout.coral() if entry.model == service_set.CORAL else folders[0]
    found = {path.relative_to(folder): path for each in folders for path, _ in disk.below(each)}
    foreign = sorted(str(name) for name in found if str(name) not in entry.files)
    if foreign:
        raise Refusal("%s: not of this version; it stays; move that away and run again" % (folder / foreign[0]))
    busy = writers(found.values())
    if busy:
        raise Refusal("%s: open for writing; it stays; run again later" % ", ".join(busy))
    for name, digests in sorted(entry.linked.items()):
        path = folder / name
        if disk.is_there(path) and linked_transfer.measure(path)["sha256"] not in digests:
            raise Refusal("%s: it holds what exists nowhere else; it stays; run modelctl collect first" % path)


def _folders_of(models: Path, entry: Entry) -> List[Path]:
    """Where a version is: one folder, or one for each stack of that version. Raises Refusal where it is not."""
    if entry.model != service_set.CORAL:
        return [linked_transfer.version_folder(models, entry.model, entry.version)]
    found = _stacks()
    if entry.version not in found:
        there = ", ".join(sorted(found)) or "none"
        raise Refusal("%s: not on this node; versions of %s that are: %s" % (entry.label, entry.model, there))
    return found[entry.version]


def _retire(models: Path, entry: Entry) -> None:
    for folder in _folders_of(models, entry):
        if entry.model == service_set.CORAL:
            stacks.retire(folder.name, entry.version)
        else:
            files.place(folder, folder.with_name(layout.RETIRED + entry.version))


def _finish(models: Path, model: str, version: str) -> Dict[str, Any]:
    if model == service_set.CORAL:
        return _finish_stacks(version)
    retired = models / model / (layout.RETIRED + version)
    freed = _freed_by(retired)
    if not disk.is_there(retired.with_name(version)):
        stamps.forget(retired.with_name(version))
    with stamps.renewing(*(path for path, _ in disk.below(retired))):
        files.remove(retired)
    files.sync_folder(retired.parent)
    return {"model": model, "version": version, "bytes": freed}


def _finish_stacks(version: str) -> Dict[str, Any]:
    freed = 0
    for folder in _left_stacks().get(version, []):
        freed += _freed_by(folder)
        files.remove(folder)
    files.sync_folder(layout.coral())
    return {"model": service_set.CORAL, "version": version, "bytes": freed}


def _freed_by(folder: Path) -> int:
    """The bytes of the regular files that have no link elsewhere."""
    links, sizes = {}, {}  # type: Dict[Tuple[int, int], int], Dict[Tuple[int, int], int]
    for _, status in disk.below(folder):
        if stat.S_ISREG(status.st_mode):
            inode = (status.st_dev, status.st_ino)
            links[inode] = links.get(inode, status.st_nlink) - 1
            sizes[inode] = status.st_size
    return sum(sizes[inode] for inode, left in links.items() if left == 0)
