"""Importing on the primary datasink: asking whether a folder can become a version, and letting it."""

from pathlib import Path, PurePosixPath

from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from modelctl.registry import registry_store
from modelctl.registry.importing import Plan
from node.codec import Text
from node.protocol import Nothing
from node.protocol.registry import Import, ImportPlace, ImportRoom

CHECK_SECONDS = 60
REPLY = "what became of the import"


def check(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath) -> ImportRoom:
    """The place of the version `pair`, (model, version). Raises OperatorError where the folder cannot be imported."""
    return travelling.ask(fleet, "check-import", _place(fleet, pair, path), ImportRoom, REPLY, CHECK_SECONDS)


def copy(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath, plan: Plan) -> None:
    """Copy the folder's files into the version. Raises OperatorError: then the version is not there, or it is whole."""
    asked = Import(_place(fleet, pair, path), list(plan.files), Text(plan.manifest))
    travelling.ask(fleet, "import", asked, Nothing, REPLY, registry_store.READ_SECONDS)


def require_space(fleet: Fleet, plan: Plan, place: ImportRoom) -> None:
    """Raises OperatorError, with the numbers, when the disk is too small."""
    travelling.require_space(fleet, fleet.registry_folder(), plan.bytes, place.free)


def _place(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath) -> ImportPlace:
    return ImportPlace(Path(fleet.registry_folder()), *pair, Path(path))
