"""The closing word as lines of text, for a screen of any width."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from modelctl import screen
from modelctl.closing.host_end import FAILURES, Closing, HostEnd, Standing
from modelctl.faults import one_line
from modelctl.table import BAD, ODD, WELL
from node.counting import counted

MANY = 12
"""From how many hosts on those of one kind share a line."""
NARROW = 80
"""Below so many columns a reason that does not fit stands under its host."""
MAX_REASON = 240  # characters: all of it is further up
NEXT = "    "
GAP = "  "
FOLDED = (Standing.UNCHANGED, Standing.CHANGED, Standing.WOULD_CHANGE, Standing.NOT_PREDICTED, Standing.NOT_TOUCHED)
_STYLES = {**dict.fromkeys(FAILURES, BAD), Standing.NOT_FINISHED: ODD, Standing.NOT_TOUCHED: ODD}
_AS_BEFORE = (Standing.UNCHANGED, Standing.NOT_REACHED)
_SHORT = 12  # digits of a commit


class Line(NamedTuple):
    text: str
    style: str = WELL


class _Row(NamedTuple):
    who: str
    standing: Standing
    reason: str


def lines(closing: Closing, columns: int) -> list[Line]:
    """What is uncommitted, a line or more for each host, those that failed last, and the sentence."""
    rows = list(_rows(closing.hosts))
    widths = max((len(row.who) for row in rows), default=0), max((len(row.standing.value) for row in rows), default=0)
    found = [line for each in closing.dirty for line in _dirty(each, columns)]
    found += [line for row in rows for line in _host_lines(row, widths, columns)]
    return [*found, *_styled(screen.fold(sentence(closing), columns), BAD if _has_failed(closing) else WELL)]


def sentence(closing: Closing) -> str:
    """How many hosts were seen to run what the checkout says, and how many of the others ended how."""
    judged = [each.runs for each in closing.hosts if each.runs is not None]
    is_known = True in judged or any(each.is_failure for each in closing.hosts)  # else nobody was asked
    clauses = [_running(judged, _commit(closing))] if judged and is_known else []
    text = "; ".join([*clauses, ", ".join(_counts(closing))])
    return text if closing.is_whole else f"stopped before its end: {text}"


def _running(judged: Sequence[bool], commit: str) -> str:
    running, hosts = judged.count(True), len(judged)
    few = "is known to run" if 1 in (running, hosts) else "are known to run"
    every = "runs" if hosts == 1 else "run"
    return f"{running} of {counted(hosts, 'host')} {every if running == hosts else few} what {commit} says"


def _commit(closing: Closing) -> str:
    """What the hosts run is in no commit where something was not committed."""
    is_in_git = closing.commit != "unknown" and not closing.commit.endswith("-dirty")
    return closing.commit[:_SHORT] if is_in_git else "this checkout"


def _counts(closing: Closing) -> list[str]:
    found = Counter(each.standing for each in closing.hosts)
    changed = found.pop(Standing.CHANGED, 0) + found.pop(Standing.CANARY, 0)
    said = [f"{changed} changed"] if changed else []
    if closing.is_whole and all(each.standing in _AS_BEFORE for each in closing.hosts):
        said = ["nothing changed" if closing.is_real else "nothing would change"]
    del found[Standing.UNCHANGED]
    return [*said, *(f"{found[each]} {each.value}" for each in Standing if found[each])]


def _rows(hosts: Iterable[HostEnd]) -> Iterator[_Row]:
    order = list(Standing)
    in_order = sorted(hosts, key=lambda each: order.index(each.standing) if each.is_failure else -1)
    for first, *more in _groups(in_order):
        yield _Row(f"{1 + len(more)} hosts" if more else first.name, first.standing, first.reason)


def _groups(hosts: Sequence[HostEnd]) -> Iterable[Sequence[HostEnd]]:
    """Of many hosts those of one kind together, unless each has a reason of its own."""
    groups: dict[Hashable, list[HostEnd]] = {}
    for host in hosts:
        is_shared = len(hosts) > MANY and host.standing in FOLDED
        groups.setdefault((host.standing, host.reason) if is_shared else host.name, []).append(host)
    return groups.values()


def _host_lines(row: _Row, widths: tuple[int, int], columns: int) -> list[Line]:
    style = _STYLES.get(row.standing, WELL)
    head = f"{row.who:<{widths[0]}}{GAP}{row.standing.value:<{widths[1]}}"
    reason = _short(row.reason)
    line = f"{head}{GAP}{reason}".rstrip()
    if len(line) > columns and columns < NARROW:
        return [Line(head.rstrip(), style), *_styled(_fitting(f"{NEXT}{reason}", columns, NEXT), style)]
    return _styled(_fitting(line, columns, " " * (len(head) + len(GAP))), style)


def _short(reason: str) -> str:
    """It as one line that ends with a whole word."""
    line = one_line(reason, MAX_REASON)
    return f"{line[:MAX_REASON].rpartition(' ')[0]} ..." if len(line) > MAX_REASON else line


def _fitting(text: str, columns: int, indent: str) -> str:
    """Folded between words; of a word that is longer than a line its end is shown."""
    room = columns - len(indent)
    words = (word if len(word) <= room else f"...{word[3 - room :]}" for word in text.split(" "))
    return screen.fold(" ".join(words), columns, indent)


def _styled(text: str, style: str) -> list[Line]:
    return [Line(line, style) for line in text.split("\n")]


def _dirty(folder: str, columns: int) -> list[Line]:
    said = f"uncommitted changes in {folder}: no commit says what this run brings"
    return _styled(_fitting(said, columns, NEXT), ODD)


def _has_failed(closing: Closing) -> bool:
    return not closing.is_whole or any(each.is_failure for each in closing.hosts)
