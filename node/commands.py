"""Running other programs: each has a time limit, and none waits for an answer."""

from __future__ import annotations

import subprocess
from typing import Sequence

from node.errors import Refusal

SECONDS = 60.0
"""What a program gets that has only to look, or to tell systemd something."""
LONG_SECONDS = 12 * 3600.0
"""What one gets that waits for a link, for a task to end, or reads every byte from what may be a slow card."""


def run(words: Sequence[str], seconds: float = SECONDS) -> "subprocess.CompletedProcess[str]":
    """Run a program and return how it ended, with all it said. Raises Refusal when that takes too long."""
    try:
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            errors="replace", timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        told = (" ".join(words), seconds)
        raise Overdue("%s: not done within %g s; look what holds it up, and run again" % told) from None


class Overdue(Refusal):
    """A program took longer than it may."""


def first_line(text: str, otherwise: str = "no reason given") -> str:
    """What a program said first is its own reason; the lines after it only follow from that."""
    return (text.strip().splitlines() or [otherwise])[0]
