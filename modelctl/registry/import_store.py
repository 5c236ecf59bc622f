"""Importing on the primary datasink: asking whether a folder can become a version, and letting it."""

from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.nodes import remote
from modelctl.registry import registry_importer, registry_store
from modelctl.registry.importing import Plan

CHECK_SECONDS = 60


class Place(BaseModel):
    """The version's place in the registry: whether something is there, and the bytes that the disk has for it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fault: str | None
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
    reserve = fleet.standards.limits.reserve_bytes
    free = max(0, place.free - reserve)
    if plan.bytes > free:
        raise OperatorError(
            f"{fleet.site.primary_datasink}: {fleet.registry_folder()}: too little space: {plan.bytes:,} bytes needed, "
            f"{free:,} free beside a reserve of {reserve:,}; remove something there and run it again"
        )


def _order(fleet: Fleet, pair: tuple[str, str], path: PurePosixPath) -> dict[str, Any]:
    model, version = pair
    return {"registry": fleet.registry_folder(), "model": model, "version": version, "path": str(path)}


def _ask(fleet: Fleet, order: dict[str, Any], seconds: float) -> Place:
    host = fleet.site.primary_datasink
    text = registry_store.ask(fleet, registry_importer, order, seconds)
    try:
        place = Place.model_validate_json(text)
    except ValidationError:
        raise remote.misunderstood(fleet, host, text, "what became of the import") from None
    if place.fault is not None:
        raise OperatorError(f"{host}: {one_line(place.fault, 400)}")
    return place
