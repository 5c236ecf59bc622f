"""The delete-list on the primary datasink: the versions that its clean-up may remove, and from when on.

Beside it lies what each host was last seen to name, for the hosts that cannot be asked when the next list is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from modelctl.fleet import Fleet
from modelctl.nodes import node_command, remote
from modelctl.nodes.node_status import Said
from modelctl.retiring.retirement import Pair
from modelctl.values import ModelName, NonNegativeInt, Sha256, Version

ANSWER_SECONDS = 60


def _real(text: str) -> str:
    datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)  # ValueError for a day that no month has
    return text


Time = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"), AfterValidator(_real)]
"""UTC, ISO 8601."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Entry(_Part):
    """A version that may go: its manifest's SHA-256, the bytes that it frees, when its time comes, who listed it."""

    model: ModelName
    version: Version
    manifest: Sha256
    bytes: NonNegativeInt
    due: Time
    since: Time
    operator: Said

    @property
    def pair(self) -> Pair:
        """Its model and version."""
        return self.model, self.version

    @property
    def label(self) -> str:
        """Its model and version, for people."""
        return f"{self.model}/{self.version}"


class Sight(_Part):
    """The versions of each model that a host's sets named, and when it said so."""

    time: Time
    named: dict[Said, list[Said]]


class State(_Part):
    """What the datasink holds, and the time there: the clock that tells when an entry is due.

    `digest` is that of what a decision rests on. `entries` and `seen` are None where the file is damaged. An entry that
    was carried out is none any more.
    """

    now: Time
    digest: Sha256
    entries: tuple[Entry, ...] | None
    seen: dict[str, Sight] | None


_LABELS = TypeAdapter(list[Said])


def read(fleet: Fleet) -> State:
    """What the primary datasink holds. Raises remote.NoAnswer when it does not say."""
    text = _run(fleet, "delete-list", {"log": fleet.cleanup_log()})
    try:
        return State.model_validate_json(text)
    except ValidationError:
        raise remote.misunderstood(fleet, fleet.site.primary_datasink, text, "its delete-list") from None


def renew(fleet: Fleet, old: State, entries: Sequence[Entry], seen: Mapping[str, Sight]) -> None:
    """Write both anew. Raises OperatorError when they are not `old`'s any more."""
    message = {
        "was": old.digest,
        "entries": [entry.model_dump() for entry in entries],
        "seen": {host: sight.model_dump() for host, sight in seen.items()},
    }
    _run(fleet, "renew-delete-list", message)


def spare(fleet: Fleet, versions: Iterable[Pair], hosts: Iterable[str] = ()) -> list[str]:
    """Take versions that are wanted again off the list, and return those that were on it, as MODEL/VERSION.

    `hosts` are those that get them: the next list knows it, should they be away by then. Raises remote.NoAnswer when
    the datasink cannot be reached, OperatorError when it refuses.
    """
    labels = [f"{model}/{version}" for model, version in versions]
    try:
        text = _run(fleet, "spare", {"versions": labels, "hosts": dict.fromkeys(hosts, labels)})
        return _LABELS.validate_json(text)
    except node_command.UnknownCommand:
        return []  # what knows no list has none
    except ValidationError:
        raise remote.misunderstood(fleet, fleet.site.primary_datasink, text, "what was spared") from None


def _run(fleet: Fleet, command: str, message: object) -> str:
    return node_command.ask(fleet, fleet.site.primary_datasink, command, message, ANSWER_SECONDS)
