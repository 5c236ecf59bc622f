"""What a host is and has, for `modelctl doctor`: also one that nobody ever deployed to. Reads only."""

from __future__ import annotations

from typing import Dict, List, Optional

from node.errors import Refusal
from node.facts import imports, prerequisites, versions
from node.machine import clock, resolver
from node.protocol.condition import Clock, Code, Condition, Content, Examine, Letting, Registry, Space
from node.pull import access, room
from node.store import disk, rights
from node.store.rights import Owner


def look(asked: Examine) -> Condition:
    """Return what the host is and has of all that a deploy and its service need."""
    owner = _owner(asked.user)
    return Condition(
        packages=sorted({prerequisites.PACKAGES[name] for name in prerequisites.absent(*prerequisites.PACKAGES)}),
        has_user=owner is not None,
        clock=_clock(),
        space=_space(asked.content),
        code=_code(asked, owner) if owner is not None else Code(unreadable=asked.needs),
        pull_access=access.held(),
        letting=_letting(asked.registry) if asked.registry is not None else None,
        unfound=_unfound(asked.others),
    )


def _owner(user: str) -> Optional[Owner]:
    try:
        return rights.owner_of(user)
    except Refusal:
        return None


def _clock() -> Clock:
    is_synchronized = clock.is_synchronized()
    return Clock(is_synchronized, None if is_synchronized else clock.keeper())


def _space(content: Content) -> Space:
    there = room.nearest(content.folder)
    return Space(there, disk.free(there), versions.to_come(content.versions, content.face_lists, content.stack))


def _code(asked: Examine, owner: Owner) -> Code:
    found = Code(unreadable=[each for each in asked.needs if not disk.is_readable(each, owner)])
    if asked.script in found.unreadable:
        return found
    release = prerequisites.release_of(asked.service, asked.script, asked.user)
    if release is not None:
        is_unfit = prerequisites.is_unfit(asked.service, release)
        found = found._replace(release=release.name, unfit=is_unfit)
    try:
        absent = imports.absent(asked.script, asked.environment, owner)
    except (Refusal, OSError) as error:
        # without its Python a service imports nothing
        return found if found.unreadable else found._replace(unknown=str(error))
    return found._replace(absent=[each for each in absent if each not in asked.brought])


def _letting(registry: Registry) -> Letting:
    lines = registry.pull_ca
    here = access.installed(registry.login, lines) if lines else []
    return Letting(_rrsync(), here == lines if lines else None, access.revoked(here, lines))


def _unfound(names: List[str]) -> Dict[str, str]:
    faults = {name: resolver.fault(name) for name in names}
    return {name: why for name, why in faults.items() if why is not None}


def _rrsync() -> Optional[str]:
    try:
        access.check_rrsync()
    except Refusal as refusal:
        return str(refusal)
    return None
