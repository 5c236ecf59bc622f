"""The delete-list on the primary datasink: the versions that its clean-up may remove, and from when on.

Beside it lies what each host was last seen to name, for the hosts that cannot be asked when the next list is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import is_version
from modelctl.nodes import node_command, remote
from modelctl.prune.retention import Pair
from node import protocol
from node.protocol.versions import (
    DELETE_LIST,
    RENEW_DELETE_LIST,
    SPARE,
    DeleteList,
    Listed,
    RenewDeleteList,
    ShowDeleteList,
    Sight,
    Spare,
)

ANSWER_SECONDS = 60
TIME = "%Y-%m-%dT%H:%M:%SZ"
"""UTC, ISO 8601."""


def read(fleet: Fleet) -> DeleteList:
    """What the primary datasink holds. Raises remote.NoAnswer when it does not say."""
    datasink, question = fleet.site.primary_datasink, ShowDeleteList(Path(fleet.cleanup_log()))
    found = node_command.ask(fleet, datasink, DELETE_LIST, question, ANSWER_SECONDS)
    if not all(map(_is_time, _times(found))) or not all(is_version(entry.version) for entry in found.entries or ()):
        raise remote.misunderstood(fleet, datasink, protocol.dumps(found), DELETE_LIST.called)
    return found


def _times(found: DeleteList) -> list[str]:
    return [found.now, *(time for entry in found.entries or () for time in (entry.due, entry.since))]


def _is_time(text: str) -> bool:
    try:
        return bool(datetime.strptime(text, TIME).replace(tzinfo=UTC))
    except ValueError:
        return False


def renew(fleet: Fleet, old: DeleteList, entries: Sequence[Listed], seen: Mapping[str, Sight]) -> None:
    """Write both anew. Raises OperatorError when they are not `old`'s any more."""
    new = RenewDeleteList(old.digest, list(entries), dict(seen))
    node_command.ask(fleet, fleet.site.primary_datasink, RENEW_DELETE_LIST, new, ANSWER_SECONDS)


def keep_referenced(fleet: Fleet, versions: Iterable[Pair], hosts: Iterable[str] = ()) -> list[str]:
    """Take versions that are wanted again off the list, and return those that were on it, as MODEL/VERSION.

    `hosts` are those that get them: the next list knows it, should they be unreachable by then. Raises remote.NoAnswer
    when the datasink cannot be reached, OperatorError when it refuses.
    """
    labels = [f"{model}/{version}" for model, version in versions]
    wanted = Spare(labels, dict.fromkeys(hosts, labels))
    try:
        return node_command.ask(fleet, fleet.site.primary_datasink, SPARE, wanted, ANSWER_SECONDS).versions
    except node_command.UnknownCommand:
        return []  # what knows no list has none
