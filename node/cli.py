"""The commands of the node program. Orders come on standard input, so that no log holds them."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Callable, ContextManager, Dict, List, Type

from node import (
    access,
    apt_lock,
    audit,
    cleanup_units,
    commands,
    console,
    delete_list,
    desired_state,
    facelist,
    files,
    follow,
    layout,
    linked_transfer,
    lock,
    preview,
    program,
    protocol,
    pull,
    recovery,
    retire,
    rights,
    stack_pull,
    staging,
    survey,
    verification,
    version_removal,
)
from node import mend as mending
from node import switch as switching
from node.desired_state import Order
from node.errors import Refusal, fault_of
from node.printable import printable, shown
from node.protocol import Message, Refused


def main(arguments: List[str]) -> int:
    """Run one command. An operator's error is one line on standard error and exit code 1."""
    try:
        _run(*(arguments or ["no command"]))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except OSError as error:
        print(fault_of(error, arguments[0]), file=sys.stderr)
        return 1
    return 0


def end_in_time(name: str) -> None:
    """End this program when a command takes too long, whatever holds it up and whoever still waits for it."""
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(int(commands.LONG_SECONDS) if name in LONG else SECONDS)


def _end(*_: object) -> None:
    """Whatever held it up, the next run goes on from what is on the disk, as after a power cut."""
    os.write(2, b"not done in time; see what holds it up (a disk? a link?), and run again\n")
    os._exit(1)


def _run(name: str, *words: str) -> None:
    if name not in COMMANDS:
        raise Refusal("found %s; allowed: %s" % (shown(name) or "no command", ", ".join(CONSOLE)))
    if os.geteuid() != 0 and name not in WITHOUT_ROOT:
        raise Refusal("sentinelcam-node needs root: sudo sentinelcam-node " + " ".join([name, *words]))
    COMMANDS[name](*words)


def _message(kind: Type[Message]) -> Message:
    try:
        return protocol.loads(kind, sys.stdin.read())
    except ValueError as error:
        raise Refusal(printable(str(error))) from None


def _order() -> Order:
    order = _message(Order)
    desired_state.require_plain(order)
    return order


def _survey() -> None:
    print(protocol.dumps(survey.survey(_order())))


def _preview() -> None:
    json.dump(preview.preview(json.load(sys.stdin)), sys.stdout)
    print()


def _verify() -> None:
    json.dump(verification.verify(json.load(sys.stdin)), sys.stdout)
    print()


def _folders() -> None:
    order = _order()
    for path in order.folders:
        if path.name == layout.STAGING:
            with _pull_lock(order):
                staging.make(path)
        else:
            files.folder(path, order.owner)


def _install_access() -> None:
    data = json.load(sys.stdin)
    access.install(data["certificate"], data["known_hosts"])


def _authorize(user: str) -> None:
    access.authorize(user, json.load(sys.stdin))


def _mend() -> None:
    mending.mend(_order())


def _renew() -> None:
    """The chosen sets are those of this checkout too."""
    order = _order()
    for wanted in order.sets:
        follow.store(wanted, order)


def _pull() -> None:
    order = _order()
    with _pull_lock(order):
        stack_pull.bring(order)
        pull.pull(order)
        facelist.fetch(order)


def _pull_lock(order: Order) -> ContextManager[None]:
    return lock.held(layout.pull_lock(), "pull", order.operator, order.purpose)


def _switch() -> None:
    follow.switch(_order())


def _switch_unit(id: str) -> None:
    # systemd counts an end by SIGTERM as a clean one, after which nothing would return to the set before.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    switching.run(follow.read(id))


def _refuse() -> None:
    refused = _message(Refused)
    desired_state.require_plain(refused.order)
    follow.refuse(refused.order, refused.reason)


def _show_delete_list() -> None:
    json.dump(delete_list.show(Path(json.load(sys.stdin)["log"])), sys.stdout)
    print()


def _renew_delete_list() -> None:
    delete_list.renew(json.load(sys.stdin))


def _spare() -> None:
    data = json.load(sys.stdin)
    json.dump(delete_list.spare(data["versions"], data["hosts"]), sys.stdout)
    print()


def _linked_files() -> None:
    json.dump(linked_transfer.look(json.load(sys.stdin)), sys.stdout)
    print()


def _send_linked_file() -> None:
    linked_transfer.send(json.load(sys.stdin))


def _list_versions() -> None:
    json.dump(version_removal.survey(Path(json.load(sys.stdin)["models"])), sys.stdout)
    print()


def _remove_versions() -> None:
    json.dump(version_removal.remove(json.load(sys.stdin)), sys.stdout)
    print()


def _install_clean_up() -> None:
    cleanup_units.install(_order().clean_up)


def _append_log() -> None:
    data = json.load(sys.stdin)
    audit.append(Path(data["log"]), rights.owner_of(data["owner"]), data["lines"])


CONSOLE: Dict[str, Callable[..., None]] = {
    "status": console.status,
    "history": console.show_history,
    "revert": console.revert,
    "restore": console.restore,
    "python": console.python,
}
WITHOUT_ROOT = ("retire",)
"""The registry's owner runs these, in a unit of their own."""
SECONDS = 600
LONG = (
    "pull", "switch", "switch-unit", "recover", "revert", "restore", "restore-unit", "verify", "survey",
    "linked-files", "send-linked-file", "retire",
)  # fmt: skip
"""Their limit is commands.LONG_SECONDS."""
COMMANDS: Dict[str, Callable[..., None]] = {
    **CONSOLE,
    "survey": _survey,
    "preview": _preview,
    "verify": _verify,
    "install-program": program.install,
    "mend": _mend,
    "renew": _renew,
    "folders": _folders,
    "check-rrsync": access.check_rrsync,
    "make-key": access.make_key,
    "install-access": _install_access,
    "authorize": _authorize,
    "wait-for-apt": apt_lock.wait,
    "pull": _pull,
    "switch": _switch,
    "switch-unit": _switch_unit,
    "refuse": _refuse,
    "restore-unit": console.restore_unit,
    "append-log": _append_log,
    "delete-list": _show_delete_list,
    "renew-delete-list": _renew_delete_list,
    "spare": _spare,
    "linked-files": _linked_files,
    "send-linked-file": _send_linked_file,
    "list-versions": _list_versions,
    "remove-versions": _remove_versions,
    "install-cleanup": _install_clean_up,
    "retire": retire.retire,
    "install": switching.start,
    "recover": recovery.recover,
    "recover-at-boot": recovery.recover_at_boot,
}
