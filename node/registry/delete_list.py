"""The delete-list of the primary datasink: which versions the registry's clean-up may remove, and from when on.

cleanup/list.json   what was decided on the control node; root writes it, the clean-up only reads it
cleanup/seen.json   what each host was last seen to name, for the next decision
cleanup/spared      another content after each time that versions were taken off the list
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Collection, Dict, Iterator, List, Mapping, Optional, Set

from node import codec, layout, names
from node.errors import Refusal
from node.protocol import Nothing
from node.protocol.versions import DeleteList, Listed, RenewDeleteList, Sight
from node.store import disk, files, handles, history, lock

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


@contextmanager
def alone() -> Iterator[None]:
    """Act on the list, or change it, while nobody else does. Raises lock.Taken."""
    files.folder(layout.cleanup())
    with handles.listable(layout.cleanup()) as handle:
        if not lock.take(handle):
            raise lock.Taken("%s: another is at work on the delete-list; run again" % layout.cleanup())
        yield


def read() -> List[Listed]:
    """Return the entries, none where there is no list. Raises Refusal for a damaged one."""
    try:
        return checked(codec.decode(List[Listed], json.loads(disk.read(_list()).decode())))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, RecursionError, Refusal) as error:
        damage = "%s: damaged (%s), so nothing is removed; write it anew: modelctl prune registry" % (_list(), error)
        raise Refusal(damage) from None


def checked(entries: List[Listed]) -> List[Listed]:
    """Return the entries. Raises ValueError for what is none."""
    for each in entries:
        _check(each)
    return entries


def _check(entry: Listed) -> None:
    texts = {"model": names.MODEL, "version": names.VERSION, "manifest": _SHA256, "due": _TIME, "since": _TIME}
    wrong = [name for name, form in texts.items() if not form.fullmatch(getattr(entry, name))]
    wrong += [] if wrong or names.is_version(entry.version) else ["version"]
    wrong += [] if entry.operator.isprintable() else ["operator"]
    if wrong:
        raise ValueError("%s: found %.80r" % (wrong[0], getattr(entry, wrong[0])))


def show(log: Path) -> DeleteList:
    try:
        entries = open_entries(log)  # type: Optional[List[Listed]]
    except Refusal:
        entries = None
    return DeleteList(history.now(), _digest(), entries, _read_seen())


def open_entries(log: Path) -> List[Listed]:
    """Return the entries that were not carried out yet: what is stored anew under that name was not listed.

    Raises Refusal for a damaged list.
    """
    entries = read()
    done = {line.partition(" ")[2] for line in disk.lines(log)}
    return [entry for entry in entries if entry.removal not in done]


def renew(new: RenewDeleteList) -> Nothing:
    """Write list and memory anew. Raises Refusal when they are no longer those that they were decided from."""
    try:
        entries = checked(new.entries)
    except ValueError as error:
        raise Refusal(
            "the new delete-list: %s; expected an entry as node/registry/delete_list.py has it" % error
        ) from None
    with alone():
        if _digest() != new.was:
            raise Refusal("%s: changed meanwhile; nothing was written: run it again" % layout.cleanup())
        _write_seen(new.seen)  # first: a list that is older than what was seen keeps too much, never too little
        _write(entries)
    return Nothing()


def keep_referenced(labels: Collection[str], hosts: Mapping[str, Collection[str]]) -> List[str]:
    """Take versions that are wanted off the list, and remember who gets them. Returns those that were on it."""
    with alone():
        spared = listed(labels)
        if spared:
            _write([entry for entry in read() if entry.label not in spared])
        if unseen(hosts):
            _remember(hosts)
        # A list that is being decided on now may not know of it: it is not to be written.
        files.write(_spared(), uuid.uuid4().hex.encode())
    return spared


def listed(labels: Collection[str]) -> List[str]:
    """Return which of these versions are on the list; of a damaged one nothing is ever removed."""
    try:
        return sorted({entry.label for entry in read()} & set(labels))
    except Refusal:
        return []


def unseen(hosts: Mapping[str, Collection[str]]) -> List[str]:
    """Return the hosts that were seen without all the versions that they are to get; of the others nothing is known."""
    seen = _read_seen() or {}
    return sorted(host for host, labels in hosts.items() if host in seen and set(labels) - _labels(seen[host]))


def _labels(sight: Sight) -> Set[str]:
    return {model + "/" + version for model, versions in sight.named.items() for version in versions}


def _remember(hosts: Mapping[str, Collection[str]]) -> None:
    """What a host is about to get counts as seen there, should it be unreachable when the next list is made."""
    seen = _read_seen() or {}
    for host in set(hosts) & set(seen):
        for label in hosts[host]:
            model, version = label.split("/")
            versions = seen[host].named.setdefault(model, [])
            versions += [] if version in versions else [version]
    _write_seen(seen)


def _read_seen() -> Optional[Dict[str, Sight]]:
    """None when it is damaged."""
    try:
        return codec.decode(Dict[str, Sight], json.loads(disk.read(_seen()).decode()))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, RecursionError, Refusal):
        return None


def _write_seen(seen: Mapping[str, Sight]) -> None:
    files.write(_seen(), json.dumps(codec.encode(seen), sort_keys=True, indent=1).encode())


def _write(entries: List[Listed]) -> None:
    if not entries and not disk.is_there(_list()):
        return
    files.write(_list(), json.dumps(codec.encode(entries), sort_keys=True, indent=1).encode())


def _digest() -> str:
    """Of all that a decision rests on, or must not overtake."""
    contents = [disk.read(path) if disk.is_file(path) else b"" for path in paths()]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def paths() -> List[Path]:
    """Return the files that this list is kept in."""
    return [_list(), _seen(), _spared()]


def _list() -> Path:
    return layout.cleanup() / "list.json"


def _spared() -> Path:
    return layout.cleanup() / "spared"


def _seen() -> Path:
    return layout.cleanup() / "seen.json"
