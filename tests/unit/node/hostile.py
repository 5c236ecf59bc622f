"""Texts that try to be more than a name or a version, for orders that reach a node."""

from collections.abc import Iterator
from contextlib import contextmanager

NAMES = {
    "nothing": "",
    "this folder": ".",
    "the folder above": "..",
    "a path upwards": "../../outside",
    "an absolute path": "/etc",
    "a path inside": "a/../../../outside",
    "a NUL": "cats\0",
    "a backslash": "..\\outside",
    "a leading dot": ".cats",
    "a leading dash": "-rf",
    "a newline at the end": "cats\n",
    "two lines": "cats\n../outside",
    "a terminal's escape": "\x1b[2Jcats",
    "a Cyrillic letter": "c\u0430ts",
    "fullwidth digits": "\uff12\uff10\uff12\uff16-01-01",
    "a bidi mark": "cats\u202estac",
    "a command": "$(touch outside)",
    "a second command": "cats; touch outside",
    "a star": "*",
    "a home": "~root",
    "a unit's specifier": "%h/cats",
    "a million letters": "a" * 1_000_000,
}
NO_TEXTS: list[object] = [None, True, 7, 1.5, float("nan"), 10**400, [], {}, ["cats"], [[[[]]]]]
LIMIT = 600  # letters of one line


@contextmanager
def trying(*values: object) -> Iterator[None]:
    """Say which values it was, when a test fails."""
    try:
        yield
    except BaseException as error:
        error.add_note("with " + ", ".join(repr(value)[:LIMIT] for value in values))
        raise


def require_line(text: str) -> str:
    """The one line of an error, which a terminal can show as it is."""
    [line] = text.removesuffix("\n").split("\n")
    assert line.isprintable(), repr(line[:LIMIT])
    assert 0 < len(line) <= LIMIT, line[:LIMIT]
    return line
