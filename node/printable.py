"""Text that others have a hand in, before a terminal or a log gets it."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text without anything that a terminal would obey."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def shown(*words: str) -> str:
    """Return words of the command line, as much of them as a line of text has room for."""
    return printable(" ".join(words)[:80])
