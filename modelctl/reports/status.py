"""What hosts run, compared with what this checkout wants: for programs as JSON, for people in tables.

The JSON is FleetStatus; "ok" tells whether there is nothing to be done. A node's own words are in node/protocol/.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from modelctl import hints, quantities
from modelctl.desired.desired_state import desired
from modelctl.errors import Faults
from modelctl.faults import choice, fault, for_each
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote
from modelctl.reports import registry_state
from modelctl.reports.registry_state import RegistryState
from modelctl.table import BAD, NONE, ODD, UNKNOWN, WELL, Report, Row, Table
from node.protocol.facts import Coral, HistoryEntry, NodeService, Pending, Running
from node.store.service_set import ServiceSet

SHORT = 12
SETS = ("host", "service", "wanted", "chosen", "running", "health", "drift", "code")
MODELS = ("host", "service", "model", "wanted", "chosen")
CORAL = ("host", "service", "coral", "stick", "library")
VERDICTS = ("unhealthy", "starting", "no stick", "unknown")
"""What a node says of a service that is not healthy."""
WENT_WELL = ("chosen", "restored")
"""Outcomes that need no line."""
Wanted = Mapping[str, list[ServiceSet]]  # the sets that hosts should run
_UNHEARD_OF = NodeService(
    chosen=None, active=False, live=None, models={}, health="no set is chosen", drift=[], pending=None, last=None
)


class Versions(NamedTuple):
    """The wanted version of a model, and that which the chosen set names."""

    wanted: str | None
    chosen: str | None
    override: bool  # whether the wanted one is the host's own


class ServiceStatus(NamedTuple):
    """How a service stands to its wanted set. Sets are digests, None where there is none or nobody knows."""

    wanted: str | None
    chosen: str | None
    running: str | None
    models: Mapping[str, Versions]
    health: str | None  # "VERDICT: why", with one of VERDICTS; None of a healthy one
    drift: tuple[str, ...]  # what differs
    pending: Pending | None  # a switch that has not ended
    last: HistoryEntry | None
    leftovers: Sequence[str]  # folders that a killed clean-up of the host's versions left
    code: str | None  # release of the service's own code, as far as it can be told
    queue: str | None  # jobs, where its release tells of them
    coral: Coral | None = None  # of a service that uses a Coral stack; what matters of it is in `health` too

    @property
    def verdict(self) -> str:
        """How it is, in a word or two; of a node of an older release only whether it is healthy."""
        if self.health is None:
            return "healthy"
        verdict = self.health.partition(":")[0]
        return verdict if verdict in VERDICTS else "unhealthy"

    @property
    def is_healthy(self) -> bool:
        return self.health is None and not self.drift


class HostStatus(NamedTuple):
    """A host's services; none where there is an error, for what is unknown is not absent."""

    services: Mapping[str, ServiceStatus]
    error: str | None
    running: Sequence[Running] = ()  # a pull, a switch

    @property
    def is_healthy(self) -> bool:
        return self.error is None and all(service.is_healthy for service in self.services.values())


class FleetStatus(NamedTuple):
    """Hosts, and what is unfinished in the model registry and in the checkout."""

    hosts: Mapping[str, HostStatus]
    registry: RegistryState  # whether all is well does not depend on it
    change: str | None  # what began and has not ended

    @property
    def is_ok(self) -> bool:
        return self.change is None and all(host.is_healthy for host in self.hosts.values())


def choose(fleet: Fleet, hosts: Sequence[str]) -> list[str]:
    """The hosts that were named, or all that have a service. Raises Faults for a name that is none of these."""
    served = fleet.with_service()
    unknown = [fault("HOST", host, choice(host, served)) for host in hosts if host not in served]
    if unknown:
        raise Faults(unknown)
    return list(dict.fromkeys(hosts)) or served


def wanted_sets(fleet: Fleet, hosts: Sequence[str]) -> dict[str, list[ServiceSet]]:
    """The sets that each host should run. Raises the Faults of all hosts, as `desired` does."""
    return for_each(hosts, lambda host: desired(fleet, host).sets)


def look(fleet: Fleet, wanted: Wanted) -> dict[str, HostStatus]:
    """Ask all hosts at once. Raises OperatorError when none can be asked."""
    return remote.side_by_side(list(wanted), lambda host: _look(fleet, host, wanted[host]))


def report(fleet: Fleet, wanted: Wanted, found: FleetStatus) -> Report:
    """Tables of sets, model versions and, where a service uses one, Coral stacks; and a line for each thing to know."""
    tables = [
        Table(SETS, tuple(_set_rows(wanted, found.hosts)), spare=("code", "chosen", "wanted", "running")),
        Table(MODELS, tuple(_model_rows(fleet, wanted, found.hosts)), spare=("service", "wanted")),
    ]
    stacks = tuple(_coral_rows(found.hosts))
    if stacks:
        tables.append(Table(CORAL, stacks, spare=("service", "library")))
    notes = [*_notes(found.hosts), *filter(None, [found.change]), *registry_state.notes(fleet, found.registry)]
    return Report(tuple(tables), tuple(dict.fromkeys(notes)))


def short(digest: str | None) -> str:
    """A digest as people read it."""
    return digest[:SHORT] if digest else "none"


def _look(fleet: Fleet, host: str, wanted: list[ServiceSet]) -> HostStatus:
    try:
        answer = node_command.whole_status(fleet, host)
    except remote.NoAnswer as error:
        return HostStatus({}, str(error))
    found = answer.services
    sets, overrides = {each.service: each for each in wanted}, fleet.host(host).model_version_overrides
    # A service that nobody wants there tells of an earlier role of the host, if it runs.
    names = [*sets, *(name for name, service in found.items() if service.active and name not in sets)]
    services = {name: _compare(name, sets.get(name), found.get(name, _UNHEARD_OF), overrides) for name in names}
    return HostStatus(services, None, answer.running)


def _compare(name: str, wanted: ServiceSet | None, found: NodeService, overrides: Mapping[str, str]) -> ServiceStatus:
    models = _models(wanted.models if wanted else {}, found.models, overrides)
    should_run = wanted is not None and wanted.is_to_run
    return ServiceStatus(
        wanted=wanted.digest if wanted else None,
        chosen=found.chosen,
        running=found.live,
        models=models,
        # What should not run, and does not, is healthy: its set may have been chosen while it should.
        health=found.health if should_run or found.active else None,
        drift=tuple(_drift(name, wanted, found, models)),
        pending=found.pending,
        last=found.last,
        leftovers=found.leftovers,
        code=found.code,
        queue=found.queue,
        coral=found.coral,
    )


def _models(wanted: Mapping[str, str], chosen: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, Versions]:
    names = sorted({*wanted, *chosen})
    return {model: Versions(wanted.get(model), chosen.get(model), model in overrides) for model in names}


def _drift(name: str, wanted: ServiceSet | None, found: NodeService, models: Mapping[str, Versions]) -> Iterator[str]:
    if wanted is None:
        yield f"running, wanted on no such host; end it there: sudo systemctl disable --now {name}"
        return
    yield from _sets(wanted, found, models)
    yield from _running(wanted, found)
    yield from found.drift
    if (pending := found.pending) is not None:
        now = "it runs now" if pending.running else "it does not run now"
        yield (
            f"a switch to {short(pending.to)} has not ended ({pending.operator}, {pending.time}: "
            f"{pending.purpose}); {now}"
        )


def _sets(wanted: ServiceSet, found: NodeService, models: Mapping[str, Versions]) -> Iterator[str]:
    if found.chosen == wanted.digest:
        return
    yield f"chosen {short(found.chosen)}, wanted {short(wanted.digest)}"
    if found.models:  # nobody knows those of a set that was adopted
        for model, versions in models.items():
            if versions.chosen != versions.wanted:
                yield f"{model} {versions.chosen or 'none'}, wanted {versions.wanted or 'none'}"


def _running(wanted: ServiceSet, found: NodeService) -> Iterator[str]:
    if wanted.is_to_run and found.live != found.chosen:
        yield f"running {short(found.live) if found.live else 'no known set'}, chosen {short(found.chosen)}"
    if not wanted.is_to_run and found.active:
        command = "stop" if wanted.state == "stopped" else "disable --now"
        yield f"running, wanted {wanted.state}; end it there: sudo systemctl {command} {wanted.service}"


def _set_rows(wanted: Wanted, found: Mapping[str, HostStatus]) -> Iterator[Row]:
    for name, host in found.items():
        for service, status in host.services.items():
            digests = map(short, (status.wanted, status.chosen, status.running))
            cells = (*digests, status.verdict, "drift" if status.drift else "none", status.code or "-")
            yield Row((name, service, *cells), WELL if status.is_healthy else BAD)
        if host.error is not None:
            for each in wanted[name]:
                yield Row((name, each.service, short(each.digest), *[UNKNOWN] * 5), ODD)


def _model_rows(fleet: Fleet, wanted: Wanted, found: Mapping[str, HostStatus]) -> Iterator[Row]:
    for name, host in found.items():
        for service, status in host.services.items():
            for model, versions in status.models.items():
                style = WELL if versions.wanted == versions.chosen else BAD
                yield Row((name, service, model, _wanted(versions), versions.chosen or NONE), style)
        if host.error is not None:
            overrides = fleet.host(name).model_version_overrides
            for each in wanted[name]:
                for model, versions in _models(each.models, {}, overrides).items():
                    yield Row((name, each.service, model, _wanted(versions), UNKNOWN), ODD)


def _coral_rows(found: Mapping[str, HostStatus]) -> Iterator[Row]:
    """A row for each service that uses a Coral stack, as far as its host tells."""
    for name, host in found.items():
        for service, status in host.services.items():
            coral = status.coral
            if coral is not None:
                is_odd = coral.problem is not None or coral.library.endswith("(foreign)")
                yield Row((name, service, coral.version, coral.stick, coral.library), BAD if is_odd else WELL)


def _wanted(versions: Versions) -> str:
    mark = " (override)" if versions.override else ""
    return f"{versions.wanted}{mark}" if versions.wanted else NONE


def _notes(found: Mapping[str, HostStatus]) -> Iterator[str]:
    """What is unhealthy, what last went wrong, and what to type next."""
    for name, host in found.items():
        if host.error is not None:
            yield host.error
        yield from (f"{name}: {_running_note(each)}" for each in host.running)
        for service, status in host.services.items():
            yield from (f"{name} {service}: {note}" for note in _service_notes(service, status))
    drifted = [name for name, host in found.items() if any(each.drift for each in host.services.values())]
    if drifted:
        limits = " ".join(f"--limit {name}" for name in drifted)
        yield "what a deploy would do about drift: " + hints.pyinfra(f"deploys/models.py {limits} --dry")


def _running_note(found: Running) -> str:
    what = f"{found.work} of {found.service}" if found.service else found.work
    how_far = f": it {found.stage}" if found.stage else ""
    if found.done is not None and found.size is not None:
        how_far = f": {quantities.part(found.done, found.size)}"
    return f"a {what} is running since {found.since}, by {found.operator}{how_far}; {found.purpose}"


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
