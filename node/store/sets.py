"""Sets: all that one service starts from, kept in root-owned folders named by digest.

sets/SERVICE/DIGEST/set.json   what the set holds
sets/SERVICE/DIGEST/files/     the contents, each named by its SHA-256
sets/SERVICE/chosen            a link: the set that the service starts from. Renaming it is the commit point
sets/SERVICE/previous          a link: the set before that
sets/SERVICE/installed         a link: the set whose files, and no other set's, are at the documented paths
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from node import codec, layout, names
from node.errors import Refusal
from node.store import disk, files, service_set
from node.store.service_set import Installed, Link, Named, ServiceSet

CHOSEN = "chosen"
PREVIOUS = "previous"
INSTALLED = "installed"
ADOPTED = "adopted"  # in place of a commit
UNKNOWN = "unknown"
KEPT = 10
FORMAT = 1


class StoredSet(NamedTuple):
    folder: Path
    content: ServiceSet
    absent: List[Path]  # what an adopted node did not have
    commit: str  # of the site
    product: str = UNKNOWN  # the release that made it


class _Origin(NamedTuple):
    """What set.json says beside the set; those of older releases say less."""

    absent: List[Path] = []
    commit: str = UNKNOWN
    product: str = UNKNOWN


def put(wanted: ServiceSet, commit: str, product: str = UNKNOWN) -> None:
    """Store a set, unless it is there already and whole; what its digest leaves out is described anew if it changed."""
    contents = {file.sha256: (file.content or "").encode() for file in wanted.files}
    _store(StoredSet(_folder(wanted), wanted, [], commit, product), contents)


def adopt(wanted: ServiceSet, state: str) -> Optional[str]:
    """Store what an older tool or a hand left at the set's paths, and return its digest; None on a bare node."""
    contents: Dict[str, bytes] = {}
    found = []
    for file in wanted.files:
        status = disk.status(file.path)
        if status is not None and stat.S_ISREG(status.st_mode):
            content = disk.read(file.path)
            sha256 = hashlib.sha256(content).hexdigest()
            contents[sha256] = content
            found.append(Installed(file.path, _owner(file.path, status), status.st_mode & 0o777, sha256, None))
    targets = ((link.path, disk.target(link.path)) for link in wanted.links)
    links = [Link(path, target) for path, target in targets if target is not None]
    if not found and not links:
        return None
    present = {file.path for file in found} | {link.path for link in links}
    absent = [path for path in wanted.paths if path not in present]
    described: List[List[Any]] = [[str(file.path), file.owner, file.mode, file.sha256] for file in found]
    described += [[str(link.path), link.target] for link in links]
    old = wanted._replace(
        files=found, links=links, digest=hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest(),
        models={}, manifests={}, named_files=[], work=service_set.NOTHING, stack=None, state=state,
        timers=[timer for timer in wanted.timers if timer in {path.name for path in present}],
    )  # fmt: skip
    _store(StoredSet(_folder(old), old, absent, ADOPTED), contents)
    return old.digest


def _owner(path: Path, status: os.stat_result) -> str:
    try:
        return pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        raise Refusal("%s: its owner is no user of this node; chown it and run again" % path) from None


def load(service: str, digest: str) -> StoredSet:
    """Read a stored set and check every byte of it. Raises Refusal when it is not whole."""
    stored = read(service, digest)
    for file in stored.content.files:
        content(stored, file)
    return stored


def read(service: str, digest: str) -> StoredSet:
    """Read what a stored set holds, without its contents. Raises Refusal when that cannot be read."""
    folder = layout.sets(service) / digest
    try:
        data = json.loads(disk.read(folder / "set.json").decode())
        codec.require_format(FORMAT, data)
        return StoredSet(folder, service_set.decode(data), *codec.decode(_Origin, data))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, Refusal) as error:
        raise Refusal("%s: set cannot be read (%s); run deploys/configs.py" % (folder, error)) from None


def find(service: str, digest: Optional[str]) -> Optional[StoredSet]:
    """Return a stored set; None where there is none that is whole."""
    with suppress(Refusal):
        return load(service, digest) if digest is not None else None
    return None


def content(stored: StoredSet, file: Installed) -> bytes:
    """Return the bytes that a set has for a file. Raises Refusal when they are missing or damaged."""
    path = stored.folder / "files" / file.sha256
    with suppress(OSError, Refusal):
        found = disk.read(path)
        if hashlib.sha256(found).hexdigest() == file.sha256:
            return found
    raise Refusal("%s: missing or damaged; run deploys/configs.py to store the set anew" % path)


def tell(stored: StoredSet, state: str) -> None:
    """Describe a set anew, with this state of its service."""
    _describe(stored._replace(content=stored.content._replace(state=state)))


def all_whole(service: str) -> List[StoredSet]:
    """Return every stored set that can be read, and was not cut off."""
    names = [folder.name for folder in disk.folders(layout.sets(service)) if folder.name[0] != "."]
    return list(filter(None, (find(service, digest) for digest in names)))


def named(service: str, *digests: Optional[str]) -> List[Named]:
    """Return the model files that any of these sets names; a set that cannot be read names none."""
    found: List[Named] = []
    for digest in filter(None, digests):
        with suppress(Refusal):
            found += load(service, digest).content.named_files
    return found


def digest_of(service: str, name: str) -> Optional[str]:
    """Return the digest that the link `name` of a service holds, None where there is no such link."""
    target = disk.target(layout.sets(service) / name)
    return target if target is not None and names.is_plain(target) else None


def live(service: str) -> Optional[str]:
    """Return the digest of the set that the running process was started from, None when nobody knows."""
    try:
        return disk.read(layout.started(service)).decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def choose(service: str, digest: str, previous: Optional[str]) -> None:
    """Make a stored set the one that the service starts from: a rename, the commit point. Safe to repeat."""
    folder = layout.sets(service)
    if previous is None:
        files.unlink(folder / PREVIOUS)
    else:
        files.link(folder / PREVIOUS, previous)
    files.link(folder / CHOSEN, digest)


def prune(service: str) -> None:
    """Remove all but the newest sets. Those that a link names stay, and adopted ones: nobody can make them again."""
    linked = {digest_of(service, name) for name in (CHOSEN, PREVIOUS, INSTALLED)}
    spare = [each.folder for each in all_whole(service) if each.folder.name not in linked and each.commit != ADOPTED]
    statuses = ((disk.status(path), path) for path in spare)
    newest_first = sorted((-status.st_mtime if status else 0.0, path) for status, path in statuses)
    for _, path in newest_first[KEPT:]:
        files.remove(path)


def _folder(content: ServiceSet) -> Path:
    return layout.sets(content.service) / content.digest


def _store(wanted: StoredSet, contents: Dict[str, bytes]) -> None:
    """A set that is there may be the chosen one: what is damaged in it is replaced singly."""
    folder = wanted.folder
    if not disk.is_folder(folder):
        new = folder.with_name("." + folder.name + ".new")
        files.remove(new)
        _fill(wanted._replace(folder=new), contents)
        files.place(new, folder)
    else:
        _fill(wanted, contents)


def _fill(wanted: StoredSet, contents: Dict[str, bytes]) -> None:
    files.folder(wanted.folder / "files", mode=0o700)
    for sha256, each in contents.items():
        path = wanted.folder / "files" / sha256
        stored = disk.text(path)
        if stored is None or stored[1] != sha256:
            files.write(path, each, 0o600)
    _describe(wanted)


def _describe(stored: StoredSet) -> None:
    origin = _Origin(stored.absent, stored.commit, stored.product)
    data = {**service_set.encode(stored.content), **codec.encode(origin), "format": FORMAT}
    for each in data["files"]:
        del each["content"]
    if stored.content.stack is None:
        del data["stack"]
    description = json.dumps(data, sort_keys=True, indent=1).encode()
    path = stored.folder / "set.json"
    if not disk.is_file(path) or disk.read(path) != description:
        files.write(path, description)
