"""Which stored versions a sweep removes: those that no root names, that are not among the most recent others of their
model, and that sweeps have found so for a week. Time is counted from sweep to sweep: a clock that was set, or a backup
that was restored, begins all counting anew.
"""

from __future__ import annotations

import math
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from node import names
from node.counting import counted
from node.machine import clock
from node.protocol.retention import CloneRoots, Count, Moment, Sweeps, Unneeded
from node.registry.roots import CLONE_DAYS, DAY, HOST_DAYS, LOST_DAYS, Roots
from node.store import history

# A version goes so many days after it was found unneeded; what no sweep has removed until then is found anew.
FIRST_DAYS, LAST_DAYS = 6, 35
TOLD_DAYS = 14  # so long before the end of roots it is told
NOBODY = "no checkout has deployed for %d days; a deploy tells what must stay" % CLONE_DAYS


class Stored(NamedTuple):
    label: str
    manifest: str  # its SHA-256
    bytes: int  # that its removal frees

    @property
    def model(self) -> str:
        return self.label.partition("/")[0]

    @property
    def version(self) -> str:
        return self.label.partition("/")[2]


class Decision(NamedTuple):
    held: Optional[str]
    unneeded: List[Unneeded]
    kept: Dict[str, List[str]]
    notes: List[str]
    counts: Dict[str, Count]


class _Counting:
    """Since when each thing is as it is; what is not asked for is forgotten."""

    def __init__(self, before: Dict[str, Count], now: str) -> None:
        self._before, self._now = before, now
        self.counts = {}  # type: Dict[str, Count]

    def days(self, name: str, what: str, limit: float = float("inf")) -> float:
        """Return since how many days a thing is so; beyond the limit, counting begins anew."""
        before = self._before.get(name)
        if before is None or before.what != what or self._passed(before) > limit:
            before = Count(what, self._now)
        self.counts[name] = before
        return self._passed(before)

    def _passed(self, count: Count) -> float:
        return (history.seconds(self._now) - history.seconds(count.since)) / DAY


def decide(stored: Sequence[Stored], roots: Roots, last: Optional[Sweeps], now: Moment) -> Decision:
    """Return what goes and what stays, and what the next sweep is to remember."""
    if not now.is_synchronised:
        return Decision("the clock is not synchronised, so no time is counted: timedatectl", [], {}, [], {})
    before = last.counts if last and last.at.is_synchronised and not clock.was_set(last.at, now) else {}
    counting = _Counting(before, now.time)
    notes = []  # type: List[str]
    live = {id: each for id, each in sorted(roots.clones.items()) if _is_live(id, each, counting, notes)}
    clones = list(live.values())
    named = {host for each in clones for host in each.hosts}
    hosts = {name for name in roots.hosts if _is_kept(name, named, counting, notes)}
    unsure = _why_unsure(roots, counting)
    held = _why_held(roots, clones, {*live, *hosts}, named) or unsure
    if held:
        return Decision(held, [], {}, notes, {**before, **counting.counts})
    kept = _kept(stored, roots, clones, hosts)
    going = [_unneeded(each, counting) for each in stored if each.label not in kept]
    return Decision(None, going, kept, notes, counting.counts)


def _why_held(roots: Roots, clones: List[CloneRoots], lasting: Set[str], named: Set[str]) -> Optional[str]:
    """Return why nothing may go. Roots that have ended hold nothing back: no deploy writes them anew."""
    for path, why in sorted(roots.damaged.items()):
        return "%s: damaged (%s); a deploy writes it anew" % (path, why)
    if not clones:
        return NOBODY
    restored = [path for path in roots.restored if path.stem in lasting]
    if restored:
        return "%s: it came from a backup; a deploy writes it anew" % restored[0]
    unknown = sorted(named - set(roots.hosts))
    if unknown:
        return "%s: nothing is known of what it needs; a deploy of it tells" % ", ".join(unknown)
    return None


def _why_unsure(roots: Roots, counting: _Counting) -> Optional[str]:
    """Return why nobody knows what others want: their roots are not there, and no deploy of theirs has told anew."""
    left = LOST_DAYS - counting.days("lost roots", roots.lost) if roots.lost else 0
    lost = "roots were lost, or came from a backup, at %s; who has not deployed since has %d more days to do it"
    return lost % (roots.lost, math.ceil(left)) if left > 0 else None


def _is_live(id: str, clone: CloneRoots, counting: _Counting, notes: List[str]) -> bool:
    """Tell whether a clone's roots count: as long as it runs, and for some time after."""
    called = "%s, which ran last at %s" % (clone.name, clone.time)
    return _lasts("clone " + id, clone.time, CLONE_DAYS, called, counting, notes)


def _is_kept(host: str, named: Set[str], counting: _Counting, notes: List[str]) -> bool:
    """Tell whether a host's roots count: as long as a clone names it, and for some time after."""
    return host in named or _lasts("host " + host, "", HOST_DAYS, "%s, which no checkout names" % host, counting, notes)


def _lasts(name: str, what: str, limit: int, called: str, counting: _Counting, notes: List[str]) -> bool:
    left = limit - counting.days(name, what)
    if left <= TOLD_DAYS:
        notes.append(
            "the roots of %s, %s" % (called, "end in " + counted(int(left), "day") if left > 0 else "have ended")
        )
    return left > 0


def _kept(stored: Sequence[Stored], roots: Roots, clones: List[CloneRoots], hosts: Set[str]) -> Dict[str, List[str]]:
    reasons = {}  # type: Dict[str, List[str]]
    for label, why in _reasons(roots, clones, hosts):
        reasons.setdefault(label, []).append(why)
    retention = max(each.retention for each in clones)
    others = ((each.model, each.version) for each in stored if each.label not in reasons)
    for pair in most_recent(others, retention):
        reasons["%s/%s" % pair] = ["one of the %d most recent others" % retention]
    return {each.label: reasons[each.label] for each in stored if each.label in reasons}


def _reasons(roots: Roots, clones: List[CloneRoots], hosts: Set[str]) -> Iterator[Tuple[str, str]]:
    for clone in clones:
        for label, each in clone.versions.items():
            yield label, "%s: %s, since %s" % (clone.name, each.why, each.since)
    for host in sorted(hosts):
        for label, each in roots.hosts[host].versions.items():
            yield label, "%s: %s, since %s, told by %s" % (host, each.why, each.since, roots.hosts[host].by)


def most_recent(versions: Iterable[Tuple[str, str]], count: int) -> Iterator[Tuple[str, str]]:
    """Yield the most recent `count` versions of each model, as (model, version)."""
    by_model = {}  # type: Dict[str, List[str]]
    for model, version in versions:
        by_model.setdefault(model, []).append(version)
    for model, each in by_model.items():
        yield from ((model, version) for version in sorted(each, key=names.age, reverse=True)[:count])


def named(label: str) -> str:
    """What a version is called among the counts."""
    return "version " + label


def _unneeded(stored: Stored, counting: _Counting) -> Unneeded:
    name = named(stored.label)
    counting.days(name, stored.manifest, LAST_DAYS)
    since = counting.counts[name].since
    due = history.later(since, FIRST_DAYS * DAY)
    return Unneeded(stored.label, stored.manifest, stored.bytes, since, due)
