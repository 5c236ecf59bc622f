"""Hostile values in an inventory: every one is refused by its path, each in a line of its own."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Pins, Registry, Site, Standards
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from tests.unit.cases import each
from tests.unit.modelctl.hostile import HOSTILE, NAMES, require_lines, snapshot
from tests.unit.modelctl.sites import registry_with, site, site_with, site_with_camera

CORAL = REGISTRY.coral or pytest.fail("the site of the tests has Coral packages")
STACK = CORAL.stacks["2025-12-19"]
Wrong = dict[str, Any]


def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **parts: Any) -> list[str]:
    """The lines that a fleet with these parts is refused with."""
    monkeypatch.chdir(tmp_path)
    whole: dict[str, Any] = {"site": SITE, "registry": REGISTRY, "standards": STANDARDS, "pins": Pins()}
    with pytest.raises(Faults) as caught:
        Fleet(**{**whole, **parts})
    assert snapshot(tmp_path) == {}
    lines = require_lines(str(caught.value))
    assert list(caught.value.faults) == lines
    return lines


def coral(**changes: Any) -> Registry:
    return REGISTRY.model_copy(update={"coral": CORAL.model_copy(update=changes)})


def standards(part: str, field: str, value: Any) -> Standards:
    return STANDARDS.model_copy(update={part: getattr(STANDARDS, part).model_copy(update={field: value})})


def with_pycoral(**changes: Any) -> Registry:
    return with_stack(pycoral=STACK.pycoral.model_copy(update=changes))


def with_stack(**changes: Any) -> Registry:
    return coral(stacks={"2025-12-19": STACK.model_copy(update=changes)})


NAMED: dict[str, Callable[[str], Wrong]] = {
    "site.name": lambda text: {"site": site(name=text)},
    "site.primary_datasink": lambda text: {"site": site(primary_datasink=text)},
    "site.legacy_nodes.0": lambda text: {"site": site(legacy_nodes=(text,))},
    "site.outpost_models.0": lambda text: {"site": site(outpost_models=(text,))},
    "site.hosts.": lambda text: {"site": site(hosts={**SITE.hosts, text: SITE.hosts["wall1"]})},
    "site.hosts.lab1.login": lambda text: {"site": site_with("lab1", login=text)},
    "site.hosts.lab1.address": lambda text: {"site": site_with("lab1", address=text)},
    "site.hosts.lab1.node_name": lambda text: {"site": site_with("lab1", node_name=text)},
    "site.hosts.lab1.datasink": lambda text: {"site": site_with("lab1", datasink=text)},
    "site.hosts.lab1.models.0": lambda text: {"site": site_with("lab1", models=(text, "mobilenet_ssd"))},
    "site.hosts.lab1.service": lambda text: {"site": site_with("lab1", service=text)},
    "site.hosts.lab1.cameras.P1.viewname": lambda text: {"site": site_with_camera("lab1", "P1", viewname=text)},
    "site.hosts.sentinel.model_version_overrides.": lambda text: {
        "site": site_with("sentinel", model_version_overrides={text: "2020-03-25"})
    },
    "site.hosts.sentinel.model_version_overrides.haarcascades": lambda text: {
        "site": site_with("sentinel", model_version_overrides={"haarcascades": text})
    },
    "registry.models.": lambda text: {
        "registry": Registry(models={**REGISTRY.models, text: REGISTRY.models["haarcascades"]}, coral=CORAL)
    },
    "registry.models.haarcascades.current_version": lambda text: {
        "registry": registry_with("haarcascades", current_version=text)
    },
    "registry.models.haarcascades.previous_version": lambda text: {
        "registry": registry_with("haarcascades", previous_version=text)
    },
    "registry.models.haarcascades.files.": lambda text: {
        "registry": registry_with("haarcascades", files={"eye": "eye.xml", text: "other.xml"})
    },
    "registry.models.haarcascades.files.eye": lambda text: {
        "registry": registry_with("haarcascades", files={"eye": text})
    },
    "registry.models.haarcascades.linked.0": lambda text: {"registry": registry_with("haarcascades", linked={text})},
    "registry.coral.stacks.2025-12-19.pycoral.files.0": lambda text: {"registry": with_pycoral(files=(text,))},
    "registry.coral.stacks.2025-12-19.pycoral.release": lambda text: {"registry": with_pycoral(release=text)},
    "registry.coral.stacks.2025-12-19.python": lambda text: {"registry": with_stack(python=text)},
    "registry.coral.stacks.2025-12-19.debian": lambda text: {"registry": with_stack(debian=text)},
    "registry.coral.stacks.": lambda text: {"registry": coral(stacks={**CORAL.stacks, text: STACK})},
    "registry.coral.current_version": lambda text: {"registry": coral(current_version=text)},
    "site.coral_source": lambda text: {"site": site(coral_source=text)},
    "standards.users.service": lambda text: {"standards": standards("users", "service", text)},
    "standards.paths.data": lambda text: {"standards": standards("paths", "data", text)},
}
LAX = {"standards.paths.data": ("a leading dot",)}  # as in .opencv/bin/python


@each("path", NAMED)
@each("text", HOSTILE)
def test_a_text(path: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if text in [NAMES[name] for name in LAX.get(path, ())]:
        return  # that is allowed there
    lines = refused(tmp_path, monkeypatch, **NAMED[path](text))
    assert any(line.startswith(path) for line in lines), lines


NUMBERED: dict[str, Callable[[Any], Wrong]] = {
    "site.max_scan_days": lambda value: {"site": site(max_scan_days=value)},
    "site.hosts.lab1.heartbeat": lambda value: {"site": site_with("lab1", heartbeat=value)},
    "site.hosts.lab1.cameras.P1.framerate": lambda value: {"site": site_with_camera("lab1", "P1", framerate=value)},
    "site.vehicle_speed.street_length_meters": lambda value: {
        "site": site(vehicle_speed=SITE.vehicle_speed.model_copy(update={"street_length_meters": value}))
    },
}


@each("path", NUMBERED)
@each(
    "value", [math.nan, math.inf, -math.inf, -1, 0, 10**400, "many", None, [], {}, b"\xff", "1e999", "0x10", object()],
)  # fmt: skip
def test_a_number(path: str, value: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refused(tmp_path, monkeypatch, **NUMBERED[path](value))
    assert any(line.startswith(f"{path}: found ") for line in lines), lines


def deep(levels: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def endless() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize("value", [deep(50_000), endless(), ["x"] * 100_000, {"x": "y" * 1_000_000}, b"\0" * 1_000_000])
@pytest.mark.parametrize(
    ("field", "path"), [("hosts", "site.hosts"), ("name", "site.name"), ("outpost_models", "site.outpost_models")]
)
def test_a_structure(value: Any, field: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refused(tmp_path, monkeypatch, site=site(**{field: value}))
    assert any(line.startswith(path) for line in lines[:5]), lines[:5]


@pytest.mark.parametrize("whole", [None, "site", {"name": "x"}, STANDARDS, 7, Site], ids=str)
def test_a_site_that_is_none(whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(tmp_path, monkeypatch, site=whole)[0].startswith("site")
