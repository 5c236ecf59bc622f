"""Sets: all that one service starts from, kept in root-owned folders named by digest.

sets/SERVICE/DIGEST/set.json   what the set holds
sets/SERVICE/DIGEST/files/     the contents, each named by its SHA-256
sets/SERVICE/chosen            a link: the set that the service starts from. Renaming it is the commit point
sets/SERVICE/previous          a link: the set before that
sets/SERVICE/installed         a link: the set that was last copied to the documented paths
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from node import files, layout, orders
from node.errors import Refusal
from node.files import Owner
from node.orders import Installed, ServiceSet

CHOSEN = "chosen"
PREVIOUS = "previous"
INSTALLED = "installed"
ADOPTED = "adopted"  # in place of a commit
KEPT = 10


class StoredSet(NamedTuple):
    folder: Path
    content: ServiceSet
    absent: List[Path]  # what an adopted node did not have
    commit: str


def put(wanted: ServiceSet, commit: str) -> None:
    """Store a set, unless it is there already and whole.

    What the digest leaves out (state, port, timers) may have changed since: then the set is described anew.
    """
    folder = layout.sets(wanted.service) / wanted.digest
    if not _is_whole(folder):
        contents = {file.sha256: (file.content or "").encode() for file in wanted.files}
        _store(folder, wanted, contents, [], commit)
    elif _to_json(load(wanted.service, wanted.digest).content) != _to_json(wanted):
        _describe(folder, wanted, [], commit)


def adopt(wanted: ServiceSet) -> Optional[str]:
    """Store what an older tool or a hand left at the set's paths, and return its digest; None on a bare node."""
    present = [file for file in wanted.files if file.path.is_file()]
    if not present:
        return None
    contents: Dict[str, bytes] = {}
    found = []
    for file in present:
        content = file.path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        contents[sha256] = content
        found.append(Installed(file.path, _owner(file.path), file.path.stat().st_mode & 0o7777, sha256, None))
    absent = [file.path for file in wanted.files if file not in present]
    digest = _digest([[str(file.path), file.owner, file.mode, file.sha256] for file in found])
    old = wanted._replace(files=found, digest=digest, models={}, named_files=[], control_port=None)
    folder = layout.sets(wanted.service) / digest
    if not _is_whole(folder):
        _store(folder, old, contents, absent, ADOPTED)
    return digest


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        raise Refusal("%s: its owner is no user of this node; chown it and run again" % path) from None


def load(service: str, digest: str) -> StoredSet:
    """Read a stored set and check every byte of it. Raises Refusal when it is not whole."""
    folder = layout.sets(service) / digest
    try:
        data = json.loads((folder / "set.json").read_text())
        content = orders.service_set(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal("%s: set cannot be read (%s); run deploys/configs.py" % (folder, error)) from None
    for file in content.files:
        stored = folder / "files" / file.sha256
        if not stored.is_file() or files.sha256(stored) != file.sha256:
            raise Refusal("%s: missing or damaged; run deploys/configs.py to store the set anew" % stored)
    return StoredSet(folder, content, [Path(path) for path in data["absent"]], data["commit"])


def digest_of(service: str, name: str) -> Optional[str]:
    """Return the digest that the link `name` of a service holds, None where there is no such link."""
    return files.target(layout.sets(service) / name)


def choose(service: str, digest: str, previous: Optional[str]) -> None:
    """Make a stored set the one that the service starts from. The last rename is the commit point."""
    folder = layout.sets(service)
    if previous is not None and previous != digest:
        files.link(folder / PREVIOUS, previous)
    files.link(folder / CHOSEN, digest)


def prune(service: str) -> None:
    """Remove all but the newest sets. Those that a link names stay, and adopted ones: nobody can make them again."""
    folder = layout.sets(service)
    linked = {digest_of(service, name) for name in (CHOSEN, PREVIOUS, INSTALLED)}
    stored = [path.parent for path in folder.glob("*/set.json") if path.parent.parent == folder]
    spare = [path for path in stored if path.name not in linked and not path.is_symlink() and not _is_adopted(path)]
    spare.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in spare[KEPT:]:
        files.remove(path)


def _is_adopted(folder: Path) -> bool:
    """Tell whether a set may be an adopted one: one that cannot be read may be."""
    try:
        return load(folder.parent.name, folder.name).commit == ADOPTED
    except Refusal:
        return True


def install(service: str) -> StoredSet:
    """Copy the chosen set to its paths: what is right already stays, what is in no set is never touched.

    Safe to repeat. Raises Refusal when nothing is chosen or the set is not whole.
    """
    digest = digest_of(service, CHOSEN)
    if digest is None:
        raise Refusal("%s: no set is chosen; run deploys/configs.py" % layout.sets(service))
    chosen = load(service, digest)
    for file in chosen.content.files:
        if not is_installed(file):
            content = (chosen.folder / "files" / file.sha256).read_bytes()
            files.folder(file.path.parent, orders.owner(file.owner))
            files.write(file.path, content, file.mode, orders.owner(file.owner))
    _remove_leftovers(chosen)
    files.link(layout.sets(service) / INSTALLED, digest)
    return chosen


def is_installed(file: Installed) -> bool:
    """Tell whether a file of a set is at its path with its content, owner and mode."""
    if file.path.is_symlink() or not file.path.is_file() or files.sha256(file.path) != file.sha256:
        return False
    status = file.path.stat()
    owner = Owner(status.st_uid, status.st_gid)
    return status.st_mode & 0o7777 == file.mode and owner == orders.owner(file.owner)


def _remove_leftovers(chosen: StoredSet) -> None:
    """Files that the last installed set put and this one lacks go, unless somebody has changed them since."""
    last = digest_of(chosen.content.service, INSTALLED)
    if last is None or last == chosen.content.digest:
        return
    if not _is_whole(layout.sets(chosen.content.service) / last):
        return  # nobody knows any more what it put
    kept = {file.path for file in chosen.content.files}
    for file in load(chosen.content.service, last).content.files:
        if file.path not in kept and is_installed(file):
            file.path.unlink()
            files.sync(file.path.parent)


def _store(folder: Path, content: ServiceSet, contents: Dict[str, bytes], absent: List[Path], commit: str) -> None:
    new = folder.with_name("." + folder.name + ".new")
    files.remove(new)
    files.remove(folder)  # only a set that is not whole gets here
    files.folder(new / "files", mode=0o700)
    for sha256, each in contents.items():
        files.write(new / "files" / sha256, each, 0o600)
    _describe(new, content, absent, commit)
    files.place(new, folder)


def _describe(folder: Path, content: ServiceSet, absent: List[Path], commit: str) -> None:
    data = _to_json(content)
    data.update(absent=[str(path) for path in absent], commit=commit)
    files.write(folder / "set.json", json.dumps(data, sort_keys=True, indent=1).encode())


def _is_whole(folder: Path) -> bool:
    try:
        load(folder.parent.name, folder.name)
    except Refusal:
        return False
    return True


def _to_json(content: ServiceSet) -> Dict[str, Any]:
    data = content._asdict()
    data["files"] = [
        {"path": str(file.path), "owner": file.owner, "mode": file.mode, "sha256": file.sha256}
        for file in content.files
    ]
    data["named_files"] = [
        {"path": str(named.path), "sha256": named.sha256, "linked": named.linked} for named in content.named_files
    ]
    return data


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
