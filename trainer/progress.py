"""How far an upload is: on a terminal one line that is drawn over, else a line every ten seconds."""

import time
from typing import Callable

from trainer.console import Console

EVERY = 10.0  # seconds between lines
REDRAW = 0.5  # seconds between drawings


class Progress:
    """Counts bytes, and shows them now and then."""

    def __init__(self, console: Console, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._total = total
        self._clock = clock
        self._sent = 0
        self._said = self._drawn = clock()

    def begin(self, there: int) -> None:
        """Take up what the other side has already."""
        self._sent = there
        if there:
            self._console.say("resuming: %s are there already" % self._text())

    def add(self, count: int) -> None:
        """Count bytes that were sent."""
        self._sent += count
        now = self._clock()
        if now - self._said >= EVERY:
            self._said = now
            self._console.say("sent %s" % self._text())
        elif self._console.is_terminal and now - self._drawn >= REDRAW:
            self._drawn = now
            self._console.draw("sent %s" % self._text())

    def _text(self) -> str:
        percent = 100 * self._sent // self._total if self._total else 100
        return "%.1f of %.1f MB (%d %%)" % (self._sent / 1e6, self._total / 1e6, percent)
