"""What keeps versions in the registry, and what its sweep finds: said to the datasink, and stored there."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from node.codec import Size
from node.protocol import Command, Nothing


class Reference(NamedTuple):
    why: str  # a version is needed
    since: str  # when that is known


class CloneRoots(NamedTuple):
    """What the checkout of a clone references, and the hosts that it gives services to."""

    name: str  # user@control-node:folder
    time: str  # when this was written; each day at most, unless it changes
    versions: Dict[str, Reference]  # MODEL/VERSION
    hosts: List[str]
    retention: Size  # how many other versions of each model stay


class HostRoots(NamedTuple):
    """What the sets of a host reference, and what it is about to get."""

    by: str  # whose run it was
    time: str
    versions: Dict[str, Reference]


class LostRoots(NamedTuple):
    """Some roots were lost, or came from a backup."""

    time: str  # when this was written
    since: str


class Clone(NamedTuple):
    name: str
    versions: Dict[str, str]  # MODEL/VERSION -> why
    hosts: List[str]
    retention: Size
    has_told: bool = False  # before, so that its roots are there, unless they were lost


class HostReferences(NamedTuple):
    versions: Dict[str, str]
    is_complete: bool  # its own sets were read in this run, so that others go


class AddRoots(NamedTuple):
    clone: Clone
    hosts: Dict[str, HostReferences]
    operator: str


class Moment(NamedTuple):
    """A time that a datasink's clock showed, and what tells whether it was set meanwhile."""

    time: str
    boot: str  # the id of that boot
    uptime: float  # seconds since then
    is_synchronised: bool


class Count(NamedTuple):
    """Since when sweeps have found the same of something: a version that nobody needs, a root that nobody renews."""

    what: str
    since: str


class Sweeps(NamedTuple):
    at: Moment  # of the last sweep
    counts: Dict[str, Count]
    going: Dict[str, str]  # MODEL/VERSION that is being removed -> its line in the log


class AskRetention(NamedTuple):
    registry: Path
    user: str  # who runs the sweep


class Unneeded(NamedTuple):
    """A stored version that nothing needs: what its removal frees, since when, and from when on it goes."""

    label: str
    manifest: str
    bytes: Size
    since: str
    due: str

    @property
    def line(self) -> str:
        """What the log says, after the time, when it is removed."""
        return "removed %s, %d bytes; unneeded since %s" % (self.label, self.bytes, self.since)


class Retention(NamedTuple):
    now: str
    held: Optional[str]  # why nothing goes, whatever its time
    unneeded: List[Unneeded]
    kept: Dict[str, List[str]]  # MODEL/VERSION -> why it stays
    notes: List[str]  # roots that end soon
    sizes: Dict[str, Size]  # MODEL/VERSION -> bytes
    unreadable: Dict[str, str]  # MODEL or MODEL/VERSION -> why
    free: Size
    total: Size
    is_installed: bool = True  # the sweep's unit is there
    going: Dict[str, Size] = {}  # MODEL/VERSION that a sweep was removing when it ended -> bytes that are left

    @property
    def due(self) -> List[Unneeded]:
        """What goes now."""
        return [] if self.held else [each for each in self.unneeded if each.due <= self.now]


class Sweep(NamedTuple):
    log: Path


class Swept(NamedTuple):
    lines: List[str]  # of the log
    fault: Optional[str]  # why the unit failed


ADD_ROOTS = Command("add-roots", AddRoots, Nothing, "nothing")
RETENTION = Command("retention", AskRetention, Retention, "what its sweep would do")
SWEEP = Command("sweep-now", Sweep, Swept, "what its sweep did")
