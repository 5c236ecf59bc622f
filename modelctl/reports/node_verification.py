"""What a node's version folders and a datasink's face lists hold, every byte read again there by the node program."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelctl.desired.model_files import face_list_folder, face_list_name, models_folder
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink
from modelctl.inventory.pins import Pin
from modelctl.inventory.values import newest_first
from modelctl.nodes import node_command, remote
from modelctl.registry.differences import PIN, Differences, digests_differ
from modelctl.registry.registry_store import READ_SECONDS
from node import protocol
from node.protocol import versions as version_messages
from node.protocol.versions import FolderRead, Verified, VerifyFolder, VerifyQuestion
from node.store.versions import MANIFEST


@dataclass(frozen=True)
class Question:
    """The folders by (model, version), `size` bytes in all, and the folder of all version folders, if there is one."""

    folders: dict[tuple[str, str], VerifyFolder]
    models: Path | None
    size: int


@dataclass(frozen=True)
class Answer:
    """What differs in each folder that is there, and every version folder of the node, as MODEL/VERSION."""

    differences: dict[tuple[str, str], Differences]
    versions: tuple[str, ...]


def question(fleet: Fleet, host: str, models: Sequence[str]) -> Question:
    """All pinned versions of these models that a host may hold; deploys look at unpacked stacks."""
    is_datasink, gets = isinstance(fleet.host(host), Datasink), fleet.versions(host)
    build = _face_list if is_datasink else _version_folder
    folders = {
        (model, version): build(fleet, host, (model, version), fleet.pins.models[model][version])
        for model in models
        if model != CORAL
        for version in newest_first(fleet.pins.models.get(model, {}))
        if model in gets or not is_datasink
    }
    pins = [fleet.pin(model, version) for model, version in gets.items() if (model, version) in folders]
    size = sum(file.size for pin in pins if pin for file in pin.files.values())
    return Question(folders, None if is_datasink else Path(models_folder(fleet, host)), size)


def ask(fleet: Fleet, host: str, asked: Question) -> Answer:
    """Let the node read. Raises OperatorError, in one line, when it does not say what differs."""
    message = VerifyQuestion(list(asked.folders.values()), asked.models)
    answer = node_command.ask(fleet, host, version_messages.VERIFY, message, READ_SECONDS)
    if not _fits(answer, message.folders):
        raise remote.misunderstood(fleet, host, protocol.dumps(answer), version_messages.VERIFY.called)
    found = zip(asked.folders.items(), answer.folders, strict=True)
    differences = {pair: _differences(folder, each) for (pair, folder), each in found if each.stored}
    return Answer(differences, tuple(answer.versions))


def _fits(answer: Verified, folders: Sequence[VerifyFolder]) -> bool:
    """Whether it is an answer about these folders."""
    if len(answer.folders) != len(folders):
        return False
    return all(
        each.changed.keys() <= folder.digests.keys() for each, folder in zip(answer.folders, folders, strict=True)
    )


def _version_folder(fleet: Fleet, host: str, pair: tuple[str, str], pin: Pin) -> VerifyFolder:
    model, version = pair
    digests = {MANIFEST: pin.manifest, **{name: file.sha256 for name, file in pin.files.items()}}
    linked = sorted(fleet.registry.models[model].linked_names)
    return VerifyFolder(Path(models_folder(fleet, host), model, version), digests, linked, shared=False)


def _face_list(fleet: Fleet, _host: str, pair: tuple[str, str], pin: Pin) -> VerifyFolder:
    """On a datasink nothing is linked: the copies stay as they came."""
    model, version = pair
    names = sorted(fleet.registry.models[model].linked_names & set(pin.files))
    digests = {face_list_name(version, name): pin.files[name].sha256 for name in names}
    return VerifyFolder(Path(face_list_folder(fleet)), digests, [], shared=True)


def _differences(folder: VerifyFolder, answer: FolderRead) -> Differences:
    changed = [f"{name}: {digests_differ(found, PIN, folder.digests[name])}" for name, found in answer.changed.items()]
    return Differences(tuple(answer.missing), tuple(answer.extra), tuple(sorted(changed)))
