"""What differs from what the units of a set were told."""

import pytest

from node import layout
from node.machine.services import Status
from node.store.service_set import ServiceSet
from node.switch import drift

UNIT, TIMER = "engine.service", "engine.timer"
UP = Status("active", "running", 7, "enabled", 0, is_outdated=False)


def differences(unit: str, status: Status) -> list[str]:
    """All that is told of a unit."""
    units = {unit: status}
    return drift.of(ServiceSet("engine", UNIT, "d", files=[]), units) + drift.foreign(units)


def test_a_unit_as_it_was_told() -> None:
    for unit in (UNIT, TIMER):
        assert differences(unit, UP._replace(fragment=str(layout.UNITS / unit))) == []


@pytest.mark.parametrize(
    ("unit", "status", "line"),
    [
        (UNIT, UP._replace(is_outdated=True), "engine.service has changed since systemd read it"),
        (UNIT, UP._replace(enabled="disabled"), "engine.service is disabled, expected enabled"),
        (UNIT, UP._replace(enabled=""), "engine.service is absent, expected enabled"),
        (TIMER, UP._replace(active="inactive"), "engine.timer is inactive, expected active"),
    ],
    ids=["S3 not read again", "S3 disabled", "absent", "S2"],
)
def test_what_differs(unit: str, status: Status, line: str) -> None:
    assert differences(unit, status) == [line]


def test_whether_a_service_runs_is_another_question() -> None:
    assert differences(UNIT, UP._replace(active="failed")) == []


def test_another_unit_file() -> None:
    """S5"""
    elsewhere = "/run/systemd/transient/engine.service"
    assert differences(UNIT, UP._replace(fragment=elsewhere)) == [
        f"engine.service is read from {elsewhere}, expected {layout.UNITS}/engine.service; remove that file"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/systemd/system/engine.service.d/override.conf",
        "/etc/systemd/system.control/engine.service.d/50-CPUWeight.conf",
        "/run/systemd/system/service.d/x.conf",
        "/usr/lib/systemd/system/engine.service.d/x.conf",
        "/usr/lib/systemd/system/service.d/../engine.service.d/x.conf",
        "/etc/usr/lib/systemd/system/service.d/x.conf",
    ],
)
def test_a_drop_in(path: str) -> None:
    """S5"""
    ours = "/lib/systemd/system/service.d/10-timeout-abort.conf"
    assert differences(UNIT, UP._replace(drop_ins=(ours, path))) == [
        f"engine.service is changed by {path}, which no set has; remove that file"
    ]


@pytest.mark.parametrize("folder", ["/usr/lib/systemd/system/service.d", "/lib/systemd/system/timer.d"])
def test_what_the_distribution_says_of_all_units(folder: str) -> None:
    assert drift.foreign({UNIT: UP._replace(drop_ins=(folder + "/a.conf",))}) == []


def test_a_terminal_obeys_no_path() -> None:
    [line] = drift.foreign({UNIT: UP._replace(drop_ins=("/etc/\033[2J.conf",))})
    assert line.isprintable()
