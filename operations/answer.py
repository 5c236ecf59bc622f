"""Reading a node's replies: words that an operator's terminal must not obey, from a host that may say anything."""

import re
from collections.abc import Collection, Iterable, Sequence

from pyinfra.api.exceptions import FactProcessError

from modelctl.faults import one_line
from node import protocol
from node.protocol.facts import Facts, History, HistoryEntry

MAX_SAID = 2000  # characters
_NUMBERS = range(1, 10**9)  # of the lines that the deployment log tells apart (node/registry/deployment_log.py)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def parse(lines: Sequence[str], services: Collection[str]) -> Facts:
    """Read a node's reply to a question about these services: the last line, for a login may print something first.

    Raises FactProcessError for any other, which fails that host alone.
    """
    try:
        found = protocol.loads(Facts, lines[-1] if lines else "", cleaned)
    except ValueError as error:
        raise _is_none(str(error), lines) from None
    if set(found.sets) != set(services):
        raise _is_none(f"sets: found {', '.join(sorted(found.sets))}; allowed: {', '.join(sorted(services))}", lines)
    return found._replace(history=_loggable(found.history))


def _is_none(reason: str, lines: Sequence[str]) -> FactProcessError:
    last = next((line for line in reversed(lines) if line.strip()), "")
    found = f"found {last[:80]!r}; does a login there print something of its own?"
    return FactProcessError(f"the node's answer holds no facts: {one_line(reason)}; {found}")


def parse_history(text: str) -> list[HistoryEntry]:
    """Read a whole history. Raises FactProcessError for what is none."""
    try:
        return _loggable(protocol.loads(History, text, cleaned).entries)
    except ValueError:
        raise FactProcessError(f"the node's answer is no history: found {one_line(text[:80])}; expected one") from None


def _loggable(entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """Leave out what would not begin a line of the deployment log as TIME HOST#N, or as that of another host."""
    return [each for each in entries if each.n in _NUMBERS and _TIME.fullmatch(each.time)]


def cleaned(text: str) -> str:
    """A node's own words as one line that no terminal obeys."""
    return one_line(text, MAX_SAID)
