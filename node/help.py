"""What the console's commands are, for who stands before the node: sentinelcam-node --help, --version."""

from __future__ import annotations

import os
import sys
from typing import List, NamedTuple, Optional

from node import dispatch, layout

RELEASE = "0.1.0"  # as pyproject.toml has it
_SHORT = 12


class Help(NamedTuple):
    words: str  # that can follow the command
    line: str
    more: str


COMMANDS = {
    "status": Help("[--json]", "Show each service's sets, models and health.", "With --json: a message for programs."),
    "history": Help(
        "[--json]", "Show every switch, rollback and refusal.", "Oldest first. With --json: a message for programs."
    ),
    "revert": Help(
        "[SERVICE] [--unlock]",
        "Go back to the set before.",
        "It must be healthy, else the service stays as it is. --unlock allows a face list that unlocks events.\n"
        "Of several services one must be named. The next deploy brings back what its checkout says.",
    ),
    "restore": Help(
        "[MODEL/VERSION/NAME DIGEST]",
        "Put a linked file back from a backup.",
        "Without words: show the backups. The service is stopped meanwhile, and what is replaced is kept.",
    ),
    "python": Help(
        "[SERVICE] [WORD...]",
        "Run the Python of a service, as its unit does.",
        "With the service's user, folder and variables; the words are Python's own.",
    ),
}
_ASKED = ("--help", "-h", "help")


def asked_for(arguments: List[str]) -> Optional[str]:
    """What to show when help or the release is asked for, and None when a command is; `python -h` is Python's own."""
    if not arguments:
        return None
    first, rest = arguments[0], arguments[1:]
    if first == "--version":
        return version()
    if first in _ASKED:
        return of_command(rest[0]) if rest and rest[0] in COMMANDS else of_all()
    if first in COMMANDS and rest[:1] == ["--help"]:
        return of_command(first)
    return None


def version() -> str:
    """The release, and the digest of the installed program."""
    folder, digest = os.path.split(sys.path[0])
    installed = digest[:_SHORT] if folder == str(layout.program()) else "not installed"
    return "sentinelcam-node %s, program %s" % (RELEASE, installed)


def of_all() -> str:
    width = max(map(len, dispatch.CONSOLE))
    lines = ["  %s  %s" % (name.ljust(width), COMMANDS[name].line) for name in dispatch.CONSOLE]
    return "\n".join(
        [
            "Usage: sudo sentinelcam-node COMMAND [WORD...]",
            "",
            *lines,
            "",
            "More of one: sentinelcam-node COMMAND --help",
        ]
    )


def of_command(name: str) -> str:
    found = COMMANDS[name]
    return "Usage: sudo sentinelcam-node %s %s\n\n%s\n%s" % (name, found.words, found.line, found.more)
