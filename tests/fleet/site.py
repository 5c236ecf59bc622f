"""Variants of the lab's site, each as an inventory file that pyinfra can load."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab import site_copy
from lab.fleet import PINS
from lab.site.registry import REGISTRY
from lab.site.site import SITE
from lab.site.standards import STANDARDS
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins
from modelctl.schema import CORAL, CoralStack, Host, Outpost, Pins

TEMPLATE = """\
from pathlib import Path as _Path

from lab.network import enter as _connect
from tests.fleet.site import variant as _variant

_SOURCES = _Path({sources!r})
_FLEET = _variant({versions!r}, {hosts!r}, {limits!r}, {health_checks!r}, {pins!r}, {stacks!r})
"""


PATIENT = {"imagenode": {"settle_time": 2}}
"""Gates for an outpost whose service is to crash: it has no port that tells when it has started on a busy machine."""


def untried() -> dict[str, Any]:
    """Fields of an outpost that make a set which no node has had: going back to one that was well waits for nobody."""
    return {"debug_mode": True, "heartbeat": time.time_ns() // 10**6}


def write(
    path: Path,
    versions: Mapping[str, str] | None = None,
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
    limits: Mapping[str, int] | None = None,
    health_checks: Mapping[str, Mapping[str, Any]] | None = None,
    pins: Mapping[str, Any] | None = None,
    repository: Path = site_copy.FOLDER,
    stacks: Mapping[str, CoralStack] | None = None,
) -> Path:
    """Write an inventory file: the lab with other current versions, hosts' fields, limits, services' health checks or
    pins.

    :param hosts: fields by host; "second_view" gives an outpost a second camera, of that view's name.
    :param stacks: Coral stacks by version, beside those of the lab: stacks.pins() has the pins.
    It counts as a part of the repository, whose commits a deploy leaves on the nodes.
    """
    text = TEMPLATE.format(
        versions=versions or {}, hosts=hosts or {}, limits=limits or {}, health_checks=health_checks or {}, pins=pins,
        sources=str(repository / "inventory"),
        stacks={version: stack.model_dump(mode="json") for version, stack in (stacks or {}).items()},
    )  # fmt: skip
    path.write_text(text, encoding="utf-8")
    return path


def variant(
    versions: Mapping[str, str],
    hosts: Mapping[str, Mapping[str, Any]],
    limits: Mapping[str, int],
    health_checks: Mapping[str, Mapping[str, Any]],
    pins: Mapping[str, Any] | None,
    stacks: Mapping[str, Any],
) -> Fleet:
    """Return the lab's fleet with the given values changed."""
    changed = {name: host.model_copy(update=_fields(host, hosts.get(name, {}))) for name, host in SITE.hosts.items()}
    models = {
        name: model.model_copy(update={"current_version": versions[name], "previous_version": model.current_version})
        if name in versions
        else model
        for name, model in REGISTRY.models.items()
    }
    assert REGISTRY.coral is not None
    added = {version: CoralStack.model_validate(stack) for version, stack in stacks.items()}
    coral = REGISTRY.coral.model_copy(update={"stacks": {**REGISTRY.coral.stacks, **added}, **_moved(versions)})
    all_checks = STANDARDS.health_checks
    changed_checks = {
        name: getattr(all_checks, name).model_copy(update=dict(fields)) for name, fields in health_checks.items()
    }
    return Fleet(
        SITE.model_copy(update={"hosts": changed}),
        REGISTRY.model_copy(update={"models": models, "coral": coral}),
        STANDARDS.model_copy(
            update={
                "limits": STANDARDS.limits.model_copy(update=dict(limits)),
                "health_checks": all_checks.model_copy(update=changed_checks),
            }
        ),
        load_pins(PINS) if pins is None else Pins(models=pins),
    )


def _moved(versions: Mapping[str, str]) -> dict[str, str]:
    """What another current version of the Coral stack changes."""
    assert REGISTRY.coral is not None
    if CORAL not in versions:
        return {}
    return {"current_version": versions[CORAL], "previous_version": REGISTRY.coral.current_version}


def _fields(host: Host, fields: Mapping[str, Any]) -> dict[str, Any]:
    if "second_view" not in fields:
        return dict(fields)
    assert isinstance(host, Outpost)
    second = host.cameras["P1"].model_copy(update={"viewname": fields["second_view"]})
    others = {name: value for name, value in fields.items() if name != "second_view"}
    return {**others, "cameras": {**host.cameras, "P2": second}}
