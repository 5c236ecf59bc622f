"""The model registry on the primary datasink, read over SSH."""

from pathlib import Path, PurePosixPath

from modelctl import hints
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import is_version
from modelctl.nodes import remote, travelling
from modelctl.registry.listing import ListedVersion, Listing
from modelctl.registry.manifest import without_empty
from node.protocol import registry as messages
from node.protocol.registry import FolderContents, ListRegistry, ReadFolder, RegistryListing
from node.store.versions import MANIFEST

READ_SECONDS = 1800  # every byte is read, from what may be an SD card
LIST_SECONDS = 60


def read(fleet: Fleet, model: str, version: str) -> FolderContents:
    """What the primary datasink holds of a version, every byte read. Raises remote.NoAnswer when it does not say.

    A file without content is none, unless it is a linked one.
    """
    entry = fleet.registry.artefacts.get(model)
    linked = entry.linked_names if entry else set()
    return without_empty(_read(fleet, fleet.registry_folder(), model, version), {MANIFEST, *linked})


def read_folder(fleet: Fleet, path: PurePosixPath) -> FolderContents:
    """What any folder on the primary datasink holds, likewise."""
    return _read(fleet, str(path.parent), path.name)


def _read(fleet: Fleet, *place: str) -> FolderContents:
    asked = ReadFolder(Path(place[0]), list(place[1:]))
    found = travelling.ask(fleet, "read-folder", asked, FolderContents, "what the folder holds", READ_SECONDS)
    others = {name: one_line(kind) for name, kind in found.others.items()}
    return found._replace(others=others, fault=found.fault and one_line(found.fault))


def listing(fleet: Fleet) -> Listing:
    """Which versions of the registry's models the primary datasink holds; reads no model bytes.

    Raises remote.NoAnswer when it does not say. What it cannot read is in the listing as that: unknown is not absent.
    """
    host = fleet.site.primary_datasink
    asked = ListRegistry(Path(fleet.registry_folder()), list(fleet.registry.artefacts))
    listed = travelling.ask(fleet, "list-registry", asked, RegistryListing, "the registry's listing", LIST_SECONDS)
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


def _version(fleet: Fleet, each: messages.ListedVersion) -> ListedVersion:
    fault = None if each.fault is None else _unreadable(fleet, each.fault)
    return ListedVersion(each.files, each.manifest, frozenset(each.shared), fault)


def _unreadable(fleet: Fleet, fault: str) -> str:
    login = fleet.host(fleet.site.primary_datasink).login
    return f"{one_line(fault)}; expected a registry that {login} can read; mend that there"
