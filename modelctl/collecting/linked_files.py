"""Collecting a node's linked files: which there are, which exist nowhere else, and their way to the datasink."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelctl.collecting import carry
from modelctl.desired.model_files import models_folder
from modelctl.errors import OperatorError
from modelctl.faults import fault
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote, travelling
from modelctl.registry import registry_store
from node import protocol
from node.protocol import Nothing
from node.protocol import registry as messages
from node.protocol.registry import Measured
from node.protocol.versions import LINKED_FILES, LinkedQuestion, SendLinkedFile
from node.registry.collected import DIGITS

LOOK_SECONDS = 600  # every byte is read, from what may be an SD card
CARRY_SECONDS = 3600
REPLY = "what it holds of a host's files"  # what is expected of the datasink's


@dataclass(frozen=True)
class Linked:
    """A version's linked files on a host. `stored` equal the registry's pinned copy; None is one that is absent."""

    host: str
    model: str
    version: str
    files: Mapping[str, Measured | None]
    stored: frozenset[str]
    collected: frozenset[str]
    free: int

    @property
    def uncollected(self) -> dict[str, Measured]:
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
    question = LinkedQuestion(Path(models_folder(fleet, host)), model, version, names(fleet, model))
    answer = node_command.ask(fleet, host, LINKED_FILES, question, LOOK_SECONDS)
    found = answer.files
    if found.keys() != set(question.names):
        raise remote.misunderstood(fleet, host, protocol.dumps(answer), LINKED_FILES.called)
    stored = _stored(fleet, model, version, found)
    others = {name: file.sha256 for name, file in found.items() if file is not None and name not in stored}
    asked = messages.CheckCollected(_folder(fleet, host, model, version), others)
    received = travelling.ask(fleet, "check-collected", asked, messages.Collected, REPLY, LOOK_SECONDS)
    return Linked(host, model, version, found, stored, frozenset(received.collected), received.free)


def _stored(fleet: Fleet, model: str, version: str, found: Mapping[str, Measured | None]) -> frozenset[str]:
    """Those that equal the pinned copy, which the registry still holds: its bytes are read."""
    pin = fleet.pin(model, version)
    same = {name for name, file in found.items() if pin and file is not None and pin.measured.get(name) == file}
    if not same:
        return frozenset()
    held = registry_store.read(fleet, model, version)
    return frozenset(name for name in same if held.files.get(name) == found[name])


def place(fleet: Fleet, linked: Linked, name: str, file: Measured) -> str:
    return f"{_folder(fleet, linked.host, linked.model, linked.version)}/{name}.{file.sha256[:DIGITS]}"


def collect(fleet: Fleet, linked: Linked, name: str, file: Measured) -> None:
    """Collect one file. Raises OperatorError: then it is not there, or whole."""
    host, lost, again = linked.host, f"{name} did not come whole", "run it again"
    ask = SendLinkedFile(Path(models_folder(fleet, host)), linked.model, linked.version, name, file.sha256)
    announced = messages.ReceiveCollected(_folder(fleet, host, linked.model, linked.version), name, file)
    source = carry.End(host, node_command.words("send-linked-file"), protocol.dumps(ask))
    target = carry.to_datasink(fleet, "receive-collected", announced)
    sent, received = carry.carry(fleet, source, target, CARRY_SECONDS)
    if sent.code == remote.SSH_FAILED:
        raise remote.unreachable(fleet, host, sent.said)
    if sent.code and received.code in (0, protocol.REFUSED):  # else the target's end explains the source's
        if sent.code > 0:
            raise node_command.refused(fleet, host, "send-linked-file", sent.code, sent.said)
        raise OperatorError(f"{remote.place(fleet, host)}: {lost}: {sent.said}; {again}")
    carry.require_taken(fleet, target, received, lost, again)
    travelling.read(fleet, received.answer, Nothing, REPLY)


def unfinished(fleet: Fleet) -> tuple[str, ...]:
    """What killed collects left on the datasink, as HOST/MODEL/VERSION/NAME. Raises OperatorError as `look` does."""
    asked = messages.FindParts(Path(fleet.collected_folder()))
    return tuple(travelling.ask(fleet, "find-parts", asked, messages.FoundParts, REPLY, LOOK_SECONDS).parts)


def finish(fleet: Fleet, host: str, model: str, version: str) -> messages.FinishedCollected:
    """Keep what had come whole when a collect was killed. Returns the paths of that, and of what never came whole."""
    asked = messages.FinishCollected(_folder(fleet, host, model, version))
    return travelling.ask(fleet, "finish-collected", asked, messages.FinishedCollected, REPLY, LOOK_SECONDS)


def _folder(fleet: Fleet, host: str, model: str, version: str) -> Path:
    return Path(fleet.collected_folder(), host, model, version)
