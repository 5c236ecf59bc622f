"""Text that others have a hand in, before a terminal or a log gets it."""

from __future__ import annotations

from typing import Optional


def printable(text: str, limit: Optional[int] = None) -> str:
    """Return the text, or its first `limit` characters, without anything that a terminal would obey."""
    text = text[:limit]
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "?" for letter in text)


def shown(*words: str) -> str:
    """Return words of the command line, as much of them as a line of text has room for."""
    return printable(" ".join(words), 80)
