"""Running other programs: each has a time limit, and none waits for an answer."""

from __future__ import annotations

import os
import select
import subprocess
import time
from typing import IO, Sequence

from node.errors import Refusal

SECONDS = 60.0
"""What a program gets that has only to look, or to tell systemd something."""
LONG_SECONDS = 12 * 3600.0
"""What one gets that waits for a link, for a task to end, or reads every byte from what may be a slow card."""


CHUNK = 1 << 16


def run(words: Sequence[str], seconds: float = SECONDS) -> "subprocess.CompletedProcess[str]":
    """Run a program and return how it ended, with all it said. Raises Refusal when that takes too long."""
    try:
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            errors="replace", timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _overdue(words, seconds) from None


def tail(words: Sequence[str], seconds: float, most: int) -> str:
    """Run a program and return the last bytes that it said, so many at most, however much it says.

    Raises Refusal when it fails, Overdue when it takes too long.
    """
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            said = _last(process.stdout, deadline, most)
            code = process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except (subprocess.TimeoutExpired, TimeoutError):
            raise _overdue(words, seconds) from None
        finally:
            process.kill()
    if code != 0:
        raise Refusal("%s: exit status %d" % (" ".join(words), code))
    return said.decode("utf-8", "replace")


def _last(stream: IO[bytes], deadline: float, most: int) -> bytes:
    """Read to the end, and keep the last bytes. Raises TimeoutError at the deadline."""
    said = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            raise TimeoutError
        piece = os.read(stream.fileno(), CHUNK)
        if not piece:
            return bytes(said[-most:])
        said += piece
        if len(said) > 2 * most:
            del said[:-most]


def _overdue(words: Sequence[str], seconds: float) -> "Overdue":
    told = (" ".join(words), seconds)
    return Overdue("%s: not done within %g s; look what holds it up, and run again" % told)


class Overdue(Refusal):
    """A program took longer than it may."""


def first_line(text: str, otherwise: str = "no reason given") -> str:
    """What a program said first is its own reason; the lines after it only follow from that."""
    return (text.strip().splitlines() or [otherwise])[0]
