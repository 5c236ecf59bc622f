"""Variants of the lab's site, each as an inventory file that pyinfra can load."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inventory.registry import REGISTRY
from inventory.site import SITE
from inventory.standards import STANDARDS
from lab.network import enter
from lab.site import GATES, PINS, lab_site
from modelctl.errors import exit_with_message
from modelctl.fleet import Fleet
from modelctl.groups import groups
from modelctl.inventory.pins import load_pins
from modelctl.schema import Pins
from operations.command_line import check

TEMPLATE = """\
from tests.fleet.site import load as _load

_FLEET, _GROUPS = _load({versions!r}, {hosts!r}, {limits!r}, {gates!r}, {pins!r})
globals().update(_GROUPS)
"""


PATIENT = {"imagenode": {"settle": 2}}
"""Gates for an outpost whose service is to crash: it has no port that tells when it has started on a busy machine."""


def untried() -> dict[str, Any]:
    """Fields of an outpost that make a set which no node has had: going back to one that was well waits for nobody."""
    return {"debug_mode": True, "heartbeat": time.time_ns() // 10**6}


def write(
    path: Path,
    versions: Mapping[str, str] | None = None,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    limits: Mapping[str, int] | None = None,
    gates: Mapping[str, Mapping[str, Any]] | None = None,
    pins: Mapping[str, Any] | None = None,
) -> Path:
    """Write an inventory file: the lab with other current versions, hosts' fields, limits, services' gates or pins."""
    text = TEMPLATE.format(
        versions=versions or {}, hosts=hosts or {}, limits=limits or {}, gates=gates or {}, pins=pins
    )
    path.write_text(text, encoding="utf-8")
    return path


def load(
    versions: Mapping[str, str],
    hosts: Mapping[str, Mapping[str, Any]],
    limits: Mapping[str, int],
    gates: Mapping[str, Mapping[str, Any]],
    pins: Mapping[str, Any] | None,
) -> tuple[Fleet, dict[str, Any]]:
    """Build what an inventory file holds: the fleet and its groups."""
    with exit_with_message():
        fleet = variant(versions, hosts, limits, gates, pins)
        check(fleet, groups(fleet))
        enter()
    return fleet, groups(fleet)


def variant(
    versions: Mapping[str, str],
    hosts: Mapping[str, Mapping[str, Any]],
    limits: Mapping[str, int],
    gates: Mapping[str, Mapping[str, Any]],
    pins: Mapping[str, Any] | None,
) -> Fleet:
    """Return the lab's fleet with the given values changed."""
    site = lab_site(SITE)
    changed = {name: host.model_copy(update=dict(hosts.get(name, {}))) for name, host in site.hosts.items()}
    models = {
        name: model.model_copy(update={"current_version": versions[name], "previous_version": model.current_version})
        if name in versions
        else model
        for name, model in REGISTRY.models.items()
    }
    changed_gates = {name: getattr(GATES, name).model_copy(update=dict(fields)) for name, fields in gates.items()}
    return Fleet(
        site.model_copy(update={"hosts": changed}),
        REGISTRY.model_copy(update={"models": models}),
        STANDARDS.model_copy(
            update={
                "limits": STANDARDS.limits.model_copy(update=dict(limits)),
                "gates": GATES.model_copy(update=changed_gates),
            }
        ),
        load_pins(PINS) if pins is None else Pins(models=pins),
    )
