"""What somebody may have meant: a suggestion is for a typing error, and never another thing than was meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.8


def nearest(found: object, names: Iterable[str]) -> str:
    """`; did you mean NAME?`, or nothing.

    What differs in a digit is another version, host or day. Of a short name a letter makes another one, too, and
    only letters that changed places are an error.
    """
    if not isinstance(found, str):
        return ""
    known = [name for name in names if _digits(name) == _digits(found)]
    moved = [name for name in known if sorted(name) == sorted(found)]
    close = moved or get_close_matches(found, known, n=1, cutoff=_ALIKE)
    return f"; did you mean {close[0]}?" if close else ""


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
