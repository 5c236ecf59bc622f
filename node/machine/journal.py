"""What a unit said since it was started last: by the number that systemd gave this start, whatever the clock says.

Journals rotate, and some programs say nothing: what is there proves something, and what is not proves nothing.
"""

from __future__ import annotations

import re
from typing import List, Optional, Pattern

from node.errors import Refusal, Unknown
from node.machine import commands
from node.machine.services import Status

SECONDS = 5.0
MOST_LINES = 2000
MOST_BYTES = 1 << 20
_INVOCATION = re.compile("[0-9a-f]{32}")


def sync() -> None:
    """Wait for what was said and is still on its way. Raises Unknown when that takes too long."""
    _said(["journalctl", "--sync"])


def lines(unit: str, status: Status, most: int = MOST_LINES) -> List[str]:
    """Return the last lines of a unit's last start, oldest first, and what systemd itself said of it.

    `status`: the unit's, which says what start that is. Raises Unknown when the journal cannot be read.
    """
    number = status.invocation
    if _INVOCATION.fullmatch(number) is None:
        return []  # it was never started
    # Both fields of what systemd said are needed: anybody may write the one, and the journal itself writes the other.
    of_this_start = ["_SYSTEMD_INVOCATION_ID=" + number, "+", "_PID=1", "INVOCATION_ID=" + number]
    if status.last_pid:
        # Of a sender that has ended before its words are read, the journal knows the process and the unit alone.
        of_this_start += ["+", "_PID=%d" % status.last_pid, "_SYSTEMD_UNIT=" + unit]
    question = ["journalctl", "--lines=%d" % most, "--boot", "--output=cat", "--no-pager", "--quiet", *of_this_start]
    return _said(question).splitlines()


def find(unit: str, status: Status, pattern: Pattern[str]) -> Optional[str]:
    """Return the first line of a unit's last start in which a pattern is found; None where none is.

    Raises Unknown when the journal cannot be read.
    """
    return next((line for line in lines(unit, status) if pattern.search(line)), None)


def _said(words: List[str]) -> str:
    try:
        return commands.tail(words, SECONDS, MOST_BYTES)
    except (OSError, Refusal) as error:
        raise Unknown("the journal could not be read: %s" % error) from None
