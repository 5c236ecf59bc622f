"""The versions of one model: what the primary datasink stores, what git pins and names, what the hosts run.

The JSON is ModelVersions; "ok" tells whether nothing differs or is unknown.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from modelctl import hints
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import is_version, newest_first
from modelctl.nodes import node_command, remote
from modelctl.quantities import size
from modelctl.registry import registry_store
from modelctl.registry.manifest import plain_yaml
from modelctl.reports.status import short
from modelctl.table import BAD, NONE, ODD, UNKNOWN, UNREADABLE, WELL, Report, Row, Table
from node.protocol.registry import Listing
from node.registry.own import MANIFEST_LIMIT

VERSIONS = ("version", "date", "size", "digest", "pinned", "marks", "metrics")
SPARE = ("metrics", "digest", "date", "size", "pinned")
HOSTS = ("host", "gets", "runs")
ABSENT = "not stored"
MAX_METRICS = 20


class Description(NamedTuple):
    """What a stored manifest tells people about its version."""

    date: str | None = None  # as the manifest has it
    metrics: Mapping[str, str] = {}
    fault: str | None = None  # why it could not be read


class ModelVersion(NamedTuple):
    """A version. What is told of its content is None unless it is stored."""

    stored: bool | None  # None when unknown
    date: str | None  # as its manifest has it
    bytes: int | None  # that it takes on the datasink's disk
    digest: str | None  # SHA-256 of its manifest
    metrics: Mapping[str, str] | None  # from its manifest
    fault: str | None  # why its manifest could not be read
    unreadable: str | None  # why nothing of it could be
    pinned: Literal["yes", "no", "differs"]  # differs: the stored manifest is not the pinned one
    marks: tuple[str, ...]  # "current", "previous", "override on HOST"
    bad: str | None  # why it is marked bad

    @property
    def is_ok(self) -> bool:
        """Whether nothing about it differs or is unknown; what is named must be stored."""
        faults = self.pinned == "differs" or self.fault is not None or self.unreadable is not None
        return not faults and (self.stored is True or not self.marks)


class Runner(NamedTuple):
    """The version that a host gets, and the one that its running service's set names."""

    gets: str | None
    runs: str | None
    error: str | None = None  # why it is unknown what it runs


class ModelVersions(NamedTuple):
    """Everything about one model. Its versions are sorted newest first; `hosts` get it, run it, or give no answer."""

    model: str
    versions: Mapping[str, ModelVersion]
    hosts: Mapping[str, Runner]
    error: str | None  # why the datasink gave no answer

    @property
    def is_ok(self) -> bool:
        """Whether all is known, what is named is stored, and what is stored is as pinned."""
        errors = (self.error, *(host.error for host in self.hosts.values()))
        return not any(errors) and all(version.is_ok for version in self.versions.values())


def look(fleet: Fleet, model: str) -> ModelVersions:
    """Ask the primary datasink and all hosts with a service, side by side. Raises OperatorError when none can be."""
    (listing, error), hosts = remote.together(lambda: _listing(fleet, model), lambda: runners(fleet, model))
    versions = {each: _version(fleet, model, each, listing) for each in _shown(fleet, model, listing, hosts)}
    return ModelVersions(model, versions, hosts, error)


def report(found: ModelVersions) -> Report:
    versions = tuple(_version_row(name, version) for name, version in found.versions.items())
    hosts = tuple(_host_row(name, host) for name, host in found.hosts.items())
    shown = Table(VERSIONS, versions, frozenset({"size"}), frozenset({"metrics"}), SPARE)
    return Report((shown, Table(HOSTS, hosts)), tuple(_notes(found)))


def runners(fleet: Fleet, model: str) -> dict[str, Runner]:
    """The hosts that get a model, run it, or give no answer. Raises OperatorError when none can be asked."""
    found = remote.side_by_side(fleet.with_service(), lambda host: _runner(fleet, host, model))
    return {host: each for host, each in found.items() if each != Runner(None, None)}


def describe(manifest: bytes | None) -> Description:
    """Read the text of a manifest.yaml, None when there is none."""
    if manifest is None:
        return Description(fault="there is none")
    if len(manifest) > MANIFEST_LIMIT:
        return Description(fault=f"found more than {MANIFEST_LIMIT} bytes")
    try:
        data = plain_yaml(manifest)
    except ValueError as error:
        return Description(fault=str(error))
    if not isinstance(data, dict):
        return Description(fault="found no mapping")
    date, metrics = data.get("date_deployed"), data.get("training_metrics")
    first = list(metrics.items())[:MAX_METRICS] if isinstance(metrics, dict) else []
    return Description(_text(date) if date else None, {_text(name): _text(value) for name, value in first})


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
        services = node_command.status(fleet, host)
    except remote.NoAnswer as error:
        return Runner(gets, None, str(error))
    for name, service in services.items():
        is_known = service.live is not None and service.live == service.chosen and service.is_recorded
        if service.active and not is_known:
            what = f"found {name} running no recorded set; see what is known: {hints.modelctl(f'status {host}')}"
            return Runner(gets, None, f"{remote.place(fleet, host)}: {what}")
    running = [service.models[model] for service in services.values() if service.active and model in service.models]
    return Runner(gets, running[0] if running else None)


def _shown(fleet: Fleet, model: str, listing: Listing | None, hosts: Mapping[str, Runner]) -> list[str]:
    """What is stored, named or run; where nobody knows what is stored, what is pinned."""
    stored = fleet.pins.models.get(model, {}) if listing is None else listing.of(model)
    run = [host.runs for host in hosts.values() if host.runs is not None]
    return newest_first({*stored, *fleet.referenced_versions(model), *filter(is_version, run)})


def _version(fleet: Fleet, model: str, version: str, listing: Listing | None) -> ModelVersion:
    listed = None if listing is None else listing.versions.get((model, version))
    read = listed if listed is not None and listed.fault is None else None
    about = describe(read.manifest) if read is not None else Description()
    digest = None
    if read is not None and read.manifest is not None and len(read.manifest) <= MANIFEST_LIMIT:  # else it is not whole
        digest = hashlib.sha256(read.manifest).hexdigest()
    pin, bad = fleet.pin(model, version), fleet.bad_version(model, version)
    differs = pin is not None and read is not None and digest != pin.manifest
    return ModelVersion(
        stored=None if listing is None else listed is not None,
        date=about.date,
        bytes=None if read is None else read.bytes,
        digest=digest,
        metrics=None if read is None else about.metrics,
        fault=about.fault,
        unreadable=None if listed is None else listed.fault,
        pinned="no" if pin is None else "differs" if differs else "yes",
        marks=tuple(marks(fleet, model, version)),
        bad=None if bad is None else str(bad),
    )


def _text(value: object) -> str:
    return one_line(str(value), 40)


def marks(fleet: Fleet, model: str, version: str) -> Iterator[str]:
    """What names a version: "current", "previous", "override on HOST"."""
    entry = fleet.registry.artefacts[model]
    if version == entry.current_version:
        yield "current"
    if version == entry.previous_version:
        yield "previous"
    yield from (f"override on {host}" for host, each in fleet.overrides(model).items() if each == version)


def marks_in_words(named: Iterable[str], bad: str | None) -> str:
    """What names a version, and whether it is marked bad: why stands in a line of its own."""
    return ", ".join([*named, *(["bad"] if bad is not None else [])]) or NONE


def _version_row(name: str, version: ModelVersion) -> Row:
    named = marks_in_words(version.marks, version.bad)
    if version.stored is None:
        return Row((name, *[UNKNOWN] * 3, version.pinned, named, UNKNOWN), ODD)
    if version.unreadable is not None:
        return Row((name, *[UNREADABLE] * 3, version.pinned, named, UNREADABLE), BAD)
    if not version.stored:
        return Row((name, NONE, ABSENT, NONE, version.pinned, named, NONE), BAD if version.marks else ODD)
    unknown = UNKNOWN if version.fault else NONE
    metrics = ", ".join(f"{metric} {value}" for metric, value in (version.metrics or {}).items())
    digest = short(version.digest) if version.digest else unknown
    cells = (version.date or unknown, size(version.bytes or 0), digest, version.pinned, named, metrics or unknown)
    return Row((name, *cells), WELL if version.is_ok else BAD)


def _host_row(name: str, host: Runner) -> Row:
    if host.error is not None:
        return Row((name, host.gets or NONE, UNKNOWN), ODD)
    return Row((name, host.gets or NONE, host.runs or NONE), WELL)


def _notes(found: ModelVersions) -> Iterator[str]:
    if found.error is not None:
        yield found.error
    verify = hints.modelctl(f"verify {found.model}")
    for name, version in found.versions.items():
        label = f"{found.model}/{name}"
        if version.bad is not None:
            yield f"{label}: {version.bad}"
        if version.unreadable is not None:
            yield f"{label}: {version.unreadable}"
        if version.fault is not None:
            yield f"{label}: manifest.yaml: {version.fault}; all that is wrong with it: {verify}"
        elif version.pinned == "differs":
            yield f"{label}: its manifest is not the pinned one; which files differ: {verify}"
        if version.stored is False and version.marks:
            yield f"{label}: not stored, but named as {', '.join(version.marks)}; store it, or name another version"
    errors = dict.fromkeys(host.error for host in found.hosts.values() if host.error != found.error)
    yield from (error for error in errors if error is not None)
