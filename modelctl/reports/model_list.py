"""Every model with the versions that the site and the registry name, and what the primary datasink stores of it.

As JSON, for programs: {"models": {MODEL: {...}}, "error": null | "why the datasink gave no answer"}, where a model has
    current: VERSION
    previous: VERSION | null
    overrides: {HOST: VERSION}
    versions: [VERSION, ...], those stored, newest first; null when unknown
    bytes: what they take on the datasink's disk; null when unknown
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modelctl.fleet import Fleet
from modelctl.nodes import remote
from modelctl.registry import registry_store
from modelctl.registry.listing import Listing
from modelctl.table import NONE, ODD, UNKNOWN, WELL, Report, Row, Table, number
from modelctl.values import newest_first

COLUMNS = ("model", "current", "previous", "overrides", "versions", "bytes")


@dataclass(frozen=True)
class ModelSummary:
    """A model; the fields are those of the JSON."""

    current: str
    previous: str | None
    overrides: Mapping[str, str]
    versions: list[str] | None
    bytes: int | None


@dataclass(frozen=True)
class ModelList:
    """All models by name, or why the stored versions are unknown."""

    models: Mapping[str, ModelSummary]
    error: str | None

    def to_json(self) -> dict[str, Any]:
        """The object that the module's first lines describe."""
        return asdict(self)

    def report(self) -> Report:
        """It for people."""
        table = Table(COLUMNS, tuple(_row(name, model) for name, model in self.models.items()), frozenset(COLUMNS[-2:]))
        return Report((table,), () if self.error is None else (self.error,))


def look(fleet: Fleet) -> ModelList:
    """Ask the primary datasink. Raises OperatorError when it cannot be asked."""
    try:
        listing, error = registry_store.listing(fleet), None
    except remote.NoAnswer as caught:
        listing, error = None, str(caught)
    return ModelList({name: _summary(fleet, name, listing) for name in fleet.registry.models}, error)


def _summary(fleet: Fleet, name: str, listing: Listing | None) -> ModelSummary:
    model, overrides = fleet.registry.models[name], fleet.overrides(name)
    stored = None if listing is None else listing.of(name)
    return ModelSummary(
        current=model.current_version,
        previous=model.previous_version,
        overrides=overrides,
        versions=None if stored is None else newest_first(stored),
        bytes=None if stored is None else sum(version.bytes for version in stored.values()),
    )


def _row(name: str, model: ModelSummary) -> Row:
    overrides = ", ".join(f"{host}={version}" for host, version in model.overrides.items())
    named = (name, model.current, model.previous or NONE, overrides or NONE)
    if model.versions is None or model.bytes is None:
        return Row((*named, UNKNOWN, UNKNOWN), ODD)
    return Row((*named, number(len(model.versions)), number(model.bytes)), WELL)
