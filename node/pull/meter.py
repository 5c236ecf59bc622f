"""How far a pull is: said on standard output, and noted for `status`. A short one is silent; neither holds it up."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from typing import Optional

from node import layout, protocol
from node.errors import Refusal
from node.protocol.steps import PullProgress
from node.store import disk, files

FIRST = 2.0  # seconds; a shorter pull is silent
PAUSE = 1.0  # seconds between two lines
_STDOUT = 1


class Meter:
    """Made as the bytes begin to come: `size` of them in all, of which `before` are there."""

    def __init__(self, size: int, before: int) -> None:
        self._size, self._before = size, before
        self._next = time.monotonic() + FIRST

    def show(self, done: int) -> None:
        """Tell how many bytes are there by now, unless that was told a moment ago."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + PAUSE
            line = protocol.dumps(PullProgress(min(done, self._size), self._size, self._before, os.getpid())) + "\n"
            _note(line.encode())
            _say(line.encode())


def _note(line: bytes) -> None:
    with suppress(OSError, Refusal):
        files.folder(layout.RUNTIME)
        files.write(layout.pull_progress(), line)


def _say(line: bytes) -> None:
    """Whoever began the pull may be gone, or not read: the pull goes on."""
    with suppress(OSError):
        if select.select([], [_STDOUT], [], 0)[1]:  # then a short line goes out at once
            os.write(_STDOUT, line)


def read() -> Optional[PullProgress]:
    """Return what was noted last, of whichever pull; None where there is no such note."""
    try:
        return protocol.loads(PullProgress, disk.read(layout.pull_progress()).decode())
    except (OSError, ValueError, Refusal):
        return None
