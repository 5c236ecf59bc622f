"""One version whole: its files, what its manifest tells of it, who runs it, and what became of it; and two, compared.

The JSON is OneVersion.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from modelctl import quantities
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault, one_line
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote
from modelctl.registry import registry_store
from modelctl.registry.manifest import plain_yaml
from modelctl.reports import model_versions
from modelctl.reports.model_versions import Runner
from modelctl.reports.status import short
from modelctl.table import NONE, ODD, WELL, Report, Row, Table
from node.registry.own import MANIFEST_LIMIT

TOLD = ("source", "host", "framework", "date_deployed", "previous_version", "requires", "training_metrics")
MAX_SHOWN = 500  # values of a manifest
MAX_LETTERS = 80
MAX_DIGITS = 15  # of a size


class File(NamedTuple):
    """A file as its manifest tells of it; an older one tells no size."""

    size: int | None
    sha256: str | None

    @property
    def in_short(self) -> str:
        told = [] if self.size is None else [quantities.size(self.size)]
        return ", ".join([*told, f"SHA-256 {short(self.sha256)}"])


class OneVersion(NamedTuple):
    """A stored version. What its manifest tells is flat and in words, by names as `training_metrics.accuracy`."""

    model: str
    version: str
    manifest: str  # its SHA-256
    told: Mapping[str, str]
    files: Mapping[str, File]
    marks: tuple[str, ...]  # "current", "previous", "override on HOST"
    bad: str | None
    hosts: tuple[str, ...]  # that run it
    unknown: tuple[str, ...]  # why it is not known of others
    history: tuple[str, ...]  # commits of the site that tell of it, newest first


def look(fleet: Fleet, model: str, versions: Sequence[str], history: Mapping[str, Sequence[str]]) -> list[OneVersion]:
    """Ask the primary datasink and all hosts with a service; `history` are lines by version.

    Raises OperatorError for a version that is not stored, or whose manifest cannot be read.
    """
    listing, runners = remote.together(
        lambda: registry_store.listing(fleet), lambda: model_versions.runners(fleet, model)
    )
    unreadable = listing.faults_of(model)
    if unreadable:
        raise Faults(f"{fleet.site.primary_datasink}: {why}" for why in unreadable.values())
    stored = listing.of(model)
    for version in versions:
        if version not in stored:
            raise OperatorError(fault("VERSION", version, f"one that is stored: {choice(version, stored)}"))
    contents = {version: stored[version].manifest for version in versions}
    return [_version(fleet, model, version, content, runners, history) for version, content in contents.items()]


def _version(
    fleet: Fleet,
    model: str,
    version: str,
    manifest: bytes | None,
    runners: Mapping[str, Runner],
    history: Mapping[str, Sequence[str]],
) -> OneVersion:
    data, bad = _read(f"{fleet.site.primary_datasink}: {model}/{version}", manifest), fleet.bad_version(model, version)
    return OneVersion(
        model=model,
        version=version,
        manifest=hashlib.sha256(manifest or b"").hexdigest(),
        told=dict(_told(data)),
        files=dict(_files(data)),
        marks=tuple(model_versions.marks(fleet, model, version)),
        bad=None if bad is None else str(bad),
        hosts=tuple(host for host, each in runners.items() if each.runs == version),
        unknown=tuple(dict.fromkeys(each.error for each in runners.values() if each.error is not None)),
        history=tuple(history.get(version, ())),
    )


def report(found: OneVersion) -> Report:
    rows = [
        ("manifest", found.manifest),
        ("marks", model_versions.marks_in_words(found.marks, found.bad)),
        ("runs on", ", ".join(found.hosts) or NONE),
        *found.told.items(),
        *((f"files.{name}", file.in_short) for name, file in found.files.items()),
    ]
    label = f"{found.model}/{found.version}"
    bad = [f"{label}: {found.bad}"] if found.bad is not None else []
    table = Table(("of", label), tuple(map(Row, rows)), prose=frozenset({label}))
    return Report((table,), (*bad, *found.unknown, *found.history))


def comparison(first: OneVersion, second: OneVersion) -> Report:
    """Two versions side by side; what differs is marked."""
    told = [
        {**each.told, **{f"files.{name}": file.in_short for name, file in each.files.items()}}
        for each in (first, second)
    ]
    names = dict.fromkeys([*told[0], *told[1]])
    rows = tuple(_compared(name, *(each.get(name, NONE) for each in told)) for name in names)
    bad = tuple(f"{each.model}/{each.version}: {each.bad}" for each in (first, second) if each.bad is not None)
    versions = (first.version, second.version)
    return Report((Table(("of", *versions, ""), rows, prose=frozenset(versions), spare=("",)),), bad)


def _compared(name: str, first: str, second: str) -> Row:
    return Row((name, first, second, "" if first == second else "differs"), WELL if first == second else ODD)


def _read(label: str, manifest: bytes | None) -> Mapping[str, object]:
    if manifest is None or len(manifest) > MANIFEST_LIMIT:
        raise OperatorError(f"{label}: found no manifest.yaml of up to {MANIFEST_LIMIT} bytes; expected one")
    try:
        data = plain_yaml(manifest)
    except ValueError as error:
        raise OperatorError(f"{label}: manifest.yaml: {error}; expected plain YAML") from None
    if not isinstance(data, dict):
        raise OperatorError(f"{label}: manifest.yaml: found no mapping; expected name, version and files")
    return data


def _told(data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    pairs = (pair for name in TOLD for pair in _flat(name, data.get(name)))
    for count, pair in enumerate(pairs):
        if count == MAX_SHOWN:
            return
        yield pair


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _flat(f"{name}.{one_line(str(key), MAX_LETTERS)}", each)
    elif isinstance(value, list):
        yield name, one_line(", ".join(map(str, value)), MAX_LETTERS)
    elif value not in (None, "", "null", {}):
        yield name, one_line(str(value), MAX_LETTERS)


def _files(data: Mapping[str, object]) -> Iterator[tuple[str, File]]:
    """An older manifest calls a SHA-256 `checksum`."""
    listed = data.get("files")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict):
            size, digest = str(each.get("size")), each.get("sha256", each.get("checksum"))
            shown = None if digest is None else one_line(str(digest), MAX_LETTERS)
            is_size = size.isascii() and size.isdecimal() and len(size) <= MAX_DIGITS
            yield one_line(str(each.get("name", NONE)), MAX_LETTERS), File(int(size) if is_size else None, shown)
