"""What hosts run, compared with what this checkout wants.

As JSON, for programs: {"hosts": {HOST: {"services": {SERVICE: {...}}, "error": null | "why"}}, "registry": {...},
"change": null | "what began and has not ended", "ok": bool}, where a service has
    wanted, chosen, running: digests of sets, or null
    models: {MODEL: {"wanted": VERSION | null, "chosen": VERSION | null, "override": bool}}, whether the host's own
    health: null | "VERDICT: why", where the verdict is unhealthy, starting, no stick or unknown
    code: null | "release of the service's own code, as far as it can be told"
    queue: null | "jobs, where its release tells of them"
    drift: ["what differs", ...]
    coral: null | {"version", "stick", "library", "problem"}, of a service that uses a Coral stack, where
        version: VERSION, of its stack
        stick: "running (18d1:9302)" | "boot loader (1a6e:089a)" | "absent" | "unknown"
        library: "loaded" | "not loaded yet" | "PATH (foreign)", as its processes have it | "unknown"
        problem: null | "why its user cannot use the stick"
    pending: null | {"time", "operator", "purpose", "commit", "from", "to", "running"}, a switch that has not ended
    last: null | {"n", "time", "host", "service", "operator", "purpose", "outcome", "from", "to", "commit", "dirty",
        "reason"}, of its history
    leftovers: ["folder that a killed clean-up of the host's versions left", ...]
A host with an error has no services there: what is unknown is not absent. On `coral`, where no check of the service's
health fails for it, and on the registry `ok` does not depend; the registry has
    unpinned: ["MODEL/VERSION", ...], stored without a pin
    leftovers: ["MODEL/NAME", ...], folders that unfinished imports and clean-ups left
    parts: ["HOST/MODEL/VERSION/NAME", ...], files that unfinished collects left
    listed: ["MODEL/VERSION", ...], on the delete-list of its clean-up, though this checkout names them
    unreadable: {MODEL or MODEL/VERSION: "why it could not be read"}
    error: null | "why some of that is unknown"
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modelctl.desired.desired_state import desired
from modelctl.errors import Faults
from modelctl.faults import choice, fault, for_each
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_status, remote
from modelctl.reports.registry_state import RegistryState
from node import codec
from node.protocol.facts import HistoryEntry
from node.protocol.status import Coral, NodeService, Pending
from node.store.service_set import ServiceSet

SHORT = 12
VERDICTS = ("unhealthy", "starting", "no stick", "unknown")
"""What a node says of a service that is not healthy."""
_UNHEARD_OF = NodeService(
    chosen=None, active=False, live=None, models={}, health="no set is chosen", drift=[], pending=None, last=None
)


@dataclass(frozen=True)
class Versions:
    """The wanted version of a model, and that which the chosen set names."""

    wanted: str | None
    chosen: str | None


@dataclass(frozen=True)
class ServiceStatus:
    """How a service stands to its wanted set; the fields are those of the JSON."""

    wanted: str | None
    chosen: str | None
    running: str | None
    models: Mapping[str, Versions]
    health: str | None
    drift: tuple[str, ...]
    pending: Pending | None
    last: HistoryEntry | None
    leftovers: Sequence[str]
    code: str | None
    queue: str | None
    coral: Coral | None = None

    @property
    def verdict(self) -> str:
        """How it is, in a word or two; of what a node of an older release says it is known only that it is
        unhealthy.
        """
        if self.health is None:
            return "healthy"
        verdict = self.health.partition(":")[0]
        return verdict if verdict in VERDICTS else "unhealthy"

    @property
    def is_healthy(self) -> bool:
        """Whether it is healthy, and as wanted."""
        return self.health is None and not self.drift


@dataclass(frozen=True)
class HostStatus:
    """A host's services, or why they are unknown; `overrides` are the models of which it wants a version of its own."""

    wanted: list[ServiceSet]
    overrides: frozenset[str]
    services: Mapping[str, ServiceStatus]
    error: str | None

    @property
    def is_healthy(self) -> bool:
        """Whether it answered, and all its services are healthy."""
        return self.error is None and all(service.is_healthy for service in self.services.values())


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


def look(fleet: Fleet, wanted: Mapping[str, list[ServiceSet]]) -> dict[str, HostStatus]:
    """Ask all hosts at once. Raises OperatorError when none can be asked."""
    return remote.side_by_side(list(wanted), lambda host: _look(fleet, host, wanted[host]))


def to_json(found: Mapping[str, HostStatus], registry: RegistryState, change: str | None) -> dict[str, Any]:
    """The object that the module's first lines describe."""
    hosts = {
        name: {"services": {each: _json(host, status) for each, status in host.services.items()}, "error": host.error}
        for name, host in found.items()
    }
    return {"hosts": hosts, "registry": asdict(registry), "change": change, "ok": all_healthy(found) and change is None}


def all_healthy(found: Mapping[str, HostStatus]) -> bool:
    """Whether all hosts answered, and all their services are healthy."""
    return all(host.is_healthy for host in found.values())


def short(digest: str | None) -> str:
    """A digest as people read it."""
    return digest[:SHORT] if digest else "none"


def _look(fleet: Fleet, host: str, wanted: list[ServiceSet]) -> HostStatus:
    overrides = frozenset(fleet.host(host).model_version_overrides)
    try:
        found = node_status.ask(fleet, host)
    except remote.NoAnswer as error:
        return HostStatus(wanted, overrides, {}, str(error))
    services = {each.service: _compare(each, found.pop(each.service, _UNHEARD_OF)) for each in wanted}
    left = {name: _left_over(name, service) for name, service in found.items() if service.active}
    return HostStatus(wanted, overrides, {**services, **left}, None)


def _compare(wanted: ServiceSet, found: NodeService) -> ServiceStatus:
    should_run = wanted.state == "running"
    return ServiceStatus(
        wanted=wanted.digest,
        chosen=found.chosen,
        running=found.live,
        models=_models(wanted, found.models),
        # What should not run, and does not, is healthy: its set may have been chosen while it should.
        health=found.health if should_run or found.active else None,
        drift=(*_sets(wanted, found), *_running(wanted, found), *found.drift, *_unfinished(found.pending)),
        pending=found.pending,
        last=found.last,
        leftovers=found.leftovers,
        code=found.code,
        queue=found.queue,
        coral=found.coral,
    )


def _models(wanted: ServiceSet, chosen: Mapping[str, str]) -> dict[str, Versions]:
    return {model: Versions(wanted.models.get(model), chosen.get(model)) for model in sorted({*wanted.models, *chosen})}


def _sets(wanted: ServiceSet, found: NodeService) -> Iterator[str]:
    if found.chosen == wanted.digest:
        return
    yield f"chosen {short(found.chosen)}, wanted {short(wanted.digest)}"
    if found.models:  # nobody knows those of a set that was adopted
        for model, versions in _models(wanted, found.models).items():
            if versions.chosen != versions.wanted:
                yield f"{model} {versions.chosen or 'none'}, wanted {versions.wanted or 'none'}"


def _running(wanted: ServiceSet, found: NodeService) -> Iterator[str]:
    if wanted.state == "running" and found.live != found.chosen:
        yield f"running {short(found.live) if found.live else 'no known set'}, chosen {short(found.chosen)}"
    if wanted.state != "running" and found.active:
        command = "stop" if wanted.state == "stopped" else "disable --now"
        yield f"running, wanted {wanted.state}; end it there: sudo systemctl {command} {wanted.service}"


def _unfinished(pending: Pending | None) -> Iterator[str]:
    if pending is not None:
        now = "it runs now" if pending.running else "it does not run now"
        yield (
            f"a switch to {short(pending.to)} has not ended ({pending.operator}, {pending.time}: "
            f"{pending.purpose}); {now}"
        )


def _left_over(name: str, found: NodeService) -> ServiceStatus:
    """A service that runs on a host which once had another role."""
    models = {model: Versions(None, version) for model, version in found.models.items()}
    drift = f"running, wanted on no such host; end it there: sudo systemctl disable --now {name}"
    return ServiceStatus(
        None,
        found.chosen,
        found.live,
        models,
        found.health,
        (drift,),
        found.pending,
        found.last,
        found.leftovers,
        found.code,
        found.queue,
        found.coral,
    )


def _json(host: HostStatus, status: ServiceStatus) -> dict[str, Any]:
    models = {
        model: {**asdict(versions), "override": model in host.overrides} for model, versions in status.models.items()
    }
    return {
        "wanted": status.wanted,
        "chosen": status.chosen,
        "running": status.running,
        "models": models,
        "health": status.health,
        "drift": list(status.drift),
        "pending": codec.encode(status.pending),
        "last": codec.encode(status.last),
        "leftovers": list(status.leftovers),
        "code": status.code,
        "queue": status.queue,
        "coral": codec.encode(status.coral),
    }
