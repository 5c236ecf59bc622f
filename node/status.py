"""What each service of this node is set to, what it runs, and how it is: for the console and for modelctl status."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from node import (
    coral_status,
    disk,
    drift,
    health,
    history,
    layout,
    lock,
    marks,
    named,
    prerequisites,
    recovery,
    services,
    sets,
    version_removal,
    work,
)
from node.errors import Refusal
from node.history import short
from node.service_set import ServiceSet


def status() -> Dict[str, Any]:
    """Return the status as plain data; the keys are those of modelctl.nodes.node_status."""
    return {
        "program": disk.target(layout.program() / "current"),
        "services": {service: _service(service) for service in layout.services()},
    }


def _service(service: str) -> Dict[str, Any]:
    chosen = sets.digest_of(service, sets.CHOSEN)
    is_active = services.status(service + ".service").is_running
    data: Dict[str, Any] = {
        "unit": service + ".service",
        "state": None,
        "chosen": chosen,
        "previous": sets.digest_of(service, sets.PREVIOUS),
        "active": is_active,
        "live": sets.live(service) if is_active else None,
        "models": {},
        "manifests": {},
        "named": named.versions(service),
        "commit": None,
        "product": None,
        "health": None,
        "code": None,
        "queue": None,
        "coral": None,
        "drift": [],
        "leftovers": [],
        "pending": None,
        "last": history.last(service),
    }
    if chosen is None:
        return dict(data, health="no set is chosen")
    try:
        data["pending"] = pending(service)
        stored = sets.load(service, chosen)
    except Refusal as refusal:
        return dict(data, health=str(refusal))
    content = stored.content
    data.update(
        unit=content.unit, state=content.state, models=content.models, manifests=content.manifests,
        commit=stored.commit, product=stored.product,
    )  # fmt: skip
    return dict(data, **_found(content))


def _found(content: ServiceSet) -> Dict[str, Any]:
    """What is so at this moment."""
    try:
        units = drift.statuses(content)
        return {
            "drift": drift.of(content, units) + drift.foreign(units),
            "leftovers": version_removal.leftovers(content.named_files),
            "code": _code(content),
            "coral": coral_status.look(content, units),
            "queue": work.queue(content) if units and units[content.unit].is_running else None,
            "health": _health(content),
        }
    except Refusal as refusal:  # a link that misleads, say: what is behind it is not known
        return {"health": str(refusal)}


def _code(content: ServiceSet) -> Optional[str]:
    found = prerequisites.release(content)
    return found.name if found else None


def _health(content: ServiceSet) -> Optional[str]:
    """What is wrong with a service that is to run; None where it does its work with the files that it should have."""
    if not content.is_to_run:
        return None
    found = health.judge(content)
    if found.verdict != health.HEALTHY:
        return str(found)
    unready = health.unready(content)
    return "%s: %s" % (health.UNHEALTHY, unready) if unready else None


def pending(service: str) -> Optional[Dict[str, Any]]:
    """Return the mark of a switch that has not ended, and whether it is running; None where there is none.

    Raises Refusal for one that cannot be read.
    """
    mark = marks.read(service)
    if mark is None:
        return None
    return {
        "running": lock.is_held(recovery.lock_of(service)),
        "operator": mark.request.operator,
        "purpose": mark.request.purpose,
        "commit": mark.request.commit,
        "time": mark.time,
        "from": mark.old,
        "to": mark.request.digest,
    }


def text(found: Dict[str, Any]) -> str:
    """Return the status for people."""
    lines: List[str] = []
    for service, data in found["services"].items():
        lines += [
            "%s (%s)" % (service, data["unit"]),
            "  chosen    %s, by commit %s%s"
            % (short(data["chosen"]), short(data["commit"]), _release(data["product"])),
            "  live      %s" % (short(data["live"]) if data["live"] else "nothing that is known"),
            "  previous  %s" % short(data["previous"]),
        ]
        lines += ["  model     %s %s, manifest %s" % (model, version, short(data["manifests"].get(model)))
                  for model, version in sorted(data["models"].items())]  # fmt: skip
        lines += ["  coral     %s" % each for each in coral_status.text(data["coral"])]
        lines.append("  health    %s" % (data["health"] or _well(data["state"])))
        lines += ["  drift     %s" % each for each in data["drift"]]
        if data["pending"]:
            lines.append("  pending   %s" % _pending_text(data["pending"]))
        if data["last"]:
            lines.append("  last      %s" % history.text(data["last"]))
    return "\n".join(lines or ["nothing was deployed to this node yet"])


def _release(product: Optional[str]) -> str:
    return ", release %s" % product if product and product != sets.UNKNOWN else ""


def _well(state: Optional[str]) -> str:
    return "healthy" if state == "running" else "%s, as the site says" % state


def _pending_text(pending: Dict[str, Any]) -> str:
    what = "running now" if pending["running"] else "died; the set before is chosen again at the next boot or deploy"
    return "a switch to %s by %s since %s, %s" % (short(pending["to"]), pending["operator"], pending["time"], what)


def as_json(found: Any) -> str:
    return json.dumps(found, sort_keys=True, indent=1)
