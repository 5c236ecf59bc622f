"""The answer of a node to a survey. A node may say anything: what is no survey fails this node, and no other."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    with_config,
)
from pyinfra.api.exceptions import FactProcessError

from modelctl.faults import fault_lines, one_line
from modelctl.nodes.bundle import bundle

SHOWN = 3  # reasons of a switch
MAX_SAID = 2000  # characters
MAX_NUMBER = 10**9  # lines of a history

Said = Annotated[str, AfterValidator(lambda text: one_line(text, MAX_SAID))]
"""A node's own words, which an operator's terminal must not obey."""

Entry = dict[str, Any]  # a line of a node's history: node/history.py

_Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$")]
_Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]
_Commit = Annotated[str, Field(pattern=r"^([0-9a-f]{1,64}|unknown|adopted)$")]
_Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True)

    n: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    time: _Time
    host: _Host
    service: _Word
    operator: Said | None
    purpose: Said | None
    from_: _Digest | None = Field(alias="from")
    to: _Digest | None
    commit: _Commit | None
    dirty: bool
    outcome: _Word
    reason: Said | None


def _entry(data: Any) -> Entry | None:
    """A damaged line of the history must not keep a node from being deployed to."""
    try:
        return _Line.model_validate(data).model_dump(by_alias=True)
    except ValidationError:
        return None


def _entries(data: Any) -> Any:
    return [entry for entry in map(_entry, data) if entry is not None] if isinstance(data, list) else data


def _file(text: str) -> str:
    """A file of any length, whose lines and tabs stay."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in text)


def _is_ours(program: Any) -> bool:
    """A node names the program that its units run."""
    return bool(program == bundle().digest)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Logged:
    """Number and time of a host's last lines in the deployment log, which are all from that time on."""

    lines: list[tuple[int, Said]]
    since: Said

    def has(self, entry: Entry) -> bool:
        """Whether the log has a line of the host's history."""
        return (entry["n"], entry["time"]) in self.lines or entry["time"] < self.since


Step = Literal["access", "coral", "models", "configs"]
PullFile = Literal["pull_key.pub", "pull_key-cert.pub", "known_hosts"]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class SetState:
    """How a service stands to its wanted set.

    `unready` is what keeps its model files from being used, `health` what is wrong with a service that runs the wanted
    set and `may_restart` whether a run may start it anew for that, `queue` what its jobs are, where its release tells.
    `commit` is the one that its chosen set was made from, `last` the service's last line of the history, `proven`
    whether the wanted set is the previous one and was well there.
    """

    chosen: Said | None
    models: dict[Said, Said]
    differences: list[Said]
    unready: Said | None
    health: Said | None
    may_restart: bool
    queue: Said | None
    live: dict[str, Annotated[str, AfterValidator(_file)] | None]
    commit: Said | None
    last: Annotated[Entry | None, BeforeValidator(_entry)]
    proven: bool

    @property
    def reasons(self) -> list[str]:
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
        return "; ".join([*self.reasons[:SHOWN], *([f"{more} more"] if more > 0 else [])])


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class StackState:
    """How a host stands to its Coral stack.

    `lacking` says whether the stack itself must come; the services `to_remap` have mapped a library that is replaced
    then. For the stick the system lacks `packages` of Debian, or udev's `rule`, or the service's user is to be added to
    the stick's `group`, and the services `to_restart` are to be started anew for that; `udevd` says whether it must be
    told of a rule.
    """

    lacking: bool
    to_remap: list[Said]
    packages: list[Literal["libusb-1.0-0"]]
    rule: bool
    group: bool
    to_restart: list[Said]
    udevd: bool

    @property
    def is_settled(self) -> bool:
        """Whether the stack is there, and the system has all that the stick needs."""
        return not (self.lacking or self.packages or self.rule or self.group)


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Survey:
    """The answer of the node program's `survey` (node/survey.py).

    `damaged` is what a deploy mends of the node's own state, `history` has its last lines, oldest first. On the primary
    datasink `logged` has each host's last lines in the deployment log, `revoked` the pull keys that it refuses and this
    checkout does not, `listed` what this checkout names of the versions on the delete-list, `unseen` the hosts of this
    run that no clean-up knows to get what they do, `cleanup` what differs of its units. `missing` is what each step of
    a run needs of the host and does not bring, `remarks` what may be wrong there.
    """

    has_program: Annotated[bool, Field(validation_alias="current_program"), BeforeValidator(_is_ours)]
    damaged: list[Said]
    absent_folders: list[str]
    lacking: list[str]
    stack: StackState | None
    face_list: Annotated[dict[Literal["lacking"], list[str]], Field(min_length=1)] | None
    sets: dict[str, SetState]
    pull_access: Annotated[dict[PullFile, str | None], Field(min_length=3)]
    authorized: bool | None
    revoked: list[Said]
    history: Annotated[list[Entry], BeforeValidator(_entries)]
    logged: dict[str, Logged] | None
    registry: list[Said]
    listed: list[Said]
    unseen: list[Said]
    cleanup: list[Said]
    missing: Annotated[dict[Step, list[Said]], Field(min_length=4)]
    remarks: list[Said]


_ANSWER = TypeAdapter[Survey | None](Survey | None)


def parse(lines: Sequence[str], services: Collection[str]) -> Survey | None:
    """Read a node's answer to a question about these services: the last line, for a login may print something first.

    Raises FactProcessError for one that is no survey.
    """
    text = lines[-1] if lines else ""
    try:
        found = _ANSWER.validate_json(text.encode(errors="replace"), strict=True)
    except ValidationError as error:
        raise _is_none(fault_lines(error, {})[0], lines) from None
    if found is not None and set(found.sets) != set(services):
        raise _is_none(f"sets: found {', '.join(sorted(found.sets))}; allowed: {', '.join(sorted(services))}", lines)
    return found


def parse_history(text: str) -> list[Entry]:
    """Read a whole history. Raises FactProcessError for what is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise FactProcessError(f"the node's answer is no history: found {one_line(text[:80])}; expected a list")
    return list(_entries(found))


def _is_none(reason: str, lines: Sequence[str]) -> FactProcessError:
    found = f"found {' '.join(lines)[:80]!r}; does a login there print something of its own?"
    return FactProcessError(f"the node's answer is no survey: {one_line(reason)}; {found}")
