"""A registry whose sweeps decide day by day, each with the memory of the one before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from node.protocol.retention import CloneRoots, HostRoots, Moment, Reference, Sweeps
from node.registry import retention
from node.registry.retention import Decision, Stored
from node.registry.roots import DAY, Roots
from node.store import history

START = "2026-01-01T00:00:00Z"
NEW, OLD, OLDER = "cats/2025-03-01", "cats/2025-02-01", "cats/2025-01-01"


def at(day: float) -> str:
    return history.later(START, int(day * DAY))


def references(labels: Iterable[str], why: str) -> dict[str, Reference]:
    return {label: Reference(why, START) for label in labels}


def clone(*labels: str, hosts: Iterable[str] = ("lab1",), ran: float = 0, retention: int = 0) -> CloneRoots:
    return CloneRoots("anna@desk:/site", at(ran), references(labels, "current"), list(hosts), retention)


def host(*labels: str) -> HostRoots:
    return HostRoots("anna", START, references(labels, "in a set of outpost"))


def stored(*labels: str, manifest: str = "m") -> list[Stored]:
    return [Stored(label, manifest, 10) for label in labels]


@dataclass
class Timer:
    """A checkout that wants the newest of three versions, and a host that starts from it."""

    stored: list[Stored] = field(default_factory=lambda: stored(NEW, OLD, OLDER))
    clones: dict[str, CloneRoots] = field(default_factory=lambda: {"a": clone(NEW)})
    hosts: dict[str, HostRoots] = field(default_factory=lambda: {"lab1": host(NEW)})
    restored: dict[Path, str] = field(default_factory=dict)
    lost: str | None = None
    last: Sweeps | None = None

    def sweep(self, day: float, is_synchronised: bool = True, boot: str = "1", uptime: float | None = None) -> Decision:
        """What a sweep on a day decides; it removes nothing here. `uptime`: in days, as many as have passed."""
        now = Moment(at(day), boot, (day if uptime is None else uptime) * DAY, is_synchronised)
        roots = Roots(self.clones, self.hosts, self.restored, noted=self.lost)
        decided = retention.decide(self.stored, roots, self.last, now)
        self.last = Sweeps(now, decided.counts, {})
        return decided

    def going(self, day: float, is_synchronised: bool = True, boot: str = "1", uptime: float | None = None) -> set[str]:
        """What that sweep removes."""
        unneeded = self.sweep(day, is_synchronised, boot, uptime).unneeded
        return {each.label for each in unneeded if each.due <= at(day)}
