"""The versions of one model, for people: a table of versions, a table of hosts, and a line for each thing to know."""

from collections.abc import Iterator

from modelctl import hints
from modelctl.reports.model_versions import ModelVersion, ModelVersions, Runner
from modelctl.reports.status import short
from modelctl.table import BAD, NONE, ODD, UNKNOWN, UNREADABLE, WELL, Report, Row, Table, number

VERSIONS = ("version", "date", "bytes", "digest", "pinned", "marks", "metrics")
HOSTS = ("host", "gets", "runs")
ABSENT = "not stored"


def report(found: ModelVersions) -> Report:
    """The tables and the lines."""
    versions = tuple(_version_row(name, version) for name, version in found.versions.items())
    hosts = tuple(_host_row(name, host) for name, host in found.hosts.items())
    return Report((Table(VERSIONS, versions, frozenset({"bytes"})), Table(HOSTS, hosts)), tuple(_notes(found)))


def _version_row(name: str, version: ModelVersion) -> Row:
    marks = ", ".join(version.marks) or NONE
    if version.stored is None:
        return Row((name, *[UNKNOWN] * 3, version.pinned, marks, UNKNOWN), ODD)
    if version.unreadable is not None:
        return Row((name, *[UNREADABLE] * 3, version.pinned, marks, UNREADABLE), BAD)
    if not version.stored:
        return Row((name, NONE, ABSENT, NONE, version.pinned, marks, NONE), BAD if version.marks else ODD)
    unknown = UNKNOWN if version.fault else NONE
    metrics = ", ".join(f"{metric} {value}" for metric, value in (version.metrics or {}).items())
    digest = short(version.digest) if version.digest else unknown
    cells = (version.date or unknown, number(version.bytes or 0), digest, version.pinned, marks, metrics or unknown)
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
