"""What a trainer has uploaded, as a version of the registry."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from modelctl import progress
from modelctl.errors import Faults
from modelctl.faults import dotted
from modelctl.inventory.fleet import Fleet
from modelctl.registry import importing, origin, registry_store
from modelctl.registry.importing import Plan
from modelctl.registry.manifest import without_empty
from modelctl.registry.origin import Origin
from node.codec import Name
from node.protocol.registry import FaceModelFiles, FolderContents
from node.store.versions import MANIFEST

UNFINISHED = ".part"  # behind the name of a file that is not whole yet


def folder(fleet: Fleet, pair: tuple[str, str]) -> PurePosixPath:
    """Where the files of a version arrive on the primary datasink."""
    return PurePosixPath(fleet.incoming_folder()).joinpath(*pair)


@dataclass(frozen=True)
class Upload:
    """What becomes of an upload, and what its manifest says of where it comes from."""

    plan: Plan
    origin: Origin


def read(fleet: Fleet, pair: tuple[str, str]) -> Upload:
    """Read every byte of the upload of a version. Raises Faults, all of them, for one that cannot become that."""
    datasink, place = fleet.site.primary_datasink, folder(fleet, pair)
    with progress.waiting(f"reading {place} on {datasink}"):
        found = registry_store.read_folder(fleet, place)
    try:
        files, told = _as_files(pair, found)
        _require_plain(place, without_empty(files, fleet.registry.models[pair[0]].linked_names))
        _require_roles(fleet, pair, files)
        return Upload(importing.plan(fleet, pair, place, files, {MANIFEST: ""}, told), told)
    except Faults as error:
        raise Faults(f"{datasink}: {line}" for line in error.faults) from None


def face_model(fleet: Fleet, model: str, told: Origin) -> FaceModelFiles | None:
    """The files of a model that are looked into before they are stored; None where it is no face model."""
    roles = fleet.registry.models[model].files
    names = [Name(roles[role]) for role in ("facemodel", "baselines", "facelist") if role in roles]
    return FaceModelFiles(names[0], names[1], names[2], dict(told.requires)) if len(names) == 3 else None


def _as_files(pair: tuple[str, str], found: FolderContents) -> tuple[FolderContents, Origin]:
    """The uploaded files, and what their manifest says. Raises Faults for what is not whole."""
    if found.manifest is None:
        raise Faults([found.fault or f"{'/'.join(pair)}: it was not uploaded, or not to its end; publish it again"])
    names = [name for name in (*found.files, *found.others) if not name.startswith(".")]
    if unfinished := [name for name in names if name.endswith(UNFINISHED)]:
        raise Faults([f"{'/'.join(pair)}: {', '.join(unfinished)}: not whole; publish it again"])
    files = {name: file for name, file in found.files.items() if name in names}
    others = {name: kind for name, kind in found.others.items() if name in names}
    return found._replace(files=files, others=others), origin.uploaded(pair, found.manifest)


def _require_plain(place: PurePosixPath, found: FolderContents) -> None:
    """Raises Faults, a line for each name that is no file, or an empty one."""
    if found.others:
        raise Faults(f"{place}/{dotted((name,))}: {kind}; publish it again" for name, kind in found.others.items())


def _require_roles(fleet: Fleet, pair: tuple[str, str], found: FolderContents) -> None:
    """Raises Faults, a line for each file that templates need and that was not uploaded."""
    roles = fleet.registry.models[pair[0]].files
    if faults := [
        f"registry.models.{pair[0]}.files.{role}: found no {name} among what was uploaded; publish it with that file"
        for role, name in roles.items()
        if name not in found.files
    ]:
        raise Faults(faults)
