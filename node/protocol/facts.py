"""What a node says of itself: to a deploy its facts and history, to `modelctl status` and its console its services."""

from pathlib import Path
from typing import Container, Dict, List, NamedTuple, Optional

from node.codec import Size, Text

SHOWN = 3  # reasons of a switch


class HistoryEntry(NamedTuple):
    """A line of a node's history: how a switch ended, say. Older programs wrote less."""

    n: int
    time: str = "unknown"
    host: str = "unknown"
    service: str = "unknown"
    operator: Optional[str] = None
    purpose: Optional[str] = None
    from_: Optional[str] = None  # digests of sets
    to: Optional[str] = None
    commit: Optional[str] = None
    dirty: bool = False
    outcome: str = "unknown"  # node/store/history.py
    reason: Optional[str] = None


class History(NamedTuple):
    entries: List[HistoryEntry]  # oldest first


class SetState(NamedTuple):
    """How a service stands to its wanted set."""

    chosen: Optional[str]
    models: Dict[str, str]
    differences: List[str]
    not_ready: Optional[str]  # what keeps its model files from being used
    health: Optional[str]  # what is wrong with a service that runs the wanted set
    may_restart: bool  # a run may start it anew for that
    queue: Optional[str]  # what its jobs are, where its release tells
    live: Dict[str, Optional[Text]]  # path -> the file there
    commit: Optional[str]  # that its chosen set was made from
    last: Optional[HistoryEntry]
    known_good: bool  # the wanted set is the previous one and was healthy there

    @property
    def reasons(self) -> List[str]:
        """Why the service must be switched; empty when it is settled."""
        return [*self.differences, *([self.not_ready] if self.not_ready else [])]

    @property
    def is_to_restart(self) -> bool:
        """Whether a run starts the service anew for its health."""
        return bool(self.health) and self.may_restart

    @property
    def in_short(self) -> str:
        """The reasons in a line. A bare host differs in everything; a line is for reading."""
        more = len(self.reasons) - SHOWN
        return "; ".join([*self.reasons[:SHOWN], *(["%d more" % more] if more > 0 else [])])


class Room(NamedTuple):
    """What a pull needs of a disk, and what that has."""

    folder: Path  # that the files go to
    needed: Dict[str, Size]  # bytes, by MODEL/VERSION
    free: Size
    reserve: Size  # of the free bytes, what has to stay free
    unread: Dict[str, Size] = {}  # bytes that are there, and come anew where they prove wrong

    @property
    def size(self) -> int:
        return sum(self.needed.values())

    @property
    def problem(self) -> Optional[str]:
        """Why the files do not fit; None when they do."""
        left = self.free - self.reserve
        if not self.needed or self.size <= left:
            return None
        return (
            "%s: too little space: %s MB needed, %s MB free beside a reserve of %s MB; remove something and run again"
            % (self.folder, *("%.1f" % (size / 1e6) for size in (self.size, max(0, left), self.reserve)))
        )

    def of(self, labels: Container[str]) -> "Room":
        """The same of these versions alone."""
        needed, unread = (
            {label: each[label] for label in each if label in labels} for each in (self.needed, self.unread)
        )
        return self._replace(needed=needed, unread=unread)


class StackState(NamedTuple):
    """How a host stands to its Coral stack, and what the stick misses there."""

    libusb: bool  # Debian's package is not there
    rule: bool  # udev's is not there
    group: bool  # the service's user is not in the stick's
    to_restart: List[str]  # services to start anew for that
    udevd: bool  # it runs, and must be told of a rule
    missing: bool = False  # the stack itself must come
    to_remap: List[str] = []  # services that have mapped a library which is replaced then
    room: Optional[Room] = None  # for its packages, where it must come

    @property
    def is_settled(self) -> bool:
        """Whether the stack is there, and the system has all that the stick needs."""
        return not (self.missing or self.libusb or self.rule or self.group)


class LogLine(NamedTuple):
    n: int
    time: str


class Logged(NamedTuple):
    """A host's last lines in the deployment log, which are all from that time on."""

    lines: List[LogLine] = []
    since: str = ""

    def has(self, entry: HistoryEntry) -> bool:
        """Whether the log has that line of the host's history."""
        return LogLine(entry.n, entry.time) in self.lines or entry.time < self.since


class PullAccess(NamedTuple):
    """A node's pull key and what goes with it; None for what is not there."""

    public_key: Optional[Text]
    certificate: Optional[Text]
    known_hosts: Optional[Text]


class Missing(NamedTuple):
    """What each step of a run needs of the host and does not bring, a line each."""

    access: List[str] = []
    coral: List[str] = []
    models: List[str] = []
    configs: List[str] = []


class DatasinkState(NamedTuple):
    authorized: Optional[bool]  # certified keys are let in; None while there is no CA
    revoked: List[str]  # pull keys that it refuses and this checkout does not
    registry: List[str]  # what the registry lacks of this run's versions
    logged: Dict[str, Logged]
    clean_up: List[str]  # what differs of the clean-up's units


class Facts(NamedTuple):
    current_program: Optional[str]  # the digest of the program that its units run
    damaged: List[str]  # what a deploy mends of the node's own state
    absent_folders: List[Path]
    missing_versions: List[str]
    stack: Optional[StackState]
    face_list: List[str]  # what is missing of it
    sets: Dict[str, SetState]
    pull_access: PullAccess
    history: List[HistoryEntry]  # its last lines, oldest first
    datasink: Optional[DatasinkState]  # of the primary one only
    missing: Missing = Missing()
    remarks: List[str] = []  # what may be wrong
    references: Optional[Dict[str, str]] = None  # MODEL/VERSION -> what of its sets names it; None when one is damaged
    room: Optional[Room] = None  # for what must be pulled but the stack; None where nothing must, or nobody knows


class Pending(NamedTuple):
    """A switch that began and has not ended."""

    running: bool  # somebody still works on it
    operator: str
    purpose: str
    time: str
    from_: Optional[str]
    to: str
    commit: str = "unknown"


class Coral(NamedTuple):
    version: str  # of a service's stack
    stick: str  # "running (18d1:9302)", "boot loader (1a6e:089a)", "absent" or "unknown"
    library: str  # "loaded", "not loaded yet", "PATH (foreign)", or "unknown" where it could not be seen
    problem: Optional[str] = None  # why the service's user cannot use the stick


class NodeService(NamedTuple):
    """A service of a node. Of a program that is older than a field its default is known."""

    chosen: Optional[str]  # digests of sets
    active: bool
    live: Optional[str]  # that its process started from; None: nobody knows
    models: Dict[str, str]  # model -> version, as the chosen set has it
    health: Optional[str]  # what is wrong
    drift: List[str]
    pending: Optional[Pending]
    last: Optional[HistoryEntry]
    commit: Optional[str] = None  # that the chosen set was sent from
    leftovers: List[str] = []  # folders that a killed clean-up left
    code: Optional[str] = None  # the release of its own code
    queue: Optional[str] = None  # what its jobs are
    coral: Optional[Coral] = None
    unit: Optional[str] = None
    state: Optional[str] = None
    previous: Optional[str] = None
    manifests: Dict[str, str] = {}  # model -> SHA-256
    product: Optional[str] = None

    @property
    def is_recorded(self) -> bool:
        """Whether the node knows what the chosen set names: not of one that was found there, or is damaged."""
        return self.commit not in (None, "adopted")


class Running(NamedTuple):
    """Work that goes on at this moment: the lock that it holds says so, and who began it, when and what for."""

    work: str  # "pull", "switch" or "restore"
    operator: str
    purpose: str
    since: str
    service: Optional[str] = None  # whose set is switched
    stage: Optional[str] = None  # how far a switch is
    done: Optional[Size] = None  # bytes of a pull that came; None in its first moments
    size: Optional[Size] = None  # and of how many


class Status(NamedTuple):
    services: Dict[str, NodeService]
    program: Optional[str] = None  # the digest of the one that the units run
    references: Optional[Dict[str, str]] = None  # as `Facts` has it; None also of a program that does not say
    running: List[Running] = []
