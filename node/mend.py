"""Mending this project's own state on the node: a deploy makes anew what it can, and what is in the way goes aside."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, List, Tuple

from node import layout, names
from node.desired_state import DesiredState
from node.errors import Refusal
from node.pull import access
from node.store import disk, files, pending_switch, sets

Kind = Tuple[str, Callable[[Path], bool]]
FOLDER: Kind = ("folder", disk.is_folder)
FILE: Kind = ("file", disk.is_file)
LINK: Kind = ("link", lambda path: disk.target(path) is not None)


Damage = Tuple[str, Callable[[], Any]]  # what is damaged, for the operator, and what mends it


def look(desired: DesiredState) -> List[str]:
    """Return what is damaged of this node's own state; what is only missing is made anew anyway."""
    return [line for line, _ in _damages(desired)]


def mend(desired: DesiredState) -> None:
    """Mend all of that. Raises OSError, or Refusal."""
    for _, repair in _damages(desired):
        repair()


def _damages(desired: DesiredState) -> Iterator[Damage]:
    """Yield one after another: what is mended shows what is behind it."""
    for path, (name, is_right) in _kinds():
        if disk.is_there(path) and not is_right(path):
            yield ("%s: no %s; it is set aside" % (path, name), partial(files.set_aside, path))
    for service in layout.services():
        yield from _of_pending(service)
        yield from _of_previous(service)
    for wanted in desired.sets:
        chosen = sets.digest_of(wanted.service, sets.CHOSEN)
        if chosen == wanted.digest and sets.find(wanted.service, chosen) is None:
            line = "%s: damaged; it is stored anew" % (layout.sets(wanted.service) / wanted.digest)
            yield (line, partial(sets.put, wanted, desired.commit, desired.product))


def _kinds() -> Iterator[Tuple[Path, Kind]]:
    """What this program keeps, and of which kind it is: parents first."""
    folders = [layout.access(), layout.roots(), layout.backups(), layout.checksum_cache(), layout.STATE / "sets"]
    for path in (*folders, layout.coral(), layout.coral() / layout.STAGING):
        yield path, FOLDER
    for name in access.FILES:
        yield layout.access() / name, FILE
    for folder in (layout.roots() / "clones", layout.roots() / "hosts"):
        yield folder, FOLDER
        for name in filter(names.is_plain, disk.names(folder) if disk.is_real_folder(folder) else []):
            yield folder / name, FILE
    for path in (layout.history(), layout.pull_lock()):
        yield path, FILE
    for service in filter(names.is_plain, disk.names(layout.STATE / "sets")):
        yield from _kinds_of(service)


def _kinds_of(service: str) -> Iterator[Tuple[Path, Kind]]:
    folder = layout.sets(service)
    yield folder, FOLDER
    yield layout.switch_lock(service), FILE
    yield layout.pending(service), FILE
    for name in (sets.CHOSEN, sets.PREVIOUS, sets.INSTALLED):
        yield folder / name, LINK
    for digest in filter(None, (sets.digest_of(service, name) for name in (sets.CHOSEN, sets.PREVIOUS))):
        yield folder / digest, FOLDER
        yield folder / digest / "set.json", FILE
        yield folder / digest / "files", FOLDER
        for name in filter(names.is_plain, disk.names(folder / digest / "files")):
            yield folder / digest / "files" / name, FILE


def _of_pending(service: str) -> Iterator[Damage]:
    try:
        pending_switch.read(service)
    except Refusal as refusal:
        yield (str(refusal), partial(pending_switch.read_or_set_aside, service))


def _of_previous(service: str) -> Iterator[Damage]:
    """A damaged one is no set to go back to."""
    link = layout.sets(service) / sets.PREVIOUS
    digest = sets.digest_of(service, sets.PREVIOUS)
    if disk.is_there(link) and sets.find(service, digest) is None:
        line = "%s: damaged; until the next switch there is no set to go back to" % link
        yield (line, partial(files.unlink, link))
