"""What somebody may have meant: a suggestion is for a typing error, and never another thing than was meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.8


def nearest(found: object, names: Iterable[str]) -> str:
    """`; did you mean NAME?`, or nothing.

    What differs in a digit is another version, host or day. Of a short name a letter makes another one, too, and
    only letters that changed places are an error.
    """
    close = _closest(found, names)
    return f"; did you mean {close}?" if close else ""


def misspelt(missing: str, others: Iterable[str]) -> str:
    """A word on the name that stands in the place of a missing one, of those that nobody needs; or nothing."""
    close = _closest(missing, others)
    return f"; found {close!r} beside it: change that to this one, if it is meant" if close else ""


def _closest(found: object, names: Iterable[str]) -> str | None:
    if not isinstance(found, str):
        return None
    known = [name for name in names if _digits(name) == _digits(found)]
    moved = [name for name in known if sorted(name) == sorted(found)]
    close = moved or get_close_matches(found, known, n=1, cutoff=_ALIKE)
    return close[0] if close else None


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
