"""The roots on the primary datasink: what must stay in the registry, and who says so.

roots/clones/ID.json    what a clone's checkout references; each of its runs writes it anew
roots/hosts/HOST.json   what a host's sets reference; narrowed only by a run that has read them
roots/lost.json         that some were lost, or came from a backup, so that somebody's may not be there

Root writes them, the sweep only reads them. A version that no root names may go. retention.py applies the lifetimes.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple, Type, TypeVar, Union

from node import codec, layout, names
from node.errors import Refusal
from node.protocol import Nothing
from node.protocol.retention import AddRoots, Clone, CloneRoots, HostReferences, HostRoots, LostRoots, Reference
from node.store import disk, files, handles, history, lock

Root = TypeVar("Root", CloneRoots, HostRoots, LostRoots)
CLONES, HOSTS, LOST = "clones", "hosts", "lost"
SLACK = 600  # seconds between the time that a file names and the one that its disk does
DAY = 24 * 3600  # seconds
CLONE_DAYS = 90  # so long the roots of a clone count that does not run
HOST_DAYS = 35  # so long the roots of a host stay that no clone names any more
LOST_DAYS = 35  # so long nothing goes after roots were lost: what somebody wants whose run is not longer ago, stays


class Roots(NamedTuple):
    clones: Dict[str, CloneRoots]
    hosts: Dict[str, HostRoots]
    restored: Dict[Path, str]  # files that are older than they look: when they came from a backup
    damaged: Dict[Path, str] = {}  # files that nobody can read, and why
    noted: Optional[str] = None  # when the last were lost, as far as that was noted

    @property
    def lost(self) -> Optional[str]:
        """When the last were lost, or came from a backup: somebody may have told of more since it was made."""
        return max([*filter(None, [self.noted]), *self.restored.values()], default=None)


@contextmanager
def locked() -> Iterator[None]:
    """Read or change the roots while nobody else changes them. Raises lock.Taken; OSError where there are none."""
    with handles.listable(layout.roots()) as handle:
        if not lock.take(handle):
            raise lock.Taken("%s: another is at work on the roots; run again" % layout.roots())
        yield


def read() -> Roots:
    """Return all roots that can be read."""
    restored, damaged = {}, {}  # type: Dict[Path, str], Dict[Path, str]
    clones = _read(CloneRoots, _files(CLONES), restored, damaged)
    hosts = _read(HostRoots, _files(HOSTS), restored, damaged)
    lost = _read(LostRoots, filter(disk.is_there, [_path(LOST)]), restored, damaged).get(LOST)
    return Roots(clones, hosts, restored, damaged, lost and lost.since)


def _files(kind: str) -> List[Path]:
    """What is there of a kind, without what a power cut left of a write."""
    folder = layout.roots() / kind
    there = disk.names(folder) if disk.is_real_folder(folder) else []
    return [folder / name for name in there if Path(name).suffix == ".json"]


def _read(
    kind: Type[Root], paths: Iterable[Path], restored: Dict[Path, str], damaged: Dict[Path, str]
) -> Dict[str, Root]:
    found = {}
    for path in paths:
        try:
            with handles.opened(path) as file:
                root = codec.decode(kind, json.loads(disk.content(file, path).decode()))
                if is_restored(file.fileno(), root.time):
                    restored[path] = history.at(os.fstat(file.fileno()).st_ctime)
        except (OSError, ValueError, TypeError, RecursionError, Refusal) as error:
            damaged[path] = str(error)
        else:
            found[path.stem] = root
    return found


def add(told: AddRoots) -> Nothing:
    """Write what a clone references, and what its hosts do. Raises Refusal for names that are none."""
    _check(told)
    files.folder(layout.roots())
    with locked():
        old = read()
        now = history.now()
        lost = lost_since(old, told, now)
        if lost and lost != old.noted:
            _write(_path(LOST), LostRoots(now, lost))
        clones, hosts = added(old, told, now)
        for kind, before, after in ((CLONES, old.clones, clones), (HOSTS, old.hosts, hosts)):
            files.folder(layout.roots() / kind)
            for name, root in after.items():
                path = _path(kind + "/" + name)
                if before.get(name) != root or path in old.restored:
                    _write(path, root._replace(time=now))
    return Nothing()


def _path(name: str) -> Path:
    return layout.roots() / (name + ".json")


def _write(path: Path, root: Union[CloneRoots, HostRoots, LostRoots]) -> None:
    files.write(path, json.dumps(codec.encode(root), sort_keys=True, indent=1).encode())


def _check(told: AddRoots) -> None:
    labels = [*told.clone.versions, *(label for each in told.hosts.values() for label in each.versions)]
    wrong = [label for label in labels if not is_label(label)]
    wrong += [host for host in (*told.hosts, *told.clone.hosts) if not names.is_plain(host)]
    told_of = [told.operator, told.clone.name, *told.clone.versions.values()]
    told_of += [why for each in told.hosts.values() for why in each.versions.values()]
    wrong += [text for text in told_of if not text.isprintable()]  # the log gets them
    if wrong:
        raise Refusal("roots: found %.80r; expected MODEL/VERSION, names of hosts, and lines" % wrong[0])


def is_label(text: str) -> bool:
    """Tell whether a text is MODEL/VERSION."""
    model, _, version = text.partition("/")
    return names.MODEL.fullmatch(model) is not None and names.is_version(version)


def clone_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def lost_since(old: Roots, told: AddRoots, now: str) -> Optional[str]:
    """Return when roots were lost, or came from a backup, last: now, where this clone has told before and its own are
    not there, or where nobody can read what was noted of that.
    """
    own = clone_id(told.clone.name)
    is_lost = told.clone.has_told and own not in old.clones and _path(CLONES + "/" + own) not in old.damaged
    return now if is_lost or _path(LOST) in old.damaged else old.lost


def added(old: Roots, told: AddRoots, now: str) -> Tuple[Dict[str, CloneRoots], Dict[str, HostRoots]]:
    """Return the roots that are to be written.

    What another clone references stays with a host: its run may be about to bring it there. Of a host whose roots are
    not there, or came from a backup, nothing is written before its own sets were read: a part would pass for the whole.
    """
    own = clone_id(told.clone.name)
    others = [clone for id, clone in old.clones.items() if id != own and _age(clone.time, now) < CLONE_DAYS * DAY]
    elsewhere = {label for clone in others for label in clone.versions}
    clone = _clone(old.clones.get(own), told.clone, now)
    if any(path.parent.name == CLONES for path in old.damaged):
        elsewhere.update(label for root in old.hosts.values() for label in root.versions)
    known = {*old.hosts} - {path.stem for path in old.restored if path.parent.name == HOSTS}
    hosts = {
        name: _host(old.hosts.get(name), each, elsewhere, told.operator, now)
        for name, each in told.hosts.items()
        if each.is_complete or name in known
    }
    return {own: clone}, hosts


def _clone(old: Optional[CloneRoots], told: Clone, now: str) -> CloneRoots:
    versions = _references(old.versions if old else {}, told.versions, now)
    new = CloneRoots(told.name, now, versions, sorted(told.hosts), told.retention)
    return old if old and _is_fresh(old.time, now) and old._replace(time=now) == new else new


def _host(old: Optional[HostRoots], told: HostReferences, elsewhere: Set[str], operator: str, now: str) -> HostRoots:
    before = old.versions if old else {}
    staying = {
        label: each
        for label, each in before.items()
        if not told.is_complete or (label in elsewhere and label not in told.versions)
    }
    versions = {**_references(before, told.versions, now), **staying}
    if old and versions == before and _is_fresh(old.time, now):
        return old
    return HostRoots(operator, now, versions)


def _references(old: Mapping[str, Reference], told: Mapping[str, str], now: str) -> Dict[str, Reference]:
    return {label: Reference(why, old[label].since if label in old else now) for label, why in sorted(told.items())}


def _is_fresh(time: str, now: str) -> bool:
    return 0 <= _age(time, now) < DAY


def _age(time: str, now: str) -> int:
    return history.seconds(now) - history.seconds(time)


def is_restored(handle: int, time: str, slack: float = SLACK) -> bool:
    """Tell whether a file was not written when it says so: no backup brings back the time of a file's last change."""
    return abs(os.fstat(handle).st_ctime - history.seconds(time)) > slack
