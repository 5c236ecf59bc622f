"""Collecting a node's linked files: which there are, which exist nowhere else, and their way to the datasink."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from modelctl.collecting import carry
from modelctl.desired.model_files import models_folder
from modelctl.errors import OperatorError
from modelctl.faults import fault
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.pins import PinnedFile
from modelctl.nodes import node_command, remote, travelling
from modelctl.registry import registry_store
from node import protocol
from node.protocol import Nothing
from node.protocol.registry import (
    CheckCollected,
    Collected,
    FindParts,
    FinishCollected,
    FinishedCollected,
    FoundParts,
    Measured,
    ReceiveCollected,
)
from node.protocol.versions import LINKED_FILES, LinkedQuestion, SendLinkedFile
from node.registry.collected import DIGITS

LOOK_SECONDS = 600  # every byte is read, from what may be an SD card
CARRY_SECONDS = 3600
REPLY = "what it holds of a host's files"
"""What is expected of the datasink's."""


@dataclass(frozen=True)
class Linked:
    """The linked files of a version on a host: what each is, None for one that is not there.

    `stored` are those that equal the registry's pinned copy, `collected` those that were collected already.
    """

    host: str
    model: str
    version: str
    files: Mapping[str, PinnedFile | None]
    stored: frozenset[str]
    collected: frozenset[str]
    free: int

    @property
    def uncollected(self) -> dict[str, PinnedFile]:
        """Those that exist nowhere else."""
        return {
            name: file
            for name, file in self.files.items()
            if file is not None and name not in self.stored | self.collected
        }


def names(fleet: Fleet, model: str) -> list[str]:
    """The names of a model's linked files. Raises OperatorError when it has none."""
    entry = fleet.registry.models.get(model)
    if entry is None or not entry.linked:
        some = ", ".join(name for name, each in fleet.registry.models.items() if each.linked)
        raise OperatorError(fault("MODEL", model, f"a model with linked files: {some or 'there is none'}"))
    return sorted(entry.files[role] for role in entry.linked)


def require_models(fleet: Fleet, host: str) -> None:
    """Raises OperatorError for a host of the site that has no models folder."""
    served = fleet.with_models()
    if host not in served:
        raise OperatorError(fault("HOST", host, f"a host with a models folder: {', '.join(served)}"))


def look(fleet: Fleet, host: str, model: str, version: str) -> Linked:
    """Ask host and datasink. Raises OperatorError, also for a file that is being written to."""
    wanted = names(fleet, model)
    found = _on_host(fleet, host, LinkedQuestion(Path(models_folder(fleet, host)), model, version, wanted))
    stored = _stored(fleet, model, version, found)
    others = {name: file.sha256 for name, file in found.items() if file is not None and name not in stored}
    asked = CheckCollected(Path(fleet.collected_folder()), _place(host, model, version), others)
    received = travelling.ask(fleet, "check-collected", asked, Collected, REPLY, LOOK_SECONDS)
    return Linked(host, model, version, found, stored, frozenset(received.collected), received.free)


def _on_host(fleet: Fleet, host: str, question: LinkedQuestion) -> dict[str, PinnedFile | None]:
    found = node_command.ask(fleet, host, LINKED_FILES, question, LOOK_SECONDS)
    try:
        files = {
            name: None if file is None else PinnedFile(sha256=file.sha256, size=file.size)
            for name, file in found.files.items()
        }
    except ValidationError:
        files = {}
    if files.keys() != set(question.names):
        raise remote.misunderstood(fleet, host, protocol.dumps(found), LINKED_FILES.called)
    return files


def _stored(fleet: Fleet, model: str, version: str, found: Mapping[str, PinnedFile | None]) -> frozenset[str]:
    """Those that equal the pinned copy, which the registry still holds: its bytes are read."""
    pin = fleet.pin(model, version)
    same = {name for name, file in found.items() if pin and file is not None and pin.files.get(name) == file}
    if not same:
        return frozenset()
    held = registry_store.read(fleet, model, version)
    return frozenset(name for name in same if held.files.get(name) == found[name])


def place(fleet: Fleet, linked: Linked, name: str, file: PinnedFile) -> str:
    """The path of a collected file on the datasink."""
    folder = f"{fleet.collected_folder()}/{_place(linked.host, linked.model, linked.version)}"
    return f"{folder}/{name}.{file.sha256[:DIGITS]}"


def require_space(fleet: Fleet, linked: Linked) -> None:
    """Raises OperatorError, with the numbers, when the datasink's disk is too small."""
    needed = sum(file.size for file in linked.uncollected.values())
    travelling.require_space(fleet, fleet.collected_folder(), needed, linked.free)


def collect(fleet: Fleet, linked: Linked, name: str, file: PinnedFile) -> None:
    """Collect one file. Raises OperatorError: then it is not there, or whole."""
    host, datasink = linked.host, fleet.site.primary_datasink
    ask = SendLinkedFile(Path(models_folder(fleet, host)), linked.model, linked.version, name, file.sha256)
    folder, measured = Path(fleet.collected_folder()), Measured(file.sha256, file.size)
    announced = ReceiveCollected(folder, _place(host, linked.model, linked.version), name, measured)
    sent, received = carry.carry(
        fleet,
        carry.End(host, node_command.words("send-linked-file"), protocol.dumps(ask)),
        carry.End(datasink, travelling.words("receive-collected"), travelling.message(announced)),
        CARRY_SECONDS,
    )
    for end, ended in ((host, sent), (datasink, received)):
        if ended.code == remote.SSH_FAILED:
            raise remote.unreachable(fleet, end, ended.said)
    answered = received.code in (0, protocol.REFUSED)
    if sent.code > 0 and answered:
        raise node_command.refused(fleet, host, "send-linked-file", sent.code, sent.said)
    if sent.code or not answered:
        end, said = (host, sent.said) if answered else (datasink, received.said)
        raise OperatorError(f"{remote.place(fleet, end)}: {name} did not come whole: {said}; run it again")
    if received.code:
        raise travelling.refused(fleet, received.said)
    travelling.read(fleet, received.answer, Nothing, REPLY)


def unfinished(fleet: Fleet) -> tuple[str, ...]:
    """What killed collects left on the datasink, as HOST/MODEL/VERSION/NAME. Raises OperatorError as `look` does."""
    asked = FindParts(Path(fleet.collected_folder()))
    return tuple(travelling.ask(fleet, "find-parts", asked, FoundParts, REPLY, LOOK_SECONDS).parts)


def finish(fleet: Fleet, host: str, model: str, version: str) -> FinishedCollected:
    """Keep what had come whole when a collect was killed. Returns the paths of that, and of what never came whole."""
    asked = FinishCollected(Path(fleet.collected_folder()), _place(host, model, version))
    return travelling.ask(fleet, "finish-collected", asked, FinishedCollected, REPLY, LOOK_SECONDS)


def _place(host: str, model: str, version: str) -> str:
    return f"{host}/{model}/{version}"
