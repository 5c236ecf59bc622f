"""A primary datasink without a disk: its clock, its registry, its roots and the memory of its sweeps, and backups."""

from dataclasses import dataclass, field
from functools import cached_property

from node import layout
from node.protocol.retention import AddRoots, CloneRoots, HostRoots, LostRoots, Moment, Sweeps
from node.registry import retention, roots
from node.registry.retention import Decision, Stored
from node.registry.roots import DAY, Roots
from node.store import history

START = history.seconds("2026-01-01T00:00:00Z")


@dataclass(frozen=True)
class File:
    """A file's content, and when its disk says that it was changed last: no backup brings that back."""

    content: CloneRoots | HostRoots | LostRoots | Sweeps
    changed: int

    @cached_property
    def is_restored(self) -> bool:
        time = self.content.at.time if isinstance(self.content, Sweeps) else self.content.time
        return abs(self.changed - history.seconds(time)) > roots.SLACK


@dataclass
class Clock:
    """`passed` is the true time; the clock is so many seconds off."""

    passed: int = START
    off: int = 0
    is_synchronised: bool = True
    booted: int = START
    boots: int = 0

    @property
    def seconds(self) -> int:
        return self.passed + self.off

    @property
    def moment(self) -> Moment:
        now = history.at(self.seconds)
        return Moment(now, str(self.boots), float(self.passed - self.booted), self.is_synchronised)

    def boot(self) -> None:
        self.boots, self.booted = self.boots + 1, self.passed


Files = dict[str, File]
MEMORY = "sweeps"


@dataclass
class Datasink:
    clock: Clock = field(default_factory=Clock)
    stored: dict[str, Stored] = field(default_factory=dict)
    files: Files = field(default_factory=dict)
    saved: Files = field(default_factory=dict)
    swept_off: int = 0
    swept_boot: int = 0
    """How wrong the clock was at the last sweep, and in which boot that was."""

    def store(self, label: str) -> None:
        self.stored.setdefault(label, Stored(label, f"manifest of {label}", 1))

    def add(self, told: AddRoots) -> None:
        """As node.registry.roots.add does it with files."""
        old = self._roots()
        now = self.clock.moment.time
        lost = roots.lost_since(old, told, now)
        if lost and lost != old.noted:
            self.files[roots.LOST] = File(LostRoots(now, lost), self.clock.seconds)
        clones, hosts = roots.added(old, told, now)
        named: dict[str, CloneRoots | HostRoots] = {f"hosts/{name}": each for name, each in hosts.items()}
        named.update({f"clones/{id}": each for id, each in clones.items()})
        for name, root in named.items():
            before = self.files.get(name)
            if before is None or before.content != root or before.is_restored:
                self.files[name] = File(root, self.clock.seconds)

    def decide(self) -> Decision:
        memory = self.files.get(MEMORY)
        last = memory.content if memory and not memory.is_restored else None
        assert last is None or isinstance(last, Sweeps)
        return retention.decide(list(self.stored.values()), self._roots(), last, self.clock.moment)

    def sweep(self) -> set[str]:
        """Remove what is due. Returns that."""
        decided, now = self.decide(), self.clock.moment
        due = {each.label for each in decided.unneeded if each.due <= now.time}
        self.stored = {label: each for label, each in self.stored.items() if label not in due}
        self.files[MEMORY] = File(Sweeps(now, decided.counts, {}), self.clock.seconds)
        self.swept_off, self.swept_boot = self.clock.off, self.clock.boots
        return due

    def named_by(self, host: str) -> set[str]:
        """What a host's roots name."""
        file = self.files.get(f"hosts/{host}")
        return set(file.content.versions) if file and isinstance(file.content, HostRoots) else set()

    def back_up(self) -> None:
        self.saved = dict(self.files)

    def restore(self, roots_too: bool, memory_too: bool, is_lost: bool) -> None:
        """Bring back roots, the memory of the sweeps, or both; `is_lost`: what is not in the backup is gone."""

        def is_meant(name: str) -> bool:
            return memory_too if name == MEMORY else roots_too

        back = {name: File(each.content, self.clock.seconds) for name, each in self.saved.items() if is_meant(name)}
        kept = {name: each for name, each in self.files.items() if not (is_lost and is_meant(name))}
        self.files = {**kept, **back}

    def set_clock(self, off: int, is_synchronised: bool) -> None:
        """A wrong clock may say that it is right, but for one that was started since the last sweep.

        For no sweep could know: of two boots only a step backwards is seen.
        """
        is_believed = is_synchronised and self.clock.boots == self.swept_boot
        self.clock.off, self.clock.is_synchronised = off, off == 0 or is_believed

    def reboot(self, off: int) -> None:
        if self.swept_off >= 0:
            self.clock.boot()
            self.set_clock(off, is_synchronised=False)

    def pass_time(self, days: int) -> None:
        """And some more: no two moments of a history are the same."""
        self.clock.passed += days * DAY + 4567

    def forget(self) -> None:
        """Lose the roots, and the memory of the sweeps."""
        self.files = {}

    def _roots(self) -> Roots:
        clones, hosts, restored, noted = {}, {}, {}, None
        for name, each in self.files.items():
            id = name.partition("/")[2]
            if isinstance(each.content, CloneRoots):
                clones[id] = each.content
            elif isinstance(each.content, HostRoots):
                hosts[id] = each.content
            elif isinstance(each.content, LostRoots):
                noted = each.content.since
            else:
                continue
            if each.is_restored:
                restored[layout.roots() / (name + ".json")] = history.at(each.changed)
        return Roots(clones, hosts, restored, noted=noted)
