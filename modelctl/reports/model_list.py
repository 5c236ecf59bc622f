"""Every model with the versions that the site and the registry name, and what the primary datasink stores of it.

As JSON, for programs: {"models": {MODEL: {...}}, "error": null | "why the datasink gave no answer"}, where a model has
    current: VERSION
    previous: VERSION | null
    overrides: {HOST: VERSION}
    versions: [VERSION, ...], those stored, newest first; null when unknown
    bytes: what they take on the datasink's disk; null when unknown
    unreadable: {MODEL or MODEL/VERSION: "why it could not be read"}
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import newest_first
from modelctl.nodes import remote
from modelctl.registry import registry_store
from modelctl.table import BAD, NONE, ODD, UNKNOWN, UNREADABLE, WELL, Report, Row, Table, number
from node.protocol.registry import Listing

COLUMNS = ("model", "current", "previous", "overrides", "versions", "bytes")


@dataclass(frozen=True)
class ModelSummary:
    """A model; the fields are those of the JSON."""

    current: str
    previous: str | None
    overrides: Mapping[str, str]
    versions: list[str] | None
    bytes: int | None
    unreadable: Mapping[str, str]


@dataclass(frozen=True)
class ModelList:
    """All models by name, or why the stored versions are unknown; `datasink` is where they are stored."""

    datasink: str
    models: Mapping[str, ModelSummary]
    error: str | None

    @property
    def is_whole(self) -> bool:
        """Whether all is known of what is stored."""
        return self.error is None and not any(model.unreadable for model in self.models.values())

    def to_json(self) -> dict[str, Any]:
        """The object that the module's first lines describe."""
        return {"models": {name: asdict(model) for name, model in self.models.items()}, "error": self.error}

    def report(self) -> Report:
        """It for people."""
        table = Table(COLUMNS, tuple(_row(name, model) for name, model in self.models.items()), frozenset(COLUMNS[-2:]))
        faults = [f"{self.datasink}: {why}" for model in self.models.values() for why in model.unreadable.values()]
        return Report((table,), (*(() if self.error is None else (self.error,)), *faults))


def look(fleet: Fleet) -> ModelList:
    """Ask the primary datasink. Raises OperatorError when it cannot be asked."""
    try:
        listing, error = registry_store.listing(fleet), None
    except remote.NoAnswer as caught:
        listing, error = None, str(caught)
    models = {name: _summary(fleet, name, listing) for name in fleet.registry.artefacts}
    return ModelList(fleet.site.primary_datasink, models, error)


def _summary(fleet: Fleet, name: str, listing: Listing | None) -> ModelSummary:
    model, overrides = fleet.registry.artefacts[name], fleet.overrides(name)
    unreadable = {} if listing is None else listing.faults_of(name)
    stored = None if listing is None or name in unreadable else listing.of(name)
    return ModelSummary(
        current=model.current_version,
        previous=model.previous_version,
        overrides=overrides,
        versions=None if stored is None else newest_first(stored),
        bytes=None if stored is None or unreadable else sum(version.bytes for version in stored.values()),
        unreadable=unreadable,
    )


def _row(name: str, model: ModelSummary) -> Row:
    overrides = ", ".join(f"{host}={version}" for host, version in model.overrides.items())
    named = (name, model.current, model.previous or NONE, overrides or NONE)
    if model.versions is None:
        word = UNREADABLE if model.unreadable else UNKNOWN
        return Row((*named, word, word), BAD if model.unreadable else ODD)
    if model.bytes is None:
        return Row((*named, number(len(model.versions)), UNREADABLE), BAD)
    return Row((*named, number(len(model.versions)), number(model.bytes)), WELL)
