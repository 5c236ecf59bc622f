"""The commands of the node program. Orders come on standard input, so that no log holds them."""

from __future__ import annotations

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Callable, ContextManager, Dict, List

from node import (
    access,
    apt_lock,
    audit,
    cleanup_units,
    commands,
    console,
    delete_list,
    facelist,
    files,
    follow,
    layout,
    linked_transfer,
    lock,
    orders,
    preview,
    program,
    pull,
    recovery,
    retire,
    service_set,
    stack_pull,
    staging,
    survey,
    verification,
    version_removal,
)
from node import mend as mending
from node import switch as switching
from node.errors import Refusal
from node.orders import Order
from node.printable import shown
from node.registry import commands as registry


def main(arguments: List[str]) -> int:
    """Run one command. An operator's error is one line on standard error and exit code 1."""
    try:
        _run(*(arguments or ["no command"]))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except OSError as error:
        # A full or failing disk, a folder where a file should be: the node's state, not a bug.
        found = error.strerror or error
        print("%s: %s; mend that on the node and run again" % (error.filename or arguments[0], found), file=sys.stderr)
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


def _survey() -> None:
    json.dump(survey.survey(orders.read(sys.stdin)), sys.stdout)
    print()


def _preview() -> None:
    json.dump(preview.preview(json.load(sys.stdin)), sys.stdout)
    print()


def _verify() -> None:
    json.dump(verification.verify(json.load(sys.stdin)), sys.stdout)
    print()


def _folders() -> None:
    order = orders.read(sys.stdin)
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
    mending.mend(orders.read(sys.stdin))


def _renew() -> None:
    """The chosen sets are those of this checkout too."""
    order = orders.read(sys.stdin)
    for wanted in order.sets:
        follow.store(wanted, order)


def _pull() -> None:
    order = orders.read(sys.stdin)
    with _pull_lock(order):
        stack_pull.bring(order)
        pull.pull(order)
        facelist.fetch(order)


def _pull_lock(order: Order) -> ContextManager[None]:
    return lock.held(layout.pull_lock(), "pull", order.operator, order.purpose)


def _switch() -> None:
    order = orders.read(sys.stdin)
    try:
        facelist.require_switchable(order)
    except Refusal as refusal:
        follow.refuse(order, str(refusal))
    follow.switch(order)


def _switch_unit(id: str) -> None:
    # systemd counts an end by SIGTERM as a clean one, after which nothing would return to the set before.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    switching.run(follow.read(id))


def _refuse() -> None:
    data = json.load(sys.stdin)
    follow.refuse(orders.parse(data), data["reason"])


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
    cleanup_units.install([service_set.installed(each) for each in json.load(sys.stdin)])


def _append_log() -> None:
    data = json.load(sys.stdin)
    audit.append(Path(data["log"]), orders.owner(data["owner"]), data["lines"])


def _answer_of_registry(name: str) -> None:
    print(registry.answer(name, sys.stdin.buffer))


CONSOLE: Dict[str, Callable[..., None]] = {
    "status": console.status,
    "history": console.show_history,
    "revert": console.revert,
    "restore": console.restore,
    "python": console.python,
}
REGISTRY = (*registry.COMMANDS, *registry.RECEIVING)
WITHOUT_ROOT = ("retire", *REGISTRY)
"""The registry's owner runs these: the one in a unit of its own, the others as the login of the datasink."""
SECONDS = 600
LONG = (
    "pull", "switch", "switch-unit", "recover", "revert", "restore", "restore-unit", "verify", "survey",
    "linked-files", "send-linked-file", "retire", *REGISTRY,
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
    **{name: partial(_answer_of_registry, name) for name in REGISTRY},
    "install": switching.start,
    "recover": recovery.recover,
    "recover-at-boot": recovery.recover_at_boot,
}
