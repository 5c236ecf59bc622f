"""The node program's command line: a node's commands, and a datasink's."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import List

from node import dispatch, help, protocol
from node.errors import Refusal, fault_of, shown
from node.machine.commands import LONG_SECONDS

SECONDS = 600  # for a command
REGISTRY = (*dispatch.REGISTRY, *dispatch.RECEIVING)
# These get LONG_SECONDS.
LONG = (
    "pull", "switch", "switch-unit", "recover", "revert", "restore", "restore-unit", "verify", "facts",
    "linked-files", "send-linked-file", "sweep", "sweep-now", "retention", "upload", *REGISTRY,
)  # fmt: skip
# The registry's owner runs these: in a unit of its own, and when a trainer's key asks for it.
WITHOUT_ROOT = ("sweep", "upload")


def main(arguments: List[str]) -> int:
    """Run one command. An operator's error is one line on standard error, and an exit code of node/protocol."""
    told = help.asked_for(arguments)
    if told is not None:
        print(told)
        return 0
    name, *words = arguments or ["no command"]
    try:
        return _run(name, words)
    except Refusal as refusal:
        return _refuse(str(refusal), words)
    except OSError as error:
        return _refuse(fault_of(error, name), words)


def end_in_time(name: str) -> None:
    """End this program when a command takes too long, whatever holds it up and whoever still waits for it."""
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(int(LONG_SECONDS) if name in LONG else SECONDS)


def _end(*_: object) -> None:
    """The next run goes on from what is on the disk, as after a power cut."""
    os.write(2, b"not done in time; see what holds it up (a disk? a link?), and run again\n")
    os._exit(protocol.REFUSED)


def _refuse(why: str, words: List[str]) -> int:
    """Tell why, programs too where they asked for a message."""
    if words == ["--json"]:
        print(json.dumps({"error": why, "format": protocol.FORMAT}))
    print(why, file=sys.stderr)
    return protocol.REFUSED


def _run(name: str, words: List[str]) -> int:
    if name in REGISTRY:
        print(dispatch.answer(name, sys.stdin.buffer))
        return 0
    if name not in dispatch.COMMANDS:
        print("found %s; allowed: %s" % (shown(name) or "no command", ", ".join(dispatch.CONSOLE)), file=sys.stderr)
        return protocol.UNKNOWN_COMMAND
    if os.geteuid() != 0 and name not in WITHOUT_ROOT:
        raise Refusal("sentinelcam-node needs root: sudo sentinelcam-node " + " ".join([name, *words]))
    dispatch.carry_out(name, *words)
    return 0
