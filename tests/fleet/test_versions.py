"""Versions come and go: what restarts, what moves over the wire, what stays."""

from pathlib import Path

import pytest

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.operator import deploy, pyinfra

pytestmark = pytest.mark.usefixtures("deployed")

MODELS = "/home/ops/imagenode/models"
SETS = "/var/lib/sentinelcam/sets/imagenode"


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return site.write(tmp_path / "newer.py", versions={"mobilenet_ssd": "2026-05-01"})


@pytest.mark.usefixtures("settled")
def test_a_new_version_restarts_the_services_that_name_it_and_a_rollback_moves_no_model_bytes(
    newer: Path, node: NodeOf, lab: Lab
) -> None:
    lab1, before = node("lab1"), {name: node(name).pid() for name in SERVED}
    left, left_config = lab1.shell(f"readlink {SETS}/chosen"), lab1.sha256("/home/ops/imagenode.yaml")
    assert deploy(site=newer).code == 0
    assert {name for name, pid in before.items() if node(name).pid() != pid} == {"sentinel", "lab1"}
    path = f"{MODELS}/mobilenet_ssd/2026-05-01/MobileNetSSD_deploy.caffemodel"
    assert lab1.status()["opened"][path] == lab1.sha256(path)
    assert lab1.shell(f"readlink {SETS}/previous") == left
    assert lab1.exists(f"{SETS}/previous/files/{left_config}")

    received = lab.bytes_received("lab1")
    run = pyinfra("deploys/configs.py", "-y", "--json", "--limit", "lab1")
    assert run.code == 0, run.err
    assert lab.bytes_received("lab1") - received < 200_000
    assert lab1.sha256("/home/ops/imagenode.yaml") == left_config
    assert lab1.exists(path)


@pytest.mark.usefixtures("settled")
def test_an_override_moves_one_host(tmp_path: Path, node: NodeOf) -> None:
    override = {"lab1": {"model_version_overrides": {"mobilenet_ssd": "2026-05-01"}}}
    variant = site.write(tmp_path / "inventory.py", hosts=override)
    assert deploy("--limit", "lab1", "--limit", "sentinel", site=variant).code == 0
    assert "mobilenet_ssd/2026-05-01" in node("lab1").read("/home/ops/imagenode.yaml")
    assert "mobilenet_ssd/2020-12-06" in node("sentinel").read("/home/ops/sentinel/tasks/MobileNetSSD_allFrames.yaml")


@pytest.mark.usefixtures("settled")
def test_a_stopped_service_stays_stopped_and_gets_its_configs(tmp_path: Path, node: NodeOf) -> None:
    node("east").shell("systemctl stop imagenode")
    variant = site.write(tmp_path / "inventory.py", hosts={"east": {"service": "stopped", "debug_mode": True}})
    run = deploy("--limit", "east", site=variant)
    assert run.code == 0, run.err
    assert "DEBUG" in node("east").read("/home/ops/imagenode.yaml")
    assert node("east").shell("systemctl is-active imagenode; true") == "inactive"
    assert deploy("--limit", "east", site=variant).changed() == {}


def test_a_config_changed_by_hand_is_healed_by_a_restart_and_by_a_deploy(node: NodeOf) -> None:
    lab1, before = node("lab1"), node("lab1").sha256("/home/ops/imagenode.yaml")
    lab1.shell("echo '# by hand' >>/home/ops/imagenode.yaml; systemctl restart imagenode")
    assert lab1.sha256("/home/ops/imagenode.yaml") == before
    lab1.shell("echo '# by hand' >>/home/ops/imagenode.yaml")
    assert deploy("--limit", "lab1").code == 0
    assert lab1.sha256("/home/ops/imagenode.yaml") == before


def test_a_changed_unit_is_reloaded_and_runs(node: NodeOf) -> None:
    node("lab1").shell(
        "sed -i s/RestartSec=5/RestartSec=6/ /etc/systemd/system/imagenode.service; systemctl daemon-reload"
    )
    assert deploy("--limit", "lab1").code == 0
    assert node("lab1").shell("systemctl show --value --property=RestartUSec imagenode") == "5s"


def test_a_deploy_after_a_reboot_finds_all_settled(lab: Lab, node: NodeOf) -> None:
    lab.power_cut("lab1")
    lab.boot("lab1")
    assert deploy("--limit", "lab1").changed() == {}
    assert node("lab1").status()["pid"] == node("lab1").pid()


@pytest.mark.usefixtures("settled")
def test_an_older_face_list_that_unlocks_events_is_refused_until_allowed(tmp_path: Path, node: NodeOf) -> None:
    older = site.write(tmp_path / "inventory.py", versions={"face_recognition": "2025-02-25"})
    before = node("data2").snapshot()
    run = deploy("--limit", "data2", site=older)
    assert run.code == 1
    assert " that the live list locks" in run.lines_with("--data unlock=yes")[0]
    link = "/home/ops/sentinelcam/face_recognition/facelist_current.csv"
    assert node("data2").shell(f"readlink {link}") == "facelist_2026-02-02.csv"
    assert node("data2").snapshot() == before

    allowed = deploy("--limit", "data2", "--data", "unlock=yes", site=older)
    assert allowed.code == 0, allowed.err
    assert node("data2").shell(f"readlink {link}") == "facelist_2025-02-25.csv"
