"""Every model with its named versions, and what the primary datasink stores of it. The JSON is ModelList."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import newest_first
from modelctl.nodes import remote
from modelctl.quantities import size
from modelctl.registry import registry_store
from modelctl.table import BAD, NONE, ODD, UNKNOWN, UNREADABLE, WELL, Report, Row, Table, number
from node.protocol.registry import Listing

COLUMNS = ("model", "current", "previous", "overrides", "versions", "size")
SPARE = ("versions", "previous", "size", "overrides")


class ModelSummary(NamedTuple):
    """A model; what is stored of it is None when it is unknown."""

    current: str
    previous: str | None
    overrides: Mapping[str, str]  # host -> version
    versions: list[str] | None  # those stored, newest first
    bytes: int | None  # that they take on the datasink's disk
    unreadable: Mapping[str, str]  # MODEL or MODEL/VERSION -> why it could not be read


class ModelList(NamedTuple):
    """All models by name, and why the datasink gave no answer."""

    models: Mapping[str, ModelSummary]
    error: str | None

    @property
    def is_ok(self) -> bool:
        """Whether all is known of what is stored."""
        return self.error is None and not any(model.unreadable for model in self.models.values())


def look(fleet: Fleet) -> ModelList:
    """Ask the primary datasink. Raises OperatorError when it cannot be asked."""
    try:
        listing, error = registry_store.listing(fleet), None
    except remote.NoAnswer as caught:
        listing, error = None, str(caught)
    return ModelList({name: _summary(fleet, name, listing) for name in fleet.registry.artefacts}, error)


def report(fleet: Fleet, found: ModelList) -> Report:
    table = Table(
        COLUMNS, tuple(_row(name, model) for name, model in found.models.items()), frozenset(COLUMNS[-2:]), spare=SPARE
    )
    return Report((table,), tuple(_notes(fleet, found)))


def _summary(fleet: Fleet, name: str, listing: Listing | None) -> ModelSummary:
    model = fleet.registry.artefacts[name]
    unreadable = {} if listing is None else listing.faults_of(name)
    stored = None if listing is None or name in unreadable else listing.of(name)
    return ModelSummary(
        current=model.current_version,
        previous=model.previous_version,
        overrides=fleet.overrides(name),
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
    return Row((*named, number(len(model.versions)), size(model.bytes)), WELL)


def _notes(fleet: Fleet, found: ModelList) -> Iterator[str]:
    if found.error is not None:
        yield found.error
    for name, bad in fleet.bad.models.items():
        yield from (f"{name}/{version}: {note}" for version, note in bad.items())
    for model in found.models.values():
        yield from (f"{fleet.site.primary_datasink}: {why}" for why in model.unreadable.values())
