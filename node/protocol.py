"""Every message that crosses a machine: what is asked of this program, and what it replies.

The control node imports these types too. A message is a line of JSON (node/codec.py) with the number of its format.
Those about the versions that a host holds are in node/version_messages.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Generic, List, NamedTuple, Optional, Type, TypeVar

from node import codec
from node.codec import Text
from node.service_set import Installed

FORMAT = 1
"""A new field needs no new number: who does not know it leaves it out, who misses it takes its default.

The number goes up when an older program would take a message for what it is not.
"""

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
        number = codec.decode(int, data.get("format", 0) if isinstance(data, dict) else data)
        if number > FORMAT:
            raise Newer("found format %d, expected %d or older; use a newer checkout" % (number, FORMAT))
        return codec.decode(kind, data, clean)
    except RecursionError:
        raise ValueError("too many brackets") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


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
    outcome: str = "unknown"  # node/history.py
    reason: Optional[str] = None


class History(NamedTuple):
    entries: List[HistoryEntry]  # oldest first


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
    """The lines that let nodes with a certificate of this authority into the account."""

    user: str
    lines: List[str]


class InstallCleanup(NamedTuple):
    units: List[Installed]
