"""Counts as people read them: 1 event, 20 events."""

from __future__ import annotations


def noun(count: int, singular: str) -> str:
    """Return the noun as it stands after a number; its plural ends in s."""
    return singular if count == 1 else singular + "s"


def counted(count: int, singular: str) -> str:
    """Return a number with its noun: 1 host, 1,200 hosts."""
    return "%s %s" % (format(count, ","), noun(count, singular))
