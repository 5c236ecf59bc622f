"""Reading a node's replies: words that an operator's terminal must not obey, from a host that may say anything."""

import re
from collections.abc import Collection, Sequence

from pyinfra.api.exceptions import FactProcessError

from modelctl.faults import one_line
from node import protocol
from node.protocol import History, HistoryEntry, Survey

MAX_SAID = 2000  # characters
MAX_NUMBER = 10**9  # lines of a history

_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_DIGEST = re.compile(r"[0-9a-f]{1,64}")
_COMMIT = re.compile(r"[0-9a-f]{1,64}|unknown|adopted")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def parse(lines: Sequence[str], services: Collection[str]) -> Survey:
    """Read a node's reply to a question about these services: the last line, for a login may print something first.

    Raises FactProcessError for any other, which fails that host alone.
    """
    try:
        found = protocol.loads(Survey, lines[-1] if lines else "", cleaned)
    except ValueError as error:
        raise _is_none(str(error), lines) from None
    if set(found.sets) != set(services):
        raise _is_none(f"sets: found {', '.join(sorted(found.sets))}; allowed: {', '.join(sorted(services))}", lines)
    sets = {name: each._replace(last=each.last if each.last and _is_sound(each.last) else None)
            for name, each in found.sets.items()}  # fmt: skip
    return found._replace(history=list(filter(_is_sound, found.history)), sets=sets)


def parse_history(text: str) -> list[HistoryEntry]:
    """Read a whole history. Raises FactProcessError for what is none."""
    try:
        return list(filter(_is_sound, protocol.loads(History, text, cleaned).entries))
    except ValueError as error:
        said = f"the node's answer is no history: {one_line(str(error))}; found {one_line(text[:80])}"
        raise FactProcessError(said) from None


def cleaned(text: str) -> str:
    """A node's own words as one line that no terminal obeys."""
    return one_line(text, MAX_SAID)


def _is_sound(entry: HistoryEntry) -> bool:
    """Whether it can stand in the deployment log as this host's line, and no other."""
    forms = [
        (_TIME, entry.time), (_HOST, entry.host), (_WORD, entry.service), (_WORD, entry.outcome),
        (_DIGEST, entry.from_), (_DIGEST, entry.to), (_COMMIT, entry.commit),
    ]  # fmt: skip
    return 1 <= entry.n <= MAX_NUMBER and all(text is None or form.fullmatch(text) for form, text in forms)


def _is_none(reason: str, lines: Sequence[str]) -> FactProcessError:
    found = f"found {' '.join(lines)[:80]!r}; does a login there print something of its own?"
    return FactProcessError(f"the node's answer is no survey: {one_line(reason)}; {found}")
