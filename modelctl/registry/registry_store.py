"""The model registry on the primary datasink, read over SSH."""

from pathlib import PurePosixPath

from pydantic import Base64Bytes, ValidationError

from modelctl import hints
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.inventory.pins import PinnedFile
from modelctl.nodes import remote
from modelctl.registry import registry_lister, registry_reader, travelling
from modelctl.registry.listing import ListedVersion, Listing
from modelctl.registry.manifest import StoredVersion, without_empty
from modelctl.registry.registry_reader import MANIFEST
from modelctl.registry.travelling import Said
from modelctl.values import NonNegativeInt, is_version

READ_SECONDS = 1800  # every byte is read, from what may be an SD card
LIST_SECONDS = 60


class _Answer(Said):
    files: dict[str, PinnedFile]
    others: dict[str, str]
    manifest: Base64Bytes | None
    fault: str | None

    def stored(self) -> StoredVersion:
        others = {name: one_line(kind) for name, kind in self.others.items()}
        return StoredVersion(self.manifest, self.files, others, self.fault and one_line(self.fault))


class _ListedFolder(Said):
    model: str
    version: str
    files: dict[str, NonNegativeInt]
    shared: list[str]
    manifest: Base64Bytes | None
    fault: str | None


class _Listed(Said):
    versions: list[_ListedFolder]
    unreadable: dict[str, str]
    leftovers: list[str]
    free: NonNegativeInt
    total: NonNegativeInt
    fault: str | None
    is_there: bool


def read(fleet: Fleet, model: str, version: str) -> StoredVersion:
    """What the primary datasink holds of a version, every byte read. Raises remote.NoAnswer when it does not say.

    A file without content is none, unless it is a linked one.
    """
    entry = fleet.registry.artefacts.get(model)
    linked = entry.linked_names if entry else set()
    return without_empty(_read(fleet, fleet.registry_folder(), model, version), {MANIFEST, *linked})


def read_folder(fleet: Fleet, path: PurePosixPath) -> StoredVersion:
    """What any folder on the primary datasink holds, likewise."""
    return _read(fleet, str(path.parent), path.name)


def _read(fleet: Fleet, *place: str) -> StoredVersion:
    text = travelling.ask(fleet, registry_reader, place, READ_SECONDS)
    try:
        return _Answer.model_validate_json(text).stored()
    except ValidationError:
        raise remote.misunderstood(fleet, fleet.site.primary_datasink, text, "what the folder holds") from None


def listing(fleet: Fleet) -> Listing:
    """Which versions of the registry's models the primary datasink holds; reads no model bytes.

    Raises remote.NoAnswer when it does not say. What it cannot read is in the listing as that: unknown is not absent.
    """
    host = fleet.site.primary_datasink
    text = travelling.ask(
        fleet, registry_lister, (fleet.registry_folder(), list(fleet.registry.artefacts)), LIST_SECONDS
    )
    try:
        listed = _Listed.model_validate_json(text)
    except ValidationError:
        raise remote.misunderstood(fleet, host, text, "the registry's listing") from None
    if not listed.is_there:
        made = f"{hints.modelctl('import')} makes it, and so does a deploy"
        raise remote.NoAnswer(f"{remote.place(fleet, host)}: {fleet.registry_folder()}: no such folder; {made}")
    if listed.fault is not None:
        raise remote.NoAnswer(f"{remote.place(fleet, host)}: {_unreadable(fleet, listed.fault)}")
    models = fleet.registry.artefacts
    versions = {
        (each.model, each.version): _version(fleet, each)
        for each in listed.versions
        if is_version(each.version) and each.model in models
    }
    unreadable = {model: _unreadable(fleet, why) for model, why in listed.unreadable.items() if model in models}
    return Listing(versions, tuple(map(one_line, listed.leftovers)), listed.free, listed.total, unreadable)


def _version(fleet: Fleet, each: _ListedFolder) -> ListedVersion:
    fault = None if each.fault is None else _unreadable(fleet, each.fault)
    return ListedVersion(each.files, each.manifest, frozenset(each.shared), fault)


def _unreadable(fleet: Fleet, fault: str) -> str:
    login = fleet.host(fleet.site.primary_datasink).login
    return f"{one_line(fault)}; expected a registry that {login} can read; mend that there"
