"""Every message that crosses a machine: what is asked of this program, and what it replies.

The control node imports these types too. A message is a line of JSON (node/codec.py) with the number of its format.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Type, TypeVar

from node import codec
from node.codec import Text
from node.desired_state import Order

FORMAT = 1
"""A new field needs no new number: who does not know it leaves it out, who misses it takes its default.

The number goes up when an older program would take a message for what it is not.
"""

SHOWN = 3  # reasons of a switch

Message = TypeVar("Message")


def dumps(message: Any) -> str:
    """Return a message, a typed tuple, as a line of JSON."""
    return json.dumps({**codec.encode(message), "format": FORMAT})


def loads(kind: Type[Message], text: str, clean: codec.Clean = str) -> Message:
    """Read a message. Each line of text in it goes through `clean`. Raises ValueError, which says what was found."""
    try:
        data = json.loads(text)
        number = codec.decode(int, data.get("format", 0) if isinstance(data, dict) else data)
        if number > FORMAT:
            raise ValueError("found format %d, expected %d or older; use a newer checkout" % (number, FORMAT))
        return codec.decode(kind, data, clean)
    except RecursionError:
        raise ValueError("too many brackets") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


class HistoryEntry(NamedTuple):
    """A line of a node's history (node/history.py): a choice, a return, a failure or a refusal."""

    n: int
    time: str
    host: str
    service: str
    operator: Optional[str]
    purpose: Optional[str]
    from_: Optional[str]
    to: Optional[str]
    commit: Optional[str]
    dirty: bool
    outcome: str
    reason: Optional[str]


class SetState(NamedTuple):
    """How a service stands to its wanted set."""

    chosen: Optional[str]
    models: Dict[str, str]
    differences: List[str]
    unready: Optional[str]  # what keeps its model files from being used
    health: Optional[str]  # what is wrong with a service that runs the wanted set
    may_restart: bool  # a run may start it anew for that
    queue: Optional[str]  # what its jobs are, where its release tells
    live: Dict[str, Optional[Text]]  # path -> the file there
    commit: Optional[str]  # that its chosen set was made from
    last: Optional[HistoryEntry]
    proven: bool  # the wanted set is the previous one and was well there

    @property
    def reasons(self) -> List[str]:
        """Why the service must be switched; empty when it is settled on the wanted set."""
        return [*self.differences, *([self.unready] if self.unready else [])]

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
    lacking: bool = False  # the stack itself must come
    to_remap: List[str] = []  # services that have mapped a library which is replaced then

    @property
    def is_settled(self) -> bool:
        """Whether the stack is there, and the system has all that the stick needs."""
        return not (self.lacking or self.libusb or self.rule or self.group)


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


class Survey(NamedTuple):
    """What a node says of itself: how it stands to an order."""

    current_program: Optional[str]  # the digest of the program that its units run
    damaged: List[str]  # what a deploy mends of the node's own state
    absent_folders: List[Path]
    lacking: List[str]  # versions
    stack: Optional[StackState]
    face_list: List[str]  # what is lacking of it
    sets: Dict[str, SetState]
    pull_access: PullAccess
    history: List[HistoryEntry]  # its last lines, oldest first
    datasink: Optional[DatasinkState]  # of the primary one only
    missing: Missing = Missing()
    remarks: List[str] = []  # what may be wrong


class DatasinkState(NamedTuple):
    authorized: Optional[bool]  # certified keys are let in; None while there is no authority
    revoked: List[str]  # pull keys that it refuses and this checkout does not
    registry: List[str]  # what the registry lacks of this run's versions
    logged: Dict[str, Logged]
    listed: List[str]  # what this checkout names of the versions on the delete-list
    unseen: List[str]  # hosts of this run that no clean-up knows to get what they do
    clean_up: List[str]  # what differs of the clean-up's units


class History(NamedTuple):
    entries: List[HistoryEntry]  # oldest first


class Refused(NamedTuple):
    """Sets that a checkout may not switch, for the node's history."""

    order: Order
    reason: str
