"""The commands of the node program. Orders come on standard input, so that no log holds them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Callable, Dict, List

from node import access, facelist, files, lock, orders, program, pull, survey, switch
from node.errors import Refusal
from node.orders import Limits


def main(arguments: List[str]) -> int:
    """Run one command. An operator's error is one line on standard error and exit code 1."""
    name, words = arguments[0], arguments[1:]
    try:
        COMMANDS[name](*words)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except OSError as error:
        # A full or failing disk, a folder where a file should be: the node's state, not a bug.
        found = error.strerror or error
        print("%s: %s; mend that on the node and run again" % (error.filename or name, found), file=sys.stderr)
        return 1
    return 0


def _survey() -> None:
    json.dump(survey.survey(orders.read(sys.stdin)), sys.stdout)
    print()


def _folders() -> None:
    order = orders.read(sys.stdin)
    for path in order.folders:
        files.folder(path, order.owner)


def _install_access() -> None:
    data = json.load(sys.stdin)
    access.install(data["certificate"], data["known_hosts"])


def _authorize(user: str) -> None:
    access.authorize(user, json.load(sys.stdin))


def _pull() -> None:
    order = orders.read(sys.stdin)
    with lock.held():
        pull.pull(order)
        facelist.fetch(order)


def _make_face_list_current() -> None:
    facelist.make_current(orders.read(sys.stdin))


def _switch() -> None:
    order = orders.read(sys.stdin)
    # The link may be current while the data pump still reads, and locks events by, another list.
    facelist.check_locks(order)
    switch.switch(order)


def _switch_unit(service: str, digest: str, limits: str, outcome: str) -> None:
    switch.run(service, digest, Limits(**json.loads(limits)), Path(outcome))


COMMANDS: Dict[str, Callable[..., None]] = {
    "survey": _survey,
    "install-program": program.install,
    "folders": _folders,
    "check-rrsync": access.check_rrsync,
    "make-key": access.make_key,
    "install-access": _install_access,
    "authorize": _authorize,
    "pull": _pull,
    "make-face-list-current": _make_face_list_current,
    "switch": _switch,
    "switch-unit": _switch_unit,
    "install": switch.start,
}
