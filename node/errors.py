"""What an operator is told: refusals, apart from bugs; and text that others have a hand in."""

from __future__ import annotations

from typing import Optional


class Refusal(Exception):
    """A node cannot or will not do what it was told; the text is one line for the operator."""


class Unfit(Refusal):
    """A set was tried and does not work on this node; nothing was changed, and another host may fare no better."""


class Ended(Refusal):
    """A switch has ended, not with the wanted set: `how` is the name of its result."""

    def __init__(self, how: str, line: str) -> None:
        super().__init__(line)
        self.how = how


class Unknown(Refusal):
    """Something could not be looked at, and is never taken for right."""


def fault_of(error: OSError, name: str) -> str:
    """Return the operator's line of a full or failing disk, or a folder where a file should be: not a bug of ours."""
    return "%s: %s; mend that on the node and run again" % (error.filename or name, error.strerror or error)


def printable(text: str, limit: Optional[int] = None) -> str:
    """Return the text, or its first `limit` characters, without anything that a terminal or a log would obey."""
    text = text[:limit]
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def shown(*words: str) -> str:
    """Return words of the command line, as much of them as a line of text has room for."""
    return printable(" ".join(words), 80)
