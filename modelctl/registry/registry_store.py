"""The model registry on the primary datasink, read over SSH."""

from pathlib import PurePosixPath

from pydantic import Base64Bytes, ValidationError

from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.inventory.pins import PinnedFile
from modelctl.nodes import remote
from modelctl.registry import registry_lister, registry_reader, travelling
from modelctl.registry.listing import ListedVersion, Listing
from modelctl.registry.manifest import StoredVersion
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
    leftovers: list[str]
    free: NonNegativeInt
    total: NonNegativeInt
    fault: str | None


def read(fleet: Fleet, model: str, version: str) -> StoredVersion:
    """What the primary datasink holds of a version, every byte read. Raises remote.NoAnswer when it does not say."""
    return _read(fleet, fleet.registry_folder(), model, version)


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

    Raises remote.NoAnswer when it does not say, or cannot read one of them: what is unknown is not absent.
    """
    host = fleet.site.primary_datasink
    text = travelling.ask(fleet, registry_lister, (fleet.registry_folder(), list(fleet.registry.models)), LIST_SECONDS)
    try:
        listed = _Listed.model_validate_json(text)
    except ValidationError:
        raise remote.misunderstood(fleet, host, text, "the registry's listing") from None
    models = fleet.registry.models
    folders = [folder for folder in listed.versions if is_version(folder.version) and folder.model in models]
    for fault in (listed.fault, *(folder.fault for folder in folders)):
        if fault is not None:
            expected = f"expected a registry that {fleet.host(host).login} can read"
            raise remote.NoAnswer(f"{remote.place(fleet, host)}: {one_line(fault)}; {expected}; mend that there")
    versions = {
        (each.model, each.version): ListedVersion(each.files, each.manifest, frozenset(each.shared)) for each in folders
    }
    return Listing(versions, tuple(map(one_line, listed.leftovers)), listed.free, listed.total)
