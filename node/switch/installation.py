"""Putting a chosen set's files and links to their documented paths."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Union

from node import layout
from node.errors import Refusal
from node.store import disk, files, rights, sets
from node.store.rights import Owner
from node.store.service_set import Installed, Link, ServiceSet
from node.store.sets import CHOSEN, INSTALLED, StoredSet


def install(service: str) -> StoredSet:
    """Copy the chosen set to its paths: what is right already stays, what is in no set is never touched.

    Safe to repeat. Raises Refusal when nothing is chosen, the set is not whole, or a path is taken.
    """
    digest = sets.digest_of(service, CHOSEN)
    if digest is None:
        raise Refusal("%s: no set is chosen; run deploys/configs.py" % layout.sets(service))
    chosen, mark = sets.read(service, digest), layout.sets(service) / INSTALLED
    require_free(chosen.content)
    missing = [(file, sets.content(chosen, file)) for file in chosen.content.files if not is_installed(file)]
    if disk.target(mark) != digest:
        files.unlink(mark)  # from here to the end the paths hold more than one set's files
    for file, content in missing:
        put(file, content)
    for link in chosen.content.links:
        files.folder(link.path.parent, rights.owner_of(chosen.content.user))
        files.link(link.path, link.target)
    if disk.target(mark) is None:
        _remove_leftovers(chosen)
        files.link(mark, digest)
    return chosen


def put(file: Installed, content: bytes) -> None:
    """Put a file to its path, with its owner and mode."""
    owner = rights.owner_of(file.owner)
    files.folder(file.path.parent, owner)
    files.write(file.path, content, file.mode, owner)


def is_installed(file: "Union[Installed, Link]") -> bool:
    """Tell whether a file of a set is at its path with its content, owner and mode, or a link of it is."""
    if isinstance(file, Link):
        return disk.target(file.path) == file.target
    found = disk.text(file.path)
    if found is None or found[1] != file.sha256:
        return False
    owner = Owner(found[0].st_uid, found[0].st_gid)
    return found[0].st_mode & 0o7777 == file.mode and owner == rights.owner_of(file.owner)


def require_free(content: ServiceSet) -> None:
    """Raises Refusal when a path of the set is taken by what is not for us to replace."""
    for file in content.files:
        if disk.is_real_folder(file.path):
            raise Refusal("%s: a folder, expected a file; move it away and run again" % file.path)
    for link in content.links:
        if disk.is_there(link.path) and disk.target(link.path) is None:
            raise Refusal("%s: a file, expected a link; move it away and run again" % link.path)


def prove_replaceable(path: Path) -> None:
    """Raises Refusal when a file or link could not be replaced or made: before a service is stopped for that."""
    try:
        proof = files.free_beside(path)  # what a power cut leaves of it goes with the next change
        if disk.is_there(path):
            files.hard_link(path, proof)  # which the file system refuses where it would refuse to replace it
        else:
            files.link(proof, path.name)
        files.unlink(proof)
    except OSError as error:
        raise Refusal(
            "%s: cannot be replaced (%s); see lsattr, mount and journalctl --dmesg; mend that on the node, and run "
            "again" % (path, error.strerror)
        ) from None


def require_replaceable(wanted: ServiceSet, old: Optional[str]) -> None:
    """Raises OSError or Refusal when what differs from the set cannot be replaced: while the service still runs."""
    for part in wanted.parts:
        if not is_installed(part):
            owner = part.owner if isinstance(part, Installed) else wanted.user
            files.folder(part.path.parent, rights.owner_of(owner))
            prove_replaceable(part.path)
    before = sets.find(wanted.service, old)
    for path in sorted(set(before.content.paths if before else []) - set(wanted.paths)):
        if disk.is_there(path):
            prove_replaceable(path)


def require_own(wanted: ServiceSet, old: Optional[str]) -> None:
    """Raises Refusal when the set would overwrite a file that no set put there: it may exist nowhere else."""
    others = [
        each for each in sets.all_whole(wanted.service) if old == wanted.digest or each.content.digest != wanted.digest
    ]
    ours = {path for each in others for path in each.content.paths}
    for file in wanted.files:
        found = disk.text(file.path)
        if file.path not in ours and found is not None and found[1] != file.sha256:
            raise Refusal("%s: no deploy put it there; move it away and run again" % file.path)


def _remove_leftovers(chosen: StoredSet) -> None:
    """What another set put and this one lacks goes, unless somebody has changed it since."""
    kept = set(chosen.content.paths)
    for other in sets.all_whole(chosen.content.service):
        for part in other.content.parts:
            if part.path not in kept and is_installed(part):
                files.unlink(part.path)
