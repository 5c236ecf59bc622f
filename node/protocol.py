"""Every message that crosses a machine: what is asked of this program, and what it replies.

The control node imports these types too. A message is a line of JSON (node/codec.py) with the number of its format.
Those about the versions that a host holds are in node/version_messages.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Generic, List, NamedTuple, Optional, Type, TypeVar

from node import codec
from node.codec import Sha256, Size, Text
from node.store.service_set import Installed

FORMAT = 1
"""A new field needs no new number: who does not know it leaves it out, who misses it takes its default.

The number goes up when an older program would take a message for what it is not.
"""

SHOWN = 3  # reasons of a switch

REFUSED = 1
"""How the program ends that will not or cannot do it: the last line on standard error says why."""
UNKNOWN_COMMAND = 64
"""How it ends when it is too old to know the command: EX_USAGE, which neither sudo nor Python end with."""

Message = TypeVar("Message")
Question = TypeVar("Question")
Reply = TypeVar("Reply")


class Newer(ValueError):
    """A message of a newer format, which would be taken for what it is not."""


def dumps(message: Any) -> str:
    """Return a message, a typed tuple, as a line of JSON."""
    return json.dumps({**codec.encode(message), "format": FORMAT})


def loads(kind: Type[Message], text: str, clean: codec.Clean = str) -> Message:
    """Read a message. Each line of text in it goes through `clean`. Raises Newer, or ValueError which says why."""
    try:
        data = json.loads(text)
        number = codec.decode(Size, data.get("format", 0) if isinstance(data, dict) else data)
        if number > FORMAT:
            raise Newer("found format %d, expected %d or older; use a newer checkout" % (number, FORMAT))
        return codec.decode(kind, data, clean)
    except RecursionError:
        raise ValueError("too many brackets") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


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
    known_good: bool  # the wanted set is the previous one and was well there

    @property
    def reasons(self) -> List[str]:
        """Why the service must be switched; empty when it is settled on the wanted set."""
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


class StackState(NamedTuple):
    """How a host stands to its Coral stack, and what it lacks for the stick."""

    libusb: bool  # Debian's package is not there
    rule: bool  # udev's is not there
    group: bool  # the service's user is not in the stick's
    to_restart: List[str]  # services to start anew for that
    udevd: bool  # it runs, and must be told of a rule
    missing: bool = False  # the stack itself must come
    to_remap: List[str] = []  # services that have mapped a library which is replaced then

    @property
    def is_settled(self) -> bool:
        """Whether the stack is there, and the system has all that the stick needs."""
        return not (self.missing or self.libusb or self.rule or self.group)


class Logged(NamedTuple):
    """A host's last lines in the deployment log, which are all from that time on."""

    lines: List[LogLine] = []
    since: str = ""

    def has(self, entry: HistoryEntry) -> bool:
        """Whether the log has a line of the host's history."""
        return LogLine(entry.n, entry.time) in self.lines or entry.time < self.since


class LogLine(NamedTuple):
    n: int
    time: str


class PullAccess(NamedTuple):
    """A node's pull key and what goes with it; None for what is not there."""

    public_key: Optional[Text]
    certificate: Optional[Text]
    known_hosts: Optional[Text]


class Missing(NamedTuple):
    """What each step of a run needs of the host and does not bring."""

    access: List[str] = []
    coral: List[str] = []
    models: List[str] = []
    configs: List[str] = []


class Facts(NamedTuple):
    """What a node says of itself: how it stands to its desired state."""

    current_program: Optional[str]  # the digest of the program that its units run
    damaged: List[str]  # what a deploy mends of the node's own state
    absent_folders: List[Path]
    missing_versions: List[str]  # versions
    stack: Optional[StackState]
    face_list: List[str]  # what is missing of it
    sets: Dict[str, SetState]
    pull_access: PullAccess
    history: List[HistoryEntry]  # its last lines, oldest first
    datasink: Optional[DatasinkState]  # of the primary one only
    missing: Missing = Missing()
    remarks: List[str] = []  # what may be wrong


class DatasinkState(NamedTuple):
    authorized: Optional[bool]  # certified keys are let in; None while there is no CA
    revoked: List[str]  # pull keys that it refuses and this checkout does not
    registry: List[str]  # what the registry lacks of this run's versions
    logged: Dict[str, Logged]
    listed: List[str]  # what this checkout names of the versions on the delete-list
    unseen: List[str]  # hosts of this run that no clean-up knows to get what they do
    clean_up: List[str]  # what differs of the clean-up's units


class Command(Generic[Question, Reply]):
    """A command that is asked over SSH: what it reads and writes, and what its answer is called in an error."""

    def __init__(self, name: str, question: Type[Question], reply: Type[Reply], called: str) -> None:
        self.name, self.question, self.reply, self.called = name, question, reply, called


class Nothing(NamedTuple):
    """The reply of a command that only does something."""


class HistoryEntry(NamedTuple):
    """A choice, a return, a failure or a refusal: a line of a node's history. Older programs wrote less."""

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


class SwitchResult(NamedTuple):
    """How the switches of a desired state ended, by service.

    A service that is absent was not reached, or nobody knows yet how its switch ends.
    """

    ended: Dict[
        str, str
    ]  # chosen, returned, failed or refused (node/store/history.py), or unfit (node/switch/switch_result.py)


class AppendLog(NamedTuple):
    """Lines for the deployment log, a file of this owner."""

    log: Path
    owner: str
    lines: List[HistoryEntry]


class Refused(NamedTuple):
    """A switch to these sets that the operator's checkout may not ask for, for the history."""

    host: str
    sets: Dict[str, str]  # service -> digest
    operator: str
    purpose: str
    commit: str
    reason: str


class Pending(NamedTuple):
    """A switch that began and has not ended; `running` says whether somebody still works on it."""

    running: bool
    operator: str
    purpose: str
    time: str
    from_: Optional[str]
    to: str
    commit: str = "unknown"


class Coral(NamedTuple):
    """How it is with a service's Coral stack."""

    version: str
    stick: str
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
    named: Optional[Dict[str, List[str]]] = None  # versions that any set names which it may start from; None: unknown
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


class Status(NamedTuple):
    services: Dict[str, NodeService]
    program: Optional[str] = None  # the digest of the one that the units run


class InstallAccess(NamedTuple):
    certificate: Text
    known_hosts: Text


class Authorize(NamedTuple):
    """The lines that let nodes with a certificate of this CA into the account."""

    user: str
    lines: List[str]


class InstallCleanup(NamedTuple):
    units: List[Installed]


# On a datasink: its model registry, and what was collected there (node/registry/).


class Measured(NamedTuple):
    """What the bytes of a file are."""

    sha256: Sha256
    size: Size


class Done(NamedTuple):
    """The reply where there is nothing else to say."""


class ListRegistry(NamedTuple):
    """Asks which versions of these models a registry holds."""

    registry: Path
    models: List[str]


class ListedVersion(NamedTuple):
    """The folder of a version: its files with their sizes, and `shared`, those of them that have further hard links.

    `manifest` is cut off past a limit, and None where there is none. `fault` is why the folder could not be read.
    """

    model: str
    version: str
    files: Dict[str, Size]
    shared: List[str]
    manifest: Optional[bytes]
    fault: Optional[str]


class RegistryListing(NamedTuple):
    """The reply. `free` and `total` are the bytes of the disk.

    `unreadable` are models whose folder could not be listed, and why; `leftovers` the folders that an unfinished import
    or clean-up left, as MODEL/NAME; `fault` is why nothing could be listed; `is_there` is False where there is nothing.
    """

    versions: List[ListedVersion]
    unreadable: Dict[str, str]
    leftovers: List[str]
    free: Size
    total: Size
    fault: Optional[str]
    is_there: bool


class ReadFolder(NamedTuple):
    """Asks what is in the folder at the end of these names: each a folder in the one before, and none a link."""

    root: Path
    names: List[str]


class FolderContents(NamedTuple):
    """The reply. `others` tells what each name is that is no readable file; `fault` why nothing could be read."""

    files: Dict[str, Measured]
    others: Dict[str, str]
    manifest: Optional[bytes]
    fault: Optional[str]


class ImportPlace(NamedTuple):
    """Where a folder is to become a version; it asks whether it can."""

    registry: Path
    model: str
    version: str
    path: Path


class ImportRoom(NamedTuple):
    """The reply: whether something is in the version's place, and the bytes that the disk has for it."""

    stored: bool
    free: Size


class ImportedFile(NamedTuple):
    """A file by its name in the folder, and in the version."""

    old: str
    new: str
    sha256: str


class Import(NamedTuple):
    """Asks for the version."""

    place: ImportPlace
    files: List[ImportedFile]
    manifest: Text


class FindStacks(NamedTuple):
    """Asks which of these Coral stacks a registry holds."""

    registry: Path
    versions: List[str]


class StoredStack(NamedTuple):
    """What lies in a stack's place: the text of its manifest, "" without one, and the sizes of all its files."""

    manifest: Text
    files: Dict[str, Size]


class StoredStacks(NamedTuple):
    """The reply: those that are there, and the bytes that the disk has left."""

    stored: Dict[str, StoredStack]
    free: Size


class FetchPackages(NamedTuple):
    """Asks for files, by name and address, from their release pages. `again` is what an operator types next."""

    folder: Path
    urls: Dict[str, str]
    again: str


class ReceivePackage(NamedTuple):
    """Announces a file of a stack, whose bytes follow."""

    registry: Path
    version: str
    name: str
    file: Measured
    again: str


class FinishStack(NamedTuple):
    """Asks for a version of what was staged. `digests` are the pinned ones; `head` is what its manifest begins with."""

    registry: Path
    version: str
    files: List[str]
    digests: Dict[str, str]
    head: Text
    again: str


class CheckCollected(NamedTuple):
    """Asks which files, each with its SHA-256, were collected. `folder` is that of all, `place` a version's in it."""

    folder: Path
    place: str
    files: Dict[str, str]


class Collected(NamedTuple):
    """The reply: the names of those that were, and the bytes that the disk has left."""

    collected: List[str]
    free: Size


class ReceiveCollected(NamedTuple):
    """Announces a collected file, whose bytes follow."""

    folder: Path
    place: str
    name: str
    file: Measured


class FindParts(NamedTuple):
    """Asks what killed collects left anywhere."""

    folder: Path


class FoundParts(NamedTuple):
    """The reply, as HOST/MODEL/VERSION/NAME."""

    parts: List[str]


class FinishCollected(NamedTuple):
    """Asks to name what had come whole of a version."""

    folder: Path
    place: str


class FinishedCollected(NamedTuple):
    """The reply, with paths: what has its name now, and what never came whole."""

    kept: List[str]
    left: List[str]
