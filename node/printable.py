"""Text that others have a hand in, before a terminal or a log gets it."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
