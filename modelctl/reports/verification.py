"""Every stored version read again, byte by byte, and compared with its pin or, without one, with its own manifest.

The JSON is Verification; "ok" tells whether nothing differs or is unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import reduce
from pathlib import Path
from typing import Literal, NamedTuple

from modelctl import hints, progress
from modelctl.desired.model_files import face_list_folder, face_list_name, models_folder
from modelctl.errors import Faults, OperatorError
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink
from modelctl.inventory.json_files import Pin
from modelctl.inventory.values import newest_first
from modelctl.nodes import node_command, remote
from modelctl.registry import registry_store
from modelctl.registry.manifest import PIN, Differences, differences, digests_differ
from modelctl.table import BAD, ODD, UNKNOWN, WELL, Report, Row, Table, number
from node import protocol
from node.protocol.registry import Listing
from node.protocol.versions import VERIFY, FolderRead, Verified, VerifyFolder, VerifyQuestion
from node.store.versions import MANIFEST

COLUMNS = ("host", "folder", "model", "version", "against", "missing", "extra", "changed")
SPARE = ("against", "folder", "host", "extra")
Pair = tuple[str, str]  # a model and one of its versions
SAME = Differences()
ABSENT = Differences(missing=("the whole version",))
"""Of one that should be there and is not."""


class Checked(NamedTuple):
    """A version at one place; what differs there says nothing where there is an error. A line a file, sorted."""

    host: str
    folder: Literal["registry", "models", "face list"]
    model: str
    version: str
    against: Literal["pin", "manifest"]
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    error: str | None = None  # why it is unknown what differs

    @property
    def differs(self) -> bool:
        return bool(self.missing or self.extra or self.changed)


class Question(NamedTuple):
    """The folders by (model, version), `size` bytes in all, and the folder of all version folders, if there is one."""

    folders: dict[Pair, VerifyFolder]
    models: Path | None
    size: int


class Verification(NamedTuple):
    """What was checked, and what was seen on nodes and is pinned nowhere, as "HOST: MODEL/VERSION"."""

    versions: tuple[Checked, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        return not any(each.differs or each.error for each in self.versions)

    def plus(self, more: "Verification") -> "Verification":
        return Verification(self.versions + more.versions, self.unchecked + more.unchecked)


def registry(fleet: Fleet, models: Sequence[str]) -> Verification:
    """Read what the datasink stores of these models; tell what is named but not stored. Raises OperatorError."""
    try:
        listing = registry_store.listing(fleet)
    except remote.NoAnswer as error:
        named = [(model, version) for model in models for version in fleet.referenced_versions(model)]
        return Verification(tuple(_stored(fleet, *pair, error=str(error)) for pair in named))
    expected = {model: {*listing.of(model), *fleet.referenced_versions(model)} for model in models}
    pairs = [(model, version) for model in models for version in newest_first(expected[model])]
    size = sum(listing.versions[pair].bytes for pair in pairs if pair in listing.versions)
    with progress.reading(fleet.site.primary_datasink, size) as advance:
        return Verification(tuple(_read_each(fleet, listing, pairs, advance)))


def nodes(fleet: Fleet, models: Sequence[str]) -> Verification:
    """Let every node that gets one of these models read what it holds of them."""
    every = {host: question(fleet, host, models) for host in fleet.site.hosts}
    questions = {host: asked for host, asked in every.items() if _wanted(fleet, host, asked)}
    with progress.reading("the nodes", sum(asked.size for asked in questions.values())) as advance:

        def ask(host: str) -> Verification:
            checked = _node(fleet, host, models, questions[host])
            advance(questions[host].size)
            return checked

        answers = remote.side_by_side(list(questions), ask)
    return reduce(Verification.plus, answers.values(), Verification(()))


def question(fleet: Fleet, host: str, models: Sequence[str]) -> Question:
    """All pinned versions of these models that a host may hold; deploys look at unpacked stacks."""
    is_datasink, gets = isinstance(fleet.host(host), Datasink), fleet.versions(host)
    folders = {
        (model, version): _folder(fleet, host, (model, version), fleet.pins.models[model][version])
        for model in models
        if model != CORAL
        for version in newest_first(fleet.pins.models.get(model, {}))
        if model in gets or not is_datasink
    }
    pins = [fleet.pin(model, version) for model, version in gets.items() if (model, version) in folders]
    size = sum(file.size for pin in pins if pin for file in pin.files.values())
    return Question(folders, None if is_datasink else Path(models_folder(fleet, host)), size)


def ask(fleet: Fleet, host: str, asked: Question) -> tuple[dict[Pair, Differences], list[str]]:
    """Let the node read: what differs in each folder that is there, and all version folders. Raises OperatorError."""
    message = VerifyQuestion(list(asked.folders.values()), asked.models)
    answer = node_command.ask(fleet, host, VERIFY, message, registry_store.READ_SECONDS)
    if not _fits(answer, message.folders):
        raise remote.misunderstood(fleet, host, protocol.dumps(answer), VERIFY.called)
    found = zip(asked.folders.items(), answer.folders, strict=True)
    return {pair: _read(folder, each) for (pair, folder), each in found if each.stored}, answer.versions


def report(fleet: Fleet, verified: Verification) -> Report:
    table = Table(COLUMNS, tuple(map(_row, verified.versions)), frozenset(COLUMNS[-3:]), spare=SPARE)
    errors = dict.fromkeys(each.error for each in verified.versions if each.error is not None)
    notes = [*_differences(verified), *errors, *_unpinned(verified), *_remedies(fleet, verified)]
    return Report((table,), tuple(notes))


def _read_each(fleet: Fleet, listing: Listing, pairs: Sequence[Pair], advance: progress.Advance) -> Iterator[Checked]:
    """One question for each, so that a long reading can tell how far it is."""
    for model, version in pairs:
        listed = listing.versions.get((model, version))
        if model in listing.unreadable:
            yield _stored(fleet, model, version, error=f"{fleet.site.primary_datasink}: {listing.unreadable[model]}")
            continue
        if listed is None:
            yield _stored(fleet, model, version, ABSENT)
            continue
        try:
            stored = registry_store.read(fleet, model, version)
            found = differences(model, version, stored, fleet.pin(model, version))
        except (remote.NoAnswer, Faults) as error:
            yield _stored(fleet, model, version, error=str(error))
        else:
            yield _stored(fleet, model, version, found)
        advance(listed.bytes)


def _stored(fleet: Fleet, model: str, version: str, found: Differences = SAME, error: str | None = None) -> Checked:
    against: Literal["pin", "manifest"] = "pin" if fleet.pin(model, version) else "manifest"
    return Checked(fleet.site.primary_datasink, "registry", model, version, against, error=error, **asdict(found))


def _wanted(fleet: Fleet, host: str, asked: Question) -> list[Pair]:
    return [pair for pair in asked.folders if pair in fleet.versions(host).items()]


def _node(fleet: Fleet, host: str, models: Sequence[str], asked: Question) -> Verification:
    folder: Literal["models", "face list"] = "face list" if isinstance(fleet.host(host), Datasink) else "models"
    wanted = _wanted(fleet, host, asked)
    try:
        found, versions = ask(fleet, host, asked)
    except OperatorError as error:
        return Verification(tuple(Checked(host, folder, *pair, "pin", error=str(error)) for pair in wanted))
    shown = [pair for pair in asked.folders if pair in wanted or pair in found]
    checked = tuple(Checked(host, folder, *pair, "pin", **asdict(found.get(pair, ABSENT))) for pair in shown)
    labels = {"/".join(pair) for pair in asked.folders}
    others = [each for each in versions if each not in labels and each.partition("/")[0] in models]
    return Verification(checked, tuple(f"{host}: {each}" for each in others))


def _fits(answer: Verified, folders: Sequence[VerifyFolder]) -> bool:
    """Whether it is an answer about these folders."""
    if len(answer.folders) != len(folders):
        return False
    return all(
        each.changed.keys() <= folder.digests.keys() for each, folder in zip(answer.folders, folders, strict=True)
    )


def _folder(fleet: Fleet, host: str, pair: Pair, pin: Pin) -> VerifyFolder:
    """On a datasink nothing is linked: the copies stay as they came."""
    model, version = pair
    linked = sorted(fleet.registry.models[model].linked_names)
    if isinstance(fleet.host(host), Datasink):
        digests = {face_list_name(version, name): pin.files[name].sha256 for name in linked if name in pin.files}
        return VerifyFolder(Path(face_list_folder(fleet)), digests, [], shared=True)
    digests = {MANIFEST: pin.manifest, **{name: file.sha256 for name, file in pin.files.items()}}
    return VerifyFolder(Path(models_folder(fleet, host), model, version), digests, linked, shared=False)


def _read(folder: VerifyFolder, answer: FolderRead) -> Differences:
    changed = [f"{name}: {digests_differ(found, PIN, folder.digests[name])}" for name, found in answer.changed.items()]
    return Differences(tuple(answer.missing), tuple(answer.extra), tuple(sorted(changed)))


def _row(checked: Checked) -> Row:
    place = (checked.host, checked.folder, checked.model, checked.version, checked.against)
    if checked.error is not None:
        return Row((*place, *[UNKNOWN] * 3), ODD)
    counts = (number(len(each)) for each in (checked.missing, checked.extra, checked.changed))
    return Row((*place, *counts), BAD if checked.differs else WELL)


def _differences(verified: Verification) -> Iterator[str]:
    for kind in ("missing", "extra", "changed"):
        yield from sorted(
            f"{kind}: {each.host} {each.folder}: {each.model}/{each.version}: {line}"
            for each in verified.versions
            for line in getattr(each, kind)
        )


def _unpinned(verified: Verification) -> Iterator[str]:
    for each in verified.versions:
        if each.against == "manifest" and each.missing != ABSENT.missing:
            label, pin = f"{each.model}/{each.version}", hints.modelctl(f"pin {each.model} {each.version}")
            yield f"{each.host} {each.folder}: {label}: not pinned, so its own manifest counts; to pin it: {pin}"
    yield from (f"{each}: not read, no pin covers it" for each in verified.unchecked)


def _remedies(fleet: Fleet, verified: Verification) -> Iterator[str]:
    differing = dict.fromkeys((each.host, each.folder) for each in verified.versions if each.differs)
    for host, folder in differing:
        if folder == "registry":
            where = fleet.registry_folder()
            then = f"or name another version; then: {hints.modelctl('verify')}"
            yield f"{host} {folder}: put the files back below {where}, {then}"
        else:
            deploy = hints.pyinfra(f"deploys/models.py --limit {host} --data verify=full -y")
            yield f"{host} {folder}: a deploy mends what the host gets, and leaves what is extra: {deploy}"
