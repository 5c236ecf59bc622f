"""What a change of a model's version would do: which hosts move, what restarts there, what must come, what unlocks."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from modelctl import hints, progress, quantities
from modelctl.changes import ancestry
from modelctl.changes.ancestry import Newer
from modelctl.desired.desired_state import desired
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote
from modelctl.registry import registry_store
from modelctl.registry.manifest import pin_of
from modelctl.registry.pinning import require_version
from modelctl.table import UNKNOWN, Report, Row, Table, number
from node.desired_state import DesiredState
from node.protocol import versions as version_messages
from node.protocol.versions import Chosen, Preview, PreviewQuestion, StackSize
from node.store.service_set import ServiceSet

ANSWER_SECONDS = 60
COLUMNS = ("host", "from", "to", "restarts", "to move", "events unlocked")
NUMBERS = frozenset(COLUMNS[-2:])
SPARE = ("from", "restarts", "events unlocked")


@dataclass(frozen=True)
class HostPreview:
    """A host that moves: its versions before and after, and the services that restart.

    `size` are the bytes that must come, `unlocked` the events that its face list would unlock; None where nobody knows.
    `newer` says whether a newer checkout switched it.
    """

    host: str
    before: str
    after: str
    restarts: tuple[str, ...]
    size: int | None
    unlocked: int | None
    newer: Newer | None = None


def pinned(fleet: Fleet, model: str, typed: str = "") -> str:
    """In words which versions of a model can be moved to, with the one that is nearest to what was typed."""
    return f"a pinned version of {model}: {choice(typed, fleet.pins.models.get(model, {}))}"


def require_pinned(fleet: Fleet, model: str, version: str) -> None:
    """Raises OperatorError, with the versions that there are, for one that no pin covers."""
    require_version(version)
    if fleet.pin(model, version) is None:
        pin = hints.modelctl(f"pin {model} {version}")
        raise OperatorError(fault("VERSION", version, f"{pinned(fleet, model, version)}; one that is stored: {pin}"))


def require_stored(fleet: Fleet, model: str, version: str) -> None:
    """Read every byte of a pinned version on the primary datasink. Raises Faults unless all are as pinned."""
    with progress.waiting(f"reading {model}/{version} on {fleet.site.primary_datasink}"):
        stored = registry_store.read(fleet, model, version)
    try:
        found = pin_of(model, version, stored)
    except Faults as error:
        raise Faults(_stored_fault(fleet, model, version, each) for each in error.faults) from None
    if found != fleet.pin(model, version):
        reason = f"found manifest {found.manifest[:12]}, which is not the pinned one"
        raise Faults([_stored_fault(fleet, model, version, reason)])


def moving(before: Fleet, after: Fleet, model: str) -> list[str]:
    """The hosts that a change gives another version."""
    return [name for name in after.site.hosts if before.versions(name).get(model) != after.versions(name).get(model)]


def look(before: Fleet, after: Fleet, model: str, folder: Path) -> tuple[HostPreview, ...]:
    """Ask all hosts that a change moves; `folder` is the site's. Raises OperatorError when one gives no answer."""
    hosts = moving(before, after, model)
    wanted = {host: desired(after, host) for host in hosts}
    answers = remote.side_by_side(hosts, lambda host: _ask(after, model, wanted[host]))
    return tuple(_host_preview(before, after, model, wanted[host], answer, folder) for host, answer in answers.items())


def summary(what: str, hosts: Sequence[HostPreview]) -> Report:
    """The change in words, with a row for each host that moves."""
    if not hosts:
        return Report((), (f"{what}: no host moves",))
    return Report((Table(COLUMNS, tuple(map(_row, hosts)), NUMBERS, spare=SPARE),), (what,))


def chosen_on(fleet: Fleet, host: str) -> dict[str, Chosen]:
    """What is chosen on a host; nothing of one that does not say, or that was never deployed to."""
    with suppress(remote.NoAnswer):
        services = node_command.status(fleet, host).items()
        return {name: Chosen(each.chosen, each.commit) for name, each in services if each.chosen is not None}
    return {}


def _row(host: HostPreview) -> Row:
    to_move = UNKNOWN if host.size is None else quantities.size(host.size)
    unlocked = UNKNOWN if host.unlocked is None else number(host.unlocked)
    return Row((host.host, host.before, host.after, ", ".join(host.restarts) or "none", to_move, unlocked))


def _host_preview(
    before: Fleet, after: Fleet, model: str, wanted: DesiredState, answer: Preview, folder: Path
) -> HostPreview:
    old: list[ServiceSet] = []
    with suppress(Faults):  # what runs now may be what no pin covers
        old = desired(before, wanted.host).sets
    digests = {each.digest for each in old}
    return HostPreview(
        host=wanted.host,
        before=before.versions(wanted.host)[model],
        after=after.versions(wanted.host)[model],
        restarts=tuple(each.service for each in wanted.sets if each.digest not in digests and each.state == "running"),
        size=answer.bytes,
        unlocked=None if None in answer.unlocked else sum(filter(None, answer.unlocked)),
        newer=ancestry.look(folder, wanted.host, answer.chosen or {}, digests),
    )


def _ask(fleet: Fleet, model: str, wanted: DesiredState) -> Preview:
    """Without counts where the node's program cannot say: the deploy brings one that can, and checks."""
    stack = wanted.stack if model == CORAL else None
    question = PreviewQuestion(
        versions=[each for each in wanted.versions if each.model == model],
        face_lists=[wanted.face_list] if wanted.face_list else [],
        configs=[file.path for each in wanted.sets for file in each.files],
        stack=StackSize(stack.digest, sum(file.size for file in stack.version.files)) if stack else None,
        registry=wanted.source.registry if wanted.source.local else None,
    )
    try:
        answer = node_command.ask(fleet, wanted.host, version_messages.PREVIEW, question, ANSWER_SECONDS)
    except node_command.UnknownCommand:
        answer = Preview(bytes=None, unlocked=[None])
    return answer if answer.chosen is not None else answer._replace(chosen=chosen_on(fleet, wanted.host))


def _stored_fault(fleet: Fleet, model: str, version: str, reason: str) -> str:
    return f"{fleet.site.primary_datasink}: {model}/{version}: {reason}; restore it there, or choose another version"
