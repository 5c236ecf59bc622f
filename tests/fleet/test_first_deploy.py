"""From seven bare hosts to a running fleet, and what a second run then does: nothing."""

import json

import pytest
import yaml

from lab.fleet import PINS
from modelctl.schema import CORAL
from tests.fleet.conftest import SERVED, FirstDeploy, NodeOf
from tests.fleet.operator import CHECKOUT, predict, pyinfra

EXPECTED = json.loads((CHECKOUT / "tests" / "unit" / "modelctl" / "desired" / "expected-default.json").read_text())


def test_a_bare_fleet_is_brought_up_in_one_run(first_deploy: FirstDeploy) -> None:
    assert first_deploy.first.code == 0, first_deploy.first.err
    assert first_deploy.first.failed() == set()


def test_the_dry_run_on_bare_hosts_predicted_each_operation_and_host(first_deploy: FirstDeploy) -> None:
    assert first_deploy.predicted.code == 0
    assert first_deploy.predicted.predicted() == first_deploy.first.changed() != {}


def test_a_second_run_changes_nothing_and_restarts_nothing(first_deploy: FirstDeploy) -> None:
    assert first_deploy.second.code == 0
    assert first_deploy.second.changed() == {}
    assert first_deploy.pids_after_second == first_deploy.pids
    assert all(first_deploy.pids.values())


def test_the_dry_run_on_a_settled_fleet_predicts_nothing(first_deploy: FirstDeploy) -> None:
    assert first_deploy.second.code == 0
    assert predict().predicted() == {}


@pytest.mark.parametrize(("host", "file"), [(host, file) for host, files in EXPECTED.items() for file in files])
def test_each_config_is_as_specified(first_deploy: FirstDeploy, node: NodeOf, host: str, file: str) -> None:
    assert first_deploy.first.code == 0
    folder = "/home/ops/sentinel" if file.startswith("tasks/") else "/home/ops"
    assert yaml.safe_load(node(host).read(f"{folder}/{file}")) == EXPECTED[host][file]


@pytest.mark.parametrize("host", ["sentinel", "lab1", "east", "alpha5"])
def test_every_version_on_a_node_has_its_pinned_bytes(first_deploy: FirstDeploy, node: NodeOf, host: str) -> None:
    assert first_deploy.first.code == 0
    folder = f"/home/ops/{node(host).service}/models"
    pins = json.loads(PINS.read_text())
    found = node(host).shell(f"cd {folder} && find . -type f -not -path '*/.staging/*' -exec sha256sum {{}} +")
    held = {tuple(line.split()[1].split("/")[1:]): line.split()[0] for line in found.splitlines()}
    versions = {path[:2] for path in held}
    wanted = {
        (model, version, *file): digest
        for model, version in versions
        for file, digest in [
            (("manifest.yaml",), pins[model][version]["manifest"]),
            *(((name,), each["sha256"]) for name, each in pins[model][version]["files"].items()),
        ]
    }
    assert held == wanted
    assert {model for model, _ in versions} == {
        "sentinel": set(pins) - {CORAL},
        "lab1": {"mobilenet_ssd"},
        "east": {"mobilenet_ssd_depthai"},
        "alpha5": {"mobilenet_ssd", "mobilenet_ssd_edgetpu"},
    }[host]


@pytest.mark.parametrize("host", SERVED)
def test_each_service_runs_with_the_config_that_was_put_there(
    first_deploy: FirstDeploy, node: NodeOf, host: str
) -> None:
    there, status = node(host), node(host).status()
    assert status["pid"] == first_deploy.pids[host]
    assert status["config_sha256"] == there.sha256(f"/home/ops/{there.service}.yaml")
    assert status["errors"] == {}
    assert there.shell(f"systemctl is-enabled {there.service}") == "enabled"


@pytest.mark.parametrize("host", ["data1", "data2"])
def test_each_datasink_has_the_face_list_and_its_link(first_deploy: FirstDeploy, node: NodeOf, host: str) -> None:
    assert first_deploy.first.code == 0
    folder = "/home/ops/sentinelcam/face_recognition"
    pinned = json.loads(PINS.read_text())["face_recognition"]["2026-02-02"]["files"]
    assert node(host).shell(f"readlink {folder}/facelist_current.csv") == "facelist_2026-02-02.csv"
    assert node(host).sha256(f"{folder}/facelist_2026-02-02.csv") == pinned["facelist.csv"]["sha256"]
    assert node(host).sha256(f"{folder}/facedata_2026-02-02.hdf5") == pinned["facedata.hdf5"]["sha256"]


def test_owners_and_modes_are_those_of_the_specification(first_deploy: FirstDeploy, node: NodeOf) -> None:
    assert first_deploy.first.code == 0
    sentinel = node("sentinel")
    models = "/home/ops/sentinel/models"
    assert set(sentinel.shell(f"find {models} -type f -printf '%u %g %m\\n'").splitlines()) == {"ops ops 644"}
    assert set(sentinel.shell(f"find {models} -type d -printf '%u %g %m\\n'").splitlines()) == {"ops ops 755"}
    assert sentinel.shell("stat -c '%U %G %a' /home/ops/sentinel.yaml") == "ops ops 644"
    assert sentinel.shell("stat -c '%U %G %a' /home/ops/sentinel/sockets") == "ops ops 755"
    assert sentinel.shell("stat -c '%U %G %a' /etc/systemd/system/sentinel.service") == "root root 644"
    assert sentinel.shell("find /var/lib/sentinelcam/sets -not -user root") == ""


def test_the_clean_up_timer_waits_and_its_service_has_not_run(first_deploy: FirstDeploy, node: NodeOf) -> None:
    assert first_deploy.first.code == 0
    sentinel = node("sentinel")
    assert sentinel.shell("systemctl is-active sentinel_cleanup.timer") == "active"
    assert sentinel.shell("systemctl is-enabled sentinel_cleanup.timer") == "enabled"
    assert sentinel.shell("systemctl show --value --property=ExecMainStartTimestamp sentinel_cleanup.service") == ""


def test_a_host_without_a_service_of_ours_is_left_alone(first_deploy: FirstDeploy, node: NodeOf) -> None:
    assert first_deploy.first.code == 0
    assert not node("deepend").exists("/var/lib/sentinelcam")


def test_the_whole_site_in_one_deploy_adds_trainer_and_clean_up_and_is_settled_then(first_deploy: FirstDeploy) -> None:
    assert first_deploy.second.code == 0
    first, second = (pyinfra("deploys/site.py", "-y", "--json") for _ in range(2))
    assert (first.code, first.changed()) == (
        0,
        {
            "deploys/trainer.py | Make the trainer's folders": {"deepend"},
            "deploys/trainer.py | Make the trainer's keys": {"deepend"},
            "deploys/trainer.py | Install the trainer's program": {"deepend"},
            "deploys/cleanup.py | Install the clean-up of the registry": {"data1"},
        },
    )
    assert (second.code, second.changed()) == (0, {})
