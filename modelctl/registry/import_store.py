"""Importing on the primary datasink: asking whether a folder can become a version, and letting it."""

from pathlib import PurePosixPath
from typing import Any

from modelctl.fleet import Fleet
from modelctl.registry import registry_importer, registry_store, travelling
from modelctl.registry.importing import Plan
from modelctl.registry.travelling import Outcome
from modelctl.values import NonNegativeInt

CHECK_SECONDS = 60


class Place(Outcome):
    """The version's place in the registry: whether something is there, and the bytes that the disk has for it."""

    stored: bool = False
    free: NonNegativeInt = 0


def check(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath) -> Place:
    """The place of the version `pair`, (model, version). Raises OperatorError where the folder cannot be imported."""
    return _ask(fleet, {"do": "check", **_order(fleet, pair, path)}, CHECK_SECONDS)


def copy(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath, plan: Plan) -> None:
    """Copy the folder's files into the version. Raises OperatorError: then the version is not there, or it is whole."""
    files = [{"old": file.old, "new": file.new, "sha256": file.content.sha256} for file in plan.files]
    order = {"do": "copy", **_order(fleet, pair, path), "files": files, "manifest": plan.manifest}
    _ask(fleet, order, registry_store.READ_SECONDS)


def require_space(fleet: Fleet, plan: Plan, place: Place) -> None:
    """Raises OperatorError, with the numbers, when the disk is too small."""
    travelling.require_space(fleet, fleet.registry_folder(), plan.bytes, place.free)


def _order(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath) -> dict[str, Any]:
    model, version = pair
    return {"registry": fleet.registry_folder(), "model": model, "version": version, "path": str(path)}


def _ask(fleet: Fleet, order: dict[str, Any], seconds: float) -> Place:
    text = travelling.ask(fleet, registry_importer, order, seconds)
    return travelling.outcome(fleet, text, Place, "what became of the import")
