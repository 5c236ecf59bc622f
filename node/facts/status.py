"""What each service of this node is set to, what it runs, and how it is: for the console and for modelctl status."""

from __future__ import annotations

from typing import Iterator, List, Optional

from node import layout, leftovers
from node.coral import mapped, stick
from node.errors import Refusal, Unknown
from node.facts import pending, prerequisites, running
from node.health import health, work
from node.machine import processes, services
from node.protocol.facts import Coral, NodeService, Pending, Status
from node.store import disk, history, references, sets
from node.store.history import short
from node.store.service_set import ServiceSet
from node.switch import drift


def status() -> Status:
    services = {service: _service(service) for service in layout.services()}
    program = disk.target(layout.program() / "current")
    return Status(services, program, references.of_host(), running.look())


def _service(service: str) -> NodeService:
    chosen = sets.digest_of(service, sets.CHOSEN)
    is_active = services.status(service + ".service").is_running
    known = NodeService(
        chosen=chosen,
        active=is_active,
        live=sets.live(service) if is_active else None,
        models={},
        health="no set is chosen",
        drift=[],
        pending=None,
        last=history.last(service),
        unit=service + ".service",
        previous=sets.digest_of(service, sets.PREVIOUS),
    )
    if chosen is None:
        return known
    try:
        known = known._replace(pending=pending.look(service))
        stored = sets.load(service, chosen)
        content = stored.content
        known = known._replace(
            unit=content.unit, state=content.state, models=content.models, manifests=content.manifests,
            commit=stored.commit, product=stored.product,
        )  # fmt: skip
        return _with_found(known, content)
    except Refusal as refusal:  # a link that misleads, say: what is behind it is not known
        return known._replace(health=str(refusal))


def _with_found(known: NodeService, content: ServiceSet) -> NodeService:
    """Add what is so at this moment."""
    units, release = drift.statuses(content), prerequisites.release(content)
    return known._replace(
        drift=drift.of(content, units) + drift.foreign(units),
        leftovers=leftovers.of_models(content.named_files),
        code=release.name if release else None,
        coral=coral(content, units),
        queue=work.queue(content) if units and units[content.unit].is_running else None,
        health=_health(content, units),
    )


def coral(content: ServiceSet, units: drift.Statuses) -> Optional[Coral]:
    """Return how it is with a service's Coral stack; None of a set without one. None of it is a verdict."""
    if content.stack is None:
        return None
    return Coral(content.stack.version, stick.shown(), _library(content, units), stick.device_problem(content.user))


def _library(content: ServiceSet, units: drift.Statuses) -> str:
    main = units.get(content.unit)
    try:
        table = processes.look() if main is not None and main.is_running else {}
        process = table.get(main.pid) if main is not None else None
        return mapped.library(content, process, table) if process is not None else mapped.NOT_YET
    except Unknown:
        return stick.UNKNOWN


def _health(content: ServiceSet, units: drift.Statuses) -> Optional[str]:
    """Return what is wrong with a service that is to run; None where it works with the files that it should have."""
    if not content.is_to_run:
        return None
    found = health.judge(content, units[content.unit])
    if found.verdict != health.HEALTHY:
        return str(found)
    not_ready = health.not_ready(content)
    return "%s: %s" % (health.UNHEALTHY, not_ready) if not_ready else None


def text(found: Status) -> str:
    lines: List[str] = []
    for name, service in found.services.items():
        product = service.product
        release = ", release %s" % product if product and product != sets.UNKNOWN else ""
        state = "healthy" if service.state == "running" else "%s, as the site says" % service.state
        lines += [
            "%s (%s)" % (name, service.unit),
            "  chosen    %s, by commit %s%s" % (short(service.chosen), short(service.commit), release),
            "  live      %s" % (short(service.live) if service.live else "nothing that is known"),
            "  previous  %s" % short(service.previous),
        ]
        lines += ["  model     %s %s, manifest %s" % (model, version, short(service.manifests.get(model)))
                  for model, version in sorted(service.models.items())]  # fmt: skip
        lines += ["  coral     %s" % each for each in coral_text(service.coral)]
        lines.append("  health    %s" % (service.health or state))
        lines += ["  drift     %s" % each for each in service.drift]
        if service.pending:
            lines.append("  pending   %s" % _pending_text(service.pending))
        if service.last:
            lines.append("  last      %s" % history.text(service.last))
    lines = lines or ["nothing was deployed to this node yet"]
    return "\n".join([*lines, *map(running.text, found.running)])


def coral_text(found: Optional[Coral]) -> Iterator[str]:
    if found is not None:
        yield "%s, stick %s, library %s" % (found.version, found.stick, found.library)
        if found.problem:
            yield found.problem


def _pending_text(pending: Pending) -> str:
    what = "running now" if pending.running else "died; the set before is chosen again at the next boot or deploy"
    return "a switch to %s by %s since %s, %s" % (short(pending.to), pending.operator, pending.time, what)
