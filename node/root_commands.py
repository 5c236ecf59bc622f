"""The commands of a node, as root. What they are told comes on standard input, so that no log holds them."""

from __future__ import annotations

import os
import signal
import sys
from typing import Callable, ContextManager, Dict, Type, TypeVar

from node import console, layout, linked_files, mend, program, protocol, prune
from node.coral import stacks
from node.desired_state import DesiredState
from node.errors import Refusal, printable
from node.facts import facts, versions
from node.machine import apt_lock
from node.protocol import retention as retention_messages
from node.protocol import versions as version_messages
from node.protocol.steps import AppendLog, Authorize, InstallAccess, InstallCleanup, Refused
from node.pull import access, face_list, pull
from node.registry import deployment_log, primary, roots, sweep
from node.store import files, lock, rights
from node.switch import automatic_rollback, follow
from node.switch import switch as switching

Question = TypeVar("Question")
Reply = TypeVar("Reply")
_Run = Callable[..., None]


def _asked(command: "protocol.Command[Question, Reply]", answer: Callable[[Question], Reply]) -> Dict[str, _Run]:
    """Return a command that reads its question and writes the reply."""
    return {command.name: lambda: print(protocol.dumps(answer(_read(command.question))))}


def _told(kind: Type[Question], act: Callable[[Question], None]) -> _Run:
    """Return a command that reads what it is told, and does that."""
    return lambda: act(_read(kind))


def _read(kind: Type[Question]) -> Question:
    try:
        return protocol.loads(kind, sys.stdin.read())
    except ValueError as error:
        raise Refusal("what it was told: %s" % printable(str(error))) from None


def _folders(desired: DesiredState) -> None:
    for path in desired.folders:
        if path.name == layout.STAGING:
            with _pull_lock(desired):
                pull.make_staging(path)
        else:
            files.folder(path, desired.owner)


def _renew(desired: DesiredState) -> None:
    """Store the chosen sets again, as made from this checkout's commit."""
    for wanted in desired.sets:
        follow.store(wanted, desired)


def _pull(desired: DesiredState) -> None:
    with _pull_lock(desired):
        stacks.bring(desired)
        pull.pull(desired)
        face_list.fetch(desired)


def _pull_lock(desired: DesiredState) -> ContextManager[None]:
    return lock.held(layout.pull_lock(), "pull", desired.operator, desired.purpose)


def _switch_unit(id: str) -> None:
    # systemd counts an end by SIGTERM as a clean one, after which nothing would choose the set before again.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    switching.run(follow.read(id))


CONSOLE: Dict[str, _Run] = {
    "status": console.status,
    "history": console.show_history,
    "revert": console.revert,
    "restore": console.restore,
    "python": console.python,
}
COMMANDS: Dict[str, _Run] = {
    **CONSOLE,
    "facts": lambda: print(protocol.dumps(facts.gather(_read(DesiredState)))),
    **_asked(version_messages.PREVIEW, versions.preview),
    **_asked(version_messages.VERIFY, versions.verify),
    **_asked(version_messages.LINKED_FILES, linked_files.look),
    **_asked(version_messages.LIST_VERSIONS, lambda asked: prune.gather(asked.models)),
    **_asked(version_messages.REMOVE_VERSIONS, prune.remove),
    **_asked(retention_messages.ADD_ROOTS, roots.add),
    **_asked(retention_messages.RETENTION, sweep.look),
    **_asked(retention_messages.SWEEP, primary.sweep),
    "install-program": program.install,
    "mend": _told(DesiredState, mend.mend),
    "renew": _told(DesiredState, _renew),
    "folders": _told(DesiredState, _folders),
    "check-rrsync": access.check_rrsync,
    "make-key": access.make_key,
    "install-access": _told(InstallAccess, lambda told: access.install(told.certificate, told.known_hosts)),
    "authorize": _told(Authorize, lambda told: access.authorize(told.user, told.lines)),
    "wait-for-apt": apt_lock.wait,
    "pull": _told(DesiredState, _pull),
    "switch": _told(DesiredState, lambda told: follow.switch(told)),
    "switch-unit": _switch_unit,
    "refuse": _told(Refused, follow.record),
    "restore-unit": console.restore_unit,
    "append-log": _told(
        AppendLog, lambda told: deployment_log.append(told.log, rights.owner_of(told.owner), told.lines)
    ),
    "send-linked-file": _told(version_messages.SendLinkedFile, linked_files.send),
    "install-cleanup": _told(InstallCleanup, lambda told: primary.install_units(told.units)),
    "note-clock": sweep.note_clock,
    "sweep": sweep.run,
    "install": switching.start,
    "recover": automatic_rollback.recover,
    "recover-at-boot": automatic_rollback.recover_at_boot,
}
