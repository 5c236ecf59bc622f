"""The model registry on the primary datasink, over SSH: what it holds, and a folder there that becomes a version."""

from pathlib import Path, PurePosixPath

from modelctl import hints
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import is_version
from modelctl.nodes import remote, travelling
from modelctl.registry.importing import Plan
from modelctl.registry.manifest import without_empty
from node.codec import Text
from node.protocol import Nothing
from node.protocol.registry import (
    FaceModelFiles,
    FolderContents,
    Import,
    ImportPlace,
    ImportRoom,
    Listing,
    ListRegistry,
    ReadFolder,
)
from node.store.versions import MANIFEST

READ_SECONDS = 1800  # every byte is read, from what may be an SD card
LIST_SECONDS = 60
IMPORTED = "what became of the import"  # what is expected of a reply


def read(fleet: Fleet, model: str, version: str) -> FolderContents:
    """A stored version, every byte read; an empty file is none, unless it is linked. Raises remote.NoAnswer."""
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


def check_import(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath) -> ImportRoom:
    """The place of the version `pair`, (model, version). Raises OperatorError where the folder cannot be imported."""
    return travelling.ask(fleet, "check-import", _place(fleet, pair, path), ImportRoom, IMPORTED, LIST_SECONDS)


def copy(
    fleet: Fleet, pair: tuple[str, str], path: PurePosixPath, plan: Plan, face_model: FaceModelFiles | None = None
) -> None:
    """Copy the folder's files into the version, if they are a face model where one is named.

    Raises OperatorError: then the version is not there, or it is whole.
    """
    asked = Import(_place(fleet, pair, path), list(plan.files), Text(plan.manifest), face_model)
    travelling.ask(fleet, "import", asked, Nothing, IMPORTED, READ_SECONDS)


def _place(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath) -> ImportPlace:
    return ImportPlace(Path(fleet.registry_folder()), *pair, Path(path))


def listing(fleet: Fleet) -> Listing:
    """Which versions of the registry's models the primary datasink holds; reads no model bytes. Raises remote.NoAnswer.
    What it cannot read is in the listing as that: unknown is not absent.
    """
    host = fleet.site.primary_datasink
    asked = ListRegistry(Path(fleet.registry_folder()), list(fleet.registry.artefacts))
    listed = travelling.ask(fleet, "list-registry", asked, Listing, "the registry's listing", LIST_SECONDS)
    if not listed.is_there:
        made = f"{hints.modelctl('import')} makes it, and so does a deploy"
        raise remote.NoAnswer(f"{remote.place(fleet, host)}: {fleet.registry_folder()}: no such folder; {made}")
    if listed.fault is not None:
        raise remote.NoAnswer(f"{remote.place(fleet, host)}: {unreadable(fleet, listed.fault)}")
    models = fleet.registry.artefacts
    stored = {
        model: {
            version: each._replace(fault=each.fault and unreadable(fleet, each.fault))
            for version, each in versions.items()
            if is_version(version)
        }
        for model, versions in listed.models.items()
        if model in models
    }
    told = {model: unreadable(fleet, why) for model, why in listed.unreadable.items() if model in models}
    return listed._replace(models=stored, leftovers=list(map(one_line, listed.leftovers)), unreadable=told)


def unreadable(fleet: Fleet, fault: str) -> str:
    """Why the datasink could not read a place of its registry, and what to do about it."""
    login = fleet.host(fleet.site.primary_datasink).login
    return f"{one_line(fault)}; expected a registry that {login} can read; mend that there"
