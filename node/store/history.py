"""The audit log: one line of JSON for each choice, rollback and refusal. Lines are only ever added."""

from __future__ import annotations

import calendar
import json
import time
from typing import Iterator, List, Optional

from node import codec, layout
from node.errors import Refusal, printable
from node.protocol.facts import HistoryEntry
from node.store import disk, files
from node.store.pending_switch import Request

CHOSEN = "chosen"  # runs, healthy, with the new set; or holds it, where the service is stopped
ROLLED_BACK = "returned"  # the new set was not healthy, or its switch died: the old one is chosen again
FAILED = "failed"  # the new set is not healthy and stays, for there is no healthy one to return to
REFUSED = "refused"  # nothing was changed
RESTORED = "restored"  # a linked file was put back
KILLED, WENT_DOWN = "the switch was killed", "the node went down during the switch"
INTERRUPTED = (KILLED, WENT_DOWN)  # how the reason of an entry begins that says nothing about its set
RECENT = 20
FORMAT = 1
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def add(request: Request, old: Optional[str], result: str, reason: Optional[str]) -> None:
    """Append a line. It is on the disk when this returns."""
    known = entries()
    entry = HistoryEntry(
        n=known[-1].n + 1 if known else 1,
        time=now(),
        host=request.host,
        service=request.service,
        operator=request.operator,
        purpose=request.purpose,
        from_=old,
        to=request.digest,
        commit=request.commit.partition("-")[0],
        dirty=request.commit.endswith("-dirty"),
        outcome=result,
        reason=reason and _line(reason),
    )
    files.folder(layout.STATE)
    line = {**codec.encode(entry), "format": FORMAT}
    files.append(layout.history(), json.dumps(line, sort_keys=True).encode())


def entries() -> List[HistoryEntry]:
    """Return all lines, oldest first, but for those that are none, as one that a power cut tore."""
    try:
        return list(_parsed(disk.lines(layout.history())))
    except (OSError, Refusal):
        return []  # it is damaged: node/mend.py says so


def _parsed(lines: List[str]) -> Iterator[HistoryEntry]:
    for line in lines:
        try:
            data = json.loads(line)
            codec.require_format(FORMAT, data)
            yield codec.decode(HistoryEntry, data, _line)
        except (ValueError, TypeError, AttributeError, RecursionError, Refusal):
            continue  # each line is judged for itself


def last(service: str) -> Optional[HistoryEntry]:
    """Return the last line of a service."""
    return next((entry for entry in reversed(entries()) if entry.service == service), None)


def was_healthy(service: str, digest: str) -> bool:
    """Tell whether the last switch of a service to a set found it healthy, and no later rollback did not."""
    for entry in reversed(entries()):
        is_to, is_from = entry.to == digest, entry.from_ == digest
        if entry.outcome == RESTORED:
            continue
        if entry.service == service and (is_to or (is_from and entry.outcome == FAILED)):
            return is_to and entry.outcome == CHOSEN
    return False


def text(entry: HistoryEntry) -> str:
    """Return a line for people, which also begins with TIME HOST#N in the datasink's log."""
    line = "%s %s#%d %s %s %s -> %s commit %s%s by %s: %s" % (
        entry.time, entry.host, entry.n, entry.service, entry.outcome, short(entry.from_), short(entry.to),
        short(entry.commit), " dirty" if entry.dirty else "", entry.operator, entry.purpose,
    )  # fmt: skip
    return _line(line + ("; " + entry.reason if entry.reason else ""))


def _line(text: str) -> str:
    return printable(" ".join(text.split()))


def short(digest: Optional[str]) -> str:
    return (digest or "none")[:12]


def now() -> str:
    """Return the node's time in UTC: ISO 8601, to the second."""
    return time.strftime(_TIME, time.gmtime())


def at(since_1970: float) -> str:
    """Return a time as `now` does."""
    return time.strftime(_TIME, time.gmtime(since_1970))


def seconds(moment: str) -> int:
    """Return the seconds since 1970 of a time as `now` says it. Raises ValueError for what is none."""
    return calendar.timegm(time.strptime(moment, _TIME))


def later(moment: str, more: int) -> str:
    """Return the time so many seconds later."""
    return at(seconds(moment) + more)
