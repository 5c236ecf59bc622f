"""What the user sees, and the log, which holds all of it with its time.

What other machines say reaches a terminal in printable letters only, whatever the terminal's encoding.
"""

import os
import time
from pathlib import Path
from typing import TextIO

LONGEST = 2000  # letters of a line


class Console:
    """The user's terminal or pipe, and the log beside it."""

    def __init__(self, log: Path, title: str, out: TextIO, err: TextIO) -> None:
        self._title = printable(title)
        self._out = out
        self._err = err
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("a", encoding="utf-8")
        self._drawn = ""

    @property
    def is_terminal(self) -> bool:
        """Tell whether a line can be drawn over."""
        return self._out.isatty()

    def say(self, text: str) -> None:
        """Show a line."""
        self.note(text)
        self._write(self._out, self._clear() + printable(text) + "\n")

    def complain(self, text: str) -> None:
        """Show a line on standard error."""
        self.note(text)
        self._write(self._out, self._clear())
        self._write(self._err, printable(text) + "\n")

    def draw(self, text: str) -> None:
        """Show a line over the one that was drawn before, until something is said. It is not logged."""
        self._write(self._out, self._clear() + text)
        self._drawn = text

    def note(self, text: str) -> None:
        """Log a line without showing it."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._log.write("%s %s: %s\n" % (now, self._title, printable(text)))
        self._log.flush()

    def _clear(self) -> str:
        drawn, self._drawn = self._drawn, ""
        return "\r" + " " * len(drawn) + "\r" if drawn else ""

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        encoding = stream.encoding or "ascii"
        try:
            stream.write(text.encode(encoding, "replace").decode(encoding))
            stream.flush()
        except OSError:  # nobody looks any more, which is no reason to end half-way, or to fail at the end
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())


def printable(text: str) -> str:
    """Return the text in letters that a terminal shows and does not obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST])
