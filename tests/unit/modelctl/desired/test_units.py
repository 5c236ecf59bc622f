"""The units that a deploy installs."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from modelctl.desired.desired_state import desired
from modelctl.desired.render import render
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Datasink
from tests.chandler.inventory.site import SITE
from tests.unit.modelctl.sites import fleet, pinned, site, site_with, site_with_camera, with_datasink

PROGRAM = "+-/usr/bin/python3 -I -S -B /var/lib/sentinelcam/program/current"


def unit(fleet: Fleet, host: str, name: str) -> ConfigParser:
    """A unit, parsed. ConfigParser refuses a setting that stands twice."""
    file = {file.path: file for file in render(fleet, host)}[Path("/etc/systemd/system", name)]
    assert (file.owner, file.mode) == ("root", 0o644)
    parsed = ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    # Of a list of system calls, a second line takes some away again.
    parsed.read_string((file.content or "").replace("SystemCallFilter=~", "SystemCallFilter ~="))
    return parsed


RUNS = [
    ("sentinel", "sentinel", "/home/ops/sentinel/sentinel/sentinel.py", "/home/ops/sentinel/sentinel"),
    ("lab1", "imagenode", "/home/ops/imagenode/imagenode/imagenode.py", "/home/ops/imagenode/imagenode"),
    ("data1", "datapump", "/home/ops/camwatcher/datapump/datapump.py", "/home/ops/camwatcher/datapump"),
]
HOSTS = [row[:2] for row in RUNS]


@pytest.mark.parametrize(("host", "service", "script", "folder"), RUNS)
def test_service(host: str, service: str, script: str, folder: str) -> None:
    found = unit(fleet(), host, f"{service}.service")
    run = dict(found["Service"])
    assert next(iter(run.items())) == ("ExecStartPre", f"{PROGRAM} install {service}")
    assert run["ExecStart"].endswith(f"/home/ops/.opencv/bin/python -u {script}")
    assert (run["User"], run["WorkingDirectory"]) == ("ops", folder)
    assert (run["Restart"], run["RestartSec"]) == ("always", "5")
    assert dict(found["Install"]) == {"WantedBy": "multi-user.target"}


@pytest.mark.parametrize(("host", "service"), HOSTS)
def test_service_starts_with_the_network_and_never_gives_up(host: str, service: str) -> None:
    found = dict(unit(fleet(), host, f"{service}.service")["Unit"])
    found.pop("Description")
    target = "network-online.target"
    assert found == {"Wants": target, "After": target, "StartLimitIntervalSec": "0"}


def test_imagenode_is_hardened_and_named_after_its_host() -> None:
    run = unit(fleet(), "lab1", "imagenode.service")["Service"]
    assert run["ExecStart"].startswith(
        "/usr/bin/env PYTHONPATH=/home/ops/imagenode/imagenode /home/ops/.opencv/bin/python "
    )
    assert run["SyslogIdentifier"] == "imagenode-lab1"
    assert (run["NoNewPrivileges"], run["PrivateTmp"]) == ("true", "true")


def test_cleanup_runs_once_a_day_and_not_when_its_timer_is_enabled() -> None:
    service = unit(fleet(), "sentinel", "sentinel_cleanup.service")
    assert "Install" not in service
    assert dict(list(service["Service"].items())[:5]) == {
        "Type": "oneshot",
        "ExecStart": "/home/ops/.opencv/bin/python -u /home/ops/sentinel/sentinel_task.py -t DailyCleanup --sink data1",
        "TimeoutStartSec": "5min",
        "User": "ops",
        "WorkingDirectory": "/home/ops/sentinel",
    }
    timer = unit(fleet(), "sentinel", "sentinel_cleanup.timer")
    # It requires nothing, so that enabling it runs nothing.
    assert set(timer["Unit"]) == {"Description", "After"}
    assert timer["Unit"]["After"] == "sentinelcam-recover.service"
    assert dict(timer["Timer"]) == {"OnCalendar": "daily", "Persistent": "true"}
    assert dict(timer["Install"]) == {"WantedBy": "timers.target"}


def test_a_cleanup_of_each_datasink_that_a_sentinel_cleans() -> None:
    two = fleet(with_datasink("data2", cleans=("data2",)))
    found = [file.path.name for file in render(two, "sentinel") if "cleanup" in str(file.path).lower()]
    assert found == [
        "sentinel_cleanup.service", "sentinel_cleanup.timer", "sentinel_cleanup-data2.service",
        "sentinel_cleanup-data2.timer", "DailyCleanup.yaml",
    ]  # fmt: skip
    for name, sink in (("sentinel_cleanup", "data1"), ("sentinel_cleanup-data2", "data2")):
        service, timer = unit(two, "sentinel", f"{name}.service"), unit(two, "sentinel", f"{name}.timer")
        assert service["Service"]["ExecStart"].endswith(f"sentinel_task.py -t DailyCleanup --sink {sink}")
        assert service["Unit"]["Description"].endswith(f" on {sink}")
        assert dict(timer["Timer"]) == {"OnCalendar": "daily", "Persistent": "true"}
    (found_set,) = desired(fleet(two.site, pins=pinned()), "sentinel").sets
    assert found_set.timers == ["sentinel_cleanup.timer", "sentinel_cleanup-data2.timer"]
    assert not [file for file in render(fleet(with_datasink("data2")), "sentinel") if "data2" in str(file.path)]


def test_the_primary_datasink_is_cleaned_whatever_its_name() -> None:
    two = with_datasink("data2").model_copy(update={"primary_datasink": "data2"})
    run = unit(fleet(two), "sentinel", "sentinel_cleanup.service")["Service"]
    assert run["ExecStart"].endswith(" -t DailyCleanup --sink data2")


def test_a_sentinel_gets_time_to_end_its_jobs() -> None:
    seconds = {
        service: unit(fleet(), host, f"{service}.service")["Service"]["TimeoutStopSec"] for host, service in HOSTS
    }
    assert seconds == {"sentinel": "90", "imagenode": "10", "datapump": "10"}


def test_variables_reach_what_a_unit_starts_alone() -> None:
    """R8: Environment= would reach the lines that root runs, too."""
    files = [file for host in SITE.hosts for file in render(fleet(), host) if "/systemd/" in str(file.path)]
    assert len(files) == 9
    for file in files:
        assert file.content
        assert not re.search("^(Pass|Unset)?Environment", file.content, re.MULTILINE), file.path
        assert not re.search(r"^ExecStartPre=.*[A-Z]+=", file.content, re.MULTILINE), file.path


def test_the_daily_cleanup_writes_below_its_folder_alone() -> None:
    run = unit(fleet(site(legacy_nodes=("sentinel",))), "sentinel", "sentinel_cleanup.service")["Service"]
    assert (run["ProtectSystem"], run["ProtectHome"], run["ReadWritePaths"]) == (
        "strict", "read-only", "/home/pi/sentinel",
    )  # fmt: skip
    assert (run["NoNewPrivileges"], run["CapabilityBoundingSet"]) == ("true", "")


def test_the_registrys_cleanup_is_on_the_primary_datasink_alone() -> None:
    service = unit(fleet(), "data1", "model_cleanup.service")
    assert "Install" not in service
    registry, logs = "/home/ops/sentinelcam/model_registry", "/home/ops/sentinelcam/logs"
    run = service["Service"]
    assert (run["Type"], run["User"]) == ("oneshot", "ops")
    assert run["ExecStart"] == f"{PROGRAM[2:]} sweep {registry} {logs}/model_cleanup.log"
    assert (run["ProtectSystem"], run["ProtectHome"]) == ("strict", "tmpfs")
    assert run["BindPaths"] == f"{registry} {logs}"
    timer = unit(fleet(), "data1", "model_cleanup.timer")
    assert set(timer["Unit"]) == {"Description"}  # it requires nothing, so that enabling it runs nothing
    assert dict(timer["Timer"]) == {
        "OnCalendar": "Sun 03:00", "RandomizedDelaySec": "30min", "Persistent": "true",
    }  # fmt: skip
    assert dict(timer["Install"]) == {"WantedBy": "timers.target"}
    changed = fleet(site_with("data2", Datasink(address="192.168.10.51")))
    assert not [file for host in changed.site.hosts if host != "data1" for file in render(changed, host)
                if "model_cleanup" in file.path.name]  # fmt: skip


def openvino(home: str, script: str) -> str:
    python = f"{home}/.virtualenvs/openvino/bin/python"
    return f"/bin/bash -c 'source {home}/openvino/bin/setupvars.sh && exec {python} -u {script}'"


def test_sentinel_on_ncs2_keeps_its_openvino() -> None:
    changed = fleet(site_with("sentinel", accelerator="ncs2"))
    for name, script in (
        ("sentinel", "sentinel/sentinel.py"),
        ("sentinel_cleanup", "sentinel_task.py -t DailyCleanup --sink data1"),
    ):
        run = unit(changed, "sentinel", f"{name}.service")["Service"]
        assert run["ExecStart"] == openvino("/home/ops", f"/home/ops/sentinel/{script}")


def test_imagenode_on_ncs2_keeps_its_openvino() -> None:
    changed = site_with_camera("lab1", "P1", accelerator="ncs2").model_copy(update={"legacy_nodes": ("lab1",)})
    run = unit(fleet(changed), "lab1", "imagenode.service")["Service"]
    command = openvino("/home/pi", "/home/pi/imagenode/imagenode/imagenode.py")
    assert run["ExecStart"] == f"/usr/bin/env PYTHONPATH=/home/pi/imagenode/imagenode {command}"


def test_legacy_node_runs_as_its_own_user() -> None:
    run = unit(fleet(site(legacy_nodes=("sentinel",))), "sentinel", "sentinel.service")["Service"]
    assert (run["User"], run["WorkingDirectory"]) == ("pi", "/home/pi/sentinel/sentinel")
