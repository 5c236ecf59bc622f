"""Answering, in one question, all that a converge must know. Reads only; reads no model bytes unless asked to."""

from __future__ import annotations

from contextlib import suppress
from typing import List, Optional

from node import mend, program
from node.desired_state import DesiredState, Version
from node.errors import Refusal
from node.facts import coral_host, pending, prerequisites
from node.health import health, work
from node.protocol.facts import Facts, SetState
from node.pull import access, face_list, room, staging_folders
from node.registry import primary
from node.store import disk, history, references, sets, versions
from node.store.history import short
from node.store.service_set import ServiceSet
from node.store.sets import StoredSet
from node.switch import drift


def gather(desired: DesiredState) -> Facts:
    """Return what differs from the desired state."""
    absent = [path for path in desired.folders if not disk.is_folder(path)]
    missing = [each for each in desired.versions if _is_missing(each, desired)]
    lists = _face_list(desired)
    found = Facts(
        current_program=program.current(),
        damaged=mend.look(desired),
        absent_folders=[*absent, *staging_folders.foreign(desired)],
        missing_versions=[each.label for each in missing],
        stack=desired.stack and coral_host.state(desired.stack, desired),
        face_list=lists,
        sets={each.service: _set(each, desired) for each in desired.sets},
        pull_access=access.held(),
        history=history.entries()[-history.RECENT :],
        datasink=primary.state(desired),
        references=references.of_host(),
        room=room.of_models(missing, desired) if missing or lists else None,
    )
    return found._replace(missing=prerequisites.missing(desired, found), remarks=prerequisites.remarks(desired))


def _is_missing(version: Version, desired: DesiredState) -> bool:
    if desired.options.full:
        return bool(versions.flaws(version))
    return not versions.is_verified(version)


def _face_list(desired: DesiredState) -> List[str]:
    if desired.face_list is None:
        return []
    look = face_list.flaws if desired.options.full else face_list.missing
    return look(desired.face_list)


def _set(wanted: ServiceSet, desired: DesiredState) -> SetState:
    chosen = sets.digest_of(wanted.service, sets.CHOSEN)
    stored = sets.find(wanted.service, chosen)
    units = drift.statuses(wanted)
    how = health.judge(wanted, units[wanted.unit]) if units and chosen == wanted.digest else None
    told = [*([str(how)] if how and how.verdict != health.HEALTHY else []), *drift.foreign(units)]
    differences = _differences(wanted, chosen, stored, units)
    return SetState(
        chosen=chosen,
        models=wanted.models if chosen == wanted.digest else stored.content.models if stored else {},
        differences=differences,
        not_ready=health.not_ready(wanted) if wanted.is_to_run else None,
        health="; ".join(told) or None,
        may_restart=how is not None and how.may_restart,
        queue=work.queue(wanted) if differences else None,
        live={str(file.path): disk.decoded(file.path) for file in wanted.files} if desired.options.diff else {},
        commit=stored.commit if stored else None,
        last=history.last(wanted.service),
        known_good=_is_known_good(wanted),
    )


def _is_known_good(wanted: ServiceSet) -> bool:
    """Tell whether the wanted set is the one before the chosen one, and was healthy here."""
    if sets.digest_of(wanted.service, sets.PREVIOUS) != wanted.digest:
        return False
    stored = sets.find(wanted.service, wanted.digest)
    was_run = stored is not None and stored.content.is_to_run  # a service that the site had stopped was not tried
    return was_run and history.was_healthy(wanted.service, wanted.digest)


def _differences(
    wanted: ServiceSet, chosen: Optional[str], stored: Optional[StoredSet], units: drift.Statuses
) -> List[str]:
    """Return why this service is not settled on the wanted set; empty when it is."""
    found = []
    if chosen != wanted.digest:
        found.append("chosen set %s, wanted %s" % (short(chosen), short(wanted.digest)))
    with suppress(Refusal):  # of a damaged note node/mend.py tells
        begun = pending.look(wanted.service)
        if begun is not None and not begun.running:
            found.append("a switch by %s died at %s" % (begun.operator, begun.time))
    found += drift.of(wanted, units)
    main = units.get(wanted.unit)
    if main is not None and main.is_down:
        found.append("%s is %s" % (wanted.unit, main.active))
    elif main is not None and main.is_running and sets.live(wanted.service) != wanted.digest:
        found.append("%s was started from another set" % wanted.unit)
    # A rollback and the console go by what the chosen set says of its service.
    if stored is not None and stored.content.state != wanted.state:
        found.append("%s was told %s, wanted %s" % (wanted.unit, stored.content.state, wanted.state))
    return found
