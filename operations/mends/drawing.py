"""The line that pyinfra redraws while it works: below it stands how far each pull is, and at its end all of it goes."""

import os
import sys
from collections import deque
from contextlib import suppress
from io import TextIOWrapper

import pyinfra.progress
from gevent.event import Event
from pyinfra.progress import WAIT_CHARS, WAIT_TIME

from operations import pulls

CLEAR = "\033[J"
"""Whatever is said next is on the same stream, and begins with it: so it takes the place of what was drawn."""


def _draw(stop: Event, queue: "deque[str]") -> None:
    """Redraw until it is over."""
    if not pulls.is_redrawn() or not isinstance(sys.stderr, TextIOWrapper):
        return
    sys.stderr.reconfigure(line_buffering=True, write_through=False)  # else CLEAR would not wait (PYTHONUNBUFFERED)
    while not stop.is_set():
        WAIT_CHARS.rotate(1)
        sys.stderr.write(frame([f"    {WAIT_CHARS[0]} {queue[-1]}"], _size()))
        sys.stderr.flush()
        sys.stderr.write(CLEAR)
        stop.wait(timeout=WAIT_TIME)
    sys.stderr.flush()  # what follows may be on another stream


def _size() -> os.terminal_size:
    with suppress(OSError):  # it may be gone
        return os.get_terminal_size(sys.stderr.fileno())
    return os.terminal_size((80, 24))


def clearing() -> str:
    """What takes away whatever is drawn, for a word that comes on another way."""
    return CLEAR if pulls.is_redrawn() else ""


def frame(above: list[str], size: os.terminal_size) -> str:
    """These lines and those of the pulls, cut to the screen, and the cursor back where they begin."""
    columns = max(1, size.columns - 1)  # a whole line would end in the next
    lines = [line[:columns] for line in (*above, *pulls.lines(columns, size.lines - len(above) - 1))]
    up = f"\033[{len(lines) - 1}A" if len(lines) > 1 else ""
    return "\n".join(lines) + up + "\r"


MENDS = ((pyinfra.progress, "_print_spinner", _draw),)
