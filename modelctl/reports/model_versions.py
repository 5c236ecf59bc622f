"""The versions of one model: what the primary datasink stores, what git pins and names, what the hosts run.

As JSON, for programs: {"model": MODEL, "versions": {VERSION: {...}}, "hosts": {HOST: {...}}, "error": null | "why the
datasink gave no answer", "ok": bool}. A version, newest first, has
    stored: bool, null when unknown; the next four are null unless it is stored
    date: as its manifest has it, or null
    bytes: what it takes on the datasink's disk, null when it cannot be read
    digest: the SHA-256 of its manifest, null without one
    metrics: {NAME: TEXT}, from its manifest
    fault: null | "why its manifest could not be read"
    unreadable: null | "why nothing of it could be"
    pinned: "yes" | "no" | "differs", when the stored manifest is not the pinned one
    marks: ["current" | "previous" | "override on HOST", ...]
A host that gets or runs the model, or gives no answer, has
    gets: VERSION | null
    runs: VERSION | null
    error: null | "why it is unknown what it runs"
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from modelctl import hints
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import is_version, newest_first
from modelctl.nodes import node_status, remote
from modelctl.registry import registry_store
from modelctl.reports.description import Description, describe
from node.protocol.registry import ListedVersion, Listing
from node.protocol.status import NodeService
from node.registry.own import MANIFEST_LIMIT


@dataclass(frozen=True)
class ModelVersion:
    """A version; the fields are those of the JSON."""

    stored: bool | None
    date: str | None
    bytes: int | None
    digest: str | None
    metrics: Mapping[str, str] | None
    fault: str | None
    unreadable: str | None
    pinned: Literal["yes", "no", "differs"]
    marks: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        """Whether nothing about it differs or is unknown; what is named must be stored."""
        faults = self.pinned == "differs" or self.fault is not None or self.unreadable is not None
        return not faults and (self.stored is True or not self.marks)


@dataclass(frozen=True)
class Runner:
    """The version that a host gets, and the one that its running service's set names."""

    gets: str | None
    runs: str | None
    error: str | None = None


@dataclass(frozen=True)
class ModelVersions:
    """Everything about one model."""

    model: str
    versions: Mapping[str, ModelVersion]
    hosts: Mapping[str, Runner]
    error: str | None

    @property
    def is_ok(self) -> bool:
        """Whether all is known, what is named is stored, and what is stored is as pinned."""
        errors = (self.error, *(host.error for host in self.hosts.values()))
        return not any(errors) and all(version.is_ok for version in self.versions.values())

    def to_json(self) -> dict[str, Any]:
        """The object that the module's first lines describe."""
        return {**asdict(self), "ok": self.is_ok}


def look(fleet: Fleet, model: str) -> ModelVersions:
    """Ask the primary datasink and all hosts with a service, side by side. Raises OperatorError when none can be."""
    served = fleet.with_service()
    (listing, error), runners = remote.together(
        lambda: _listing(fleet, model), lambda: remote.side_by_side(served, lambda host: _runner(fleet, host, model))
    )
    hosts = {host: each for host, each in runners.items() if each != Runner(None, None)}
    versions = {each: _version(fleet, model, each, listing) for each in _shown(fleet, model, listing, hosts)}
    return ModelVersions(model, versions, hosts, error)


def _listing(fleet: Fleet, model: str) -> tuple[Listing | None, str | None]:
    """The listing, or why there is none of this model."""
    try:
        listing = registry_store.listing(fleet)
    except remote.NoAnswer as error:
        return None, str(error)
    why = listing.unreadable.get(model)
    return (listing, None) if why is None else (None, f"{fleet.site.primary_datasink}: {why}")


def _runner(fleet: Fleet, host: str, model: str) -> Runner:
    gets = fleet.versions(host).get(model)
    try:
        services = node_status.ask(fleet, host)
    except remote.NoAnswer as error:
        return Runner(gets, None, str(error))
    for name, service in services.items():
        if service.active and not _is_known(service):
            what = f"found {name} running no recorded set; see what is known: {hints.modelctl(f'status {host}')}"
            return Runner(gets, None, f"{remote.place(fleet, host)}: {what}")
    running = [service.models[model] for service in services.values() if service.active and model in service.models]
    return Runner(gets, running[0] if running else None)


def _is_known(service: NodeService) -> bool:
    return service.live is not None and service.live == service.chosen and service.is_recorded


def _shown(fleet: Fleet, model: str, listing: Listing | None, hosts: Mapping[str, Runner]) -> list[str]:
    """What is stored, named or run; where nobody knows what is stored, what is pinned."""
    stored = fleet.pins.models.get(model, {}) if listing is None else listing.of(model)
    run = [host.runs for host in hosts.values() if host.runs is not None]
    return newest_first({*stored, *fleet.referenced_versions(model), *filter(is_version, run)})


def _version(fleet: Fleet, model: str, version: str, listing: Listing | None) -> ModelVersion:
    listed = None if listing is None else listing.versions.get((model, version))
    is_read = listed is not None and listed.fault is None
    about = describe(listed.manifest) if listed is not None and is_read else Description()
    digest = _digest(listed) if listed is not None and is_read else None
    pin = fleet.pin(model, version)
    differs = pin is not None and is_read and digest != pin.manifest
    return ModelVersion(
        stored=None if listing is None else listed is not None,
        date=about.date,
        bytes=listed.bytes if listed is not None and is_read else None,
        digest=digest,
        metrics=about.metrics if is_read else None,
        fault=about.fault,
        unreadable=None if listed is None else listed.fault,
        pinned="no" if pin is None else "differs" if differs else "yes",
        marks=tuple(_marks(fleet, model, version)),
    )


def _digest(listed: ListedVersion) -> str | None:
    """None without a manifest, or with one that did not come whole."""
    if listed.manifest is None or len(listed.manifest) > MANIFEST_LIMIT:
        return None
    return hashlib.sha256(listed.manifest).hexdigest()


def _marks(fleet: Fleet, model: str, version: str) -> Iterator[str]:
    entry = fleet.registry.artefacts[model]
    if version == entry.current_version:
        yield "current"
    if version == entry.previous_version:
        yield "previous"
    yield from (f"override on {host}" for host, each in fleet.overrides(model).items() if each == version)
