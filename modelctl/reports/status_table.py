"""The status of hosts, for people: tables of sets, model versions and Coral stacks, and a line for each thing to know.

The table of Coral stacks has a row for each service that uses one: the stack's version, how the stick is, and which
library its processes have mapped. Without such a service there is none.
"""

from collections.abc import Iterable, Iterator, Mapping

from modelctl import hints
from modelctl.reports.status import HostStatus, ServiceStatus, short
from modelctl.table import BAD, NONE, ODD, UNKNOWN, WELL, Report, Row, Table

SETS = ("host", "service", "wanted", "chosen", "running", "health", "drift", "code")
MODELS = ("host", "service", "model", "wanted", "chosen")
CORAL = ("host", "service", "coral", "stick", "library")
WENT_WELL = ("chosen", "restored")
"""Outcomes that need no line."""


def report(found: Mapping[str, HostStatus], registry: Iterable[str]) -> Report:
    """The tables and the lines, those on the `registry` last."""
    tables = [Table(SETS, tuple(_set_rows(found))), Table(MODELS, tuple(_model_rows(found)))]
    stacks = tuple(_coral_rows(found))
    if stacks:
        tables.append(Table(CORAL, stacks))
    return Report(tuple(tables), tuple(dict.fromkeys([*_notes(found), *registry])))


def _set_rows(found: Mapping[str, HostStatus]) -> Iterator[Row]:
    """A row for each service of each host: its wanted, its chosen and its running set, and whether it is healthy."""
    for name, host in found.items():
        for service, status in host.services.items():
            yield _set_row(name, service, status)
        if host.error is not None:
            for wanted in host.wanted:
                yield Row((name, wanted.service, short(wanted.digest), *[UNKNOWN] * 5), ODD)


def _model_rows(found: Mapping[str, HostStatus]) -> Iterator[Row]:
    """A row for each model that a service's wanted or chosen set names."""
    for name, host in found.items():
        for service, status in host.services.items():
            for model, versions in status.models.items():
                style = WELL if versions.wanted == versions.chosen else BAD
                wanted = _wanted(host, model, versions.wanted)
                yield Row((name, service, model, wanted, versions.chosen or NONE), style)
        if host.error is not None:
            for each in host.wanted:
                for model, version in each.models.items():
                    yield Row((name, each.service, model, _wanted(host, model, version), UNKNOWN), ODD)


def _coral_rows(found: Mapping[str, HostStatus]) -> Iterator[Row]:
    """A row for each service that uses a Coral stack, as far as its host tells."""
    for name, host in found.items():
        for service, status in host.services.items():
            coral = status.coral
            if coral is not None:
                is_odd = coral.problem is not None or coral.library.endswith("(foreign)")
                yield Row((name, service, coral.version, coral.stick, coral.library), BAD if is_odd else WELL)


def _wanted(host: HostStatus, model: str, version: str | None) -> str:
    mark = " (override)" if model in host.overrides else ""
    return f"{version}{mark}" if version else NONE


def _notes(found: Mapping[str, HostStatus]) -> Iterator[str]:
    """What is unhealthy, what last went wrong, and what to type next."""
    for name, host in found.items():
        if host.error is not None:
            yield host.error
        for service, status in host.services.items():
            yield from (f"{name} {service}: {note}" for note in _service_notes(service, status))
    drifted = [name for name, host in found.items() if any(each.drift for each in host.services.values())]
    if drifted:
        limits = " ".join(f"--limit {name}" for name in drifted)
        yield "what a deploy would do about drift: " + hints.pyinfra(f"deploys/models.py {limits} --dry")


def _set_row(host: str, service: str, status: ServiceStatus) -> Row:
    digests = map(short, (status.wanted, status.chosen, status.running))
    drift = "drift" if status.drift else "none"
    return Row((host, service, *digests, status.verdict, drift, status.code or "-"), WELL if status.is_healthy else BAD)


def _service_notes(service: str, status: ServiceStatus) -> Iterator[str]:
    if status.health:
        yield f"{status.health}; look there: sudo journalctl --unit {service} --lines 50 --no-pager"
    for each in status.drift:
        yield f"drift: {each}"
    if status.coral and status.coral.problem:
        yield status.coral.problem
    for each in status.leftovers:
        yield f"{each}: a clean-up has not ended; end it: {hints.modelctl('prune nodes')}"
    if status.last and status.last.outcome not in WENT_WELL:
        yield f"{status.last.outcome} ({status.last.operator}, {status.last.time}): {status.last.reason or 'no reason'}"
