"""What a node's version folders and a datasink's face lists hold, every byte read again there by the node program."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from modelctl.fleet import Fleet
from modelctl.inventory.coral import CORAL
from modelctl.inventory.hosts import Datasink
from modelctl.inventory.pins import Pin
from modelctl.nodes import node_command, remote
from modelctl.nodes.node_status import Said
from modelctl.registry.differences import PIN, Differences, digests_differ
from modelctl.registry.registry_store import READ_SECONDS
from modelctl.rendering.services import face_list_folder, face_list_name, models_folder
from modelctl.values import Sha256, newest_first
from node.versions import MANIFEST


@dataclass(frozen=True)
class Folder:
    """A folder with the digests of the files that it should hold, by name.

    Of the `linked` ones only the presence counts. A `shared` folder may hold more.
    """

    path: str
    digests: dict[str, str]
    linked: list[str]
    shared: bool


@dataclass(frozen=True)
class Question:
    """The folders by (model, version), `size` bytes in all, and the folder of all version folders, if there is one."""

    folders: dict[tuple[str, str], Folder]
    models: str | None
    size: int


@dataclass(frozen=True)
class Answer:
    """What differs in each folder that is there, and every version folder of the node, as MODEL/VERSION."""

    differences: dict[tuple[str, str], Differences]
    versions: tuple[str, ...]


class _Folder(BaseModel):
    model_config = ConfigDict(strict=True)

    stored: bool
    missing: tuple[Said, ...]
    extra: tuple[Said, ...]
    changed: dict[str, Sha256]


class _Said(BaseModel):
    model_config = ConfigDict(strict=True)

    folders: list[_Folder]
    versions: list[Said]


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
    return Question(folders, None if is_datasink else models_folder(fleet, host), size)


def ask(fleet: Fleet, host: str, asked: Question) -> Answer:
    """Let the node read. Raises OperatorError, in one line, when it does not say what differs."""
    folders = list(asked.folders.values())
    message = {"folders": [asdict(folder) for folder in folders], "models": asked.models}
    text = node_command.ask(fleet, host, "verify", message, READ_SECONDS)
    answer = _parsed(text, folders)
    if answer is None:
        raise remote.misunderstood(fleet, host, text, "what differs there")
    found = zip(asked.folders.items(), answer.folders, strict=True)
    differences = {pair: _differences(folder, each) for (pair, folder), each in found if each.stored}
    return Answer(differences, tuple(answer.versions))


def _parsed(text: str, folders: Sequence[Folder]) -> _Said | None:
    """None for what is no answer about these folders."""
    try:
        answer = _Said.model_validate_json(text)
    except ValidationError:
        return None
    digests = [set(folder.digests) for folder in folders]
    fits = [set(each.changed) for each in answer.folders]
    is_fitting = len(fits) == len(digests) and all(found <= known for found, known in zip(fits, digests, strict=True))
    return answer if is_fitting else None


def _version_folder(fleet: Fleet, host: str, pair: tuple[str, str], pin: Pin) -> Folder:
    model, version = pair
    digests = {MANIFEST: pin.manifest, **{name: file.sha256 for name, file in pin.files.items()}}
    linked = sorted(fleet.registry.models[model].linked_names)
    return Folder(f"{models_folder(fleet, host)}/{model}/{version}", digests, linked, shared=False)


def _face_list(fleet: Fleet, _host: str, pair: tuple[str, str], pin: Pin) -> Folder:
    """On a datasink nothing is linked: the copies stay as they came."""
    model, version = pair
    names = sorted(fleet.registry.models[model].linked_names & set(pin.files))
    digests = {face_list_name(version, name): pin.files[name].sha256 for name in names}
    return Folder(face_list_folder(fleet), digests, [], shared=True)


def _differences(folder: Folder, answer: _Folder) -> Differences:
    changed = [f"{name}: {digests_differ(found, PIN, folder.digests[name])}" for name, found in answer.changed.items()]
    return Differences(answer.missing, answer.extra, tuple(sorted(changed)))
