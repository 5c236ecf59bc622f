"""What a trainer should hold, and what its upload key opens."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modelctl.desired import trainer
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Revoked
from modelctl.product import CHECKOUT
from modelctl.schema import Control, Standards, Users
from tests.unit.modelctl.sites import fleet, site, site_with

SINK_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAAA"
CONTROL_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIBBB"
COMMAND = (
    "/usr/bin/python3 -I -S -B /var/lib/sentinelcam/program/current upload deepend "
    "/home/ops/sentinelcam/incoming /home/ops/sentinelcam/logs/model_deployment.log"
)


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    path = tmp_path / "known_hosts"
    path.write_text(f"192.168.10.50 ssh-ed25519 {SINK_KEY}\n[10.0.0.9]:2222 ssh-ed25519 {CONTROL_KEY}\n")
    return path


def with_control(known_hosts: Path, port: int = 2222) -> Fleet:
    control = Control(address="10.0.0.9", port=port)
    changed = site_with("deepend", control=control)
    return fleet(changed.model_copy(update={"known_hosts": known_hosts}))


def test_a_trainer_s_key_opens_one_command() -> None:
    assert trainer.uploads(fleet(site())) == {"sentinelcam-upload:deepend:1": COMMAND}


def test_a_revoked_key_has_no_line_and_the_next_one_has() -> None:
    revoked = replace(fleet(site()), revoked=Revoked(hosts={"deepend": 2}))
    assert list(trainer.uploads(revoked)) == ["sentinelcam-upload:deepend:3"]


def test_a_trainer_that_has_left_has_none() -> None:
    hosts = {name: host for name, host in site().hosts.items() if name != "deepend"}
    assert trainer.uploads(fleet(site(hosts=hosts))) == {}


def test_the_settings_say_what_its_program_reads(known_hosts: Path) -> None:
    found = json.loads(trainer.settings(with_control(known_hosts), "deepend"))
    assert {**found, "models": sorted(found["models"])} == {
        "format": 1,
        "host": "deepend",
        "datasink": {"user": "ops", "address": "192.168.10.50", "port": 22},
        "control": {"user": "sentinelcam", "address": "10.0.0.9", "port": 2222},
        "environment": "~/.virtualenvs/ml-training-py38",
        "notebook": "notebooks/train_face_model.ipynb",
        "models": sorted(fleet(site()).registry.models),
    }
    assert "control" not in json.loads(trainer.settings(fleet(site()), "deepend"))


def test_it_knows_the_hosts_that_it_asks_and_no_other(known_hosts: Path) -> None:
    control = with_control(known_hosts)
    assert trainer.known_hosts(control, "deepend") == (
        f"192.168.10.50 ssh-ed25519 {SINK_KEY}\n[10.0.0.9]:2222 ssh-ed25519 {CONTROL_KEY}\n"
    )
    assert trainer.unknown(control, "deepend") == []
    assert trainer.unknown(with_control(known_hosts, port=22), "deepend") == ["10.0.0.9"]


def test_its_files(known_hosts: Path) -> None:
    users = Standards(users=Users(trainer="anna"))
    found = trainer.files(replace(with_control(known_hosts), standards=users), "deepend")
    root = "/home/anna/deepthink"
    assert {path: content.mode for path, content in found.items() if path.count("/") == 4} == {
        f"{root}/train_face_model.sh": "755", f"{root}/upload_and_deploy.sh": "755",
    }  # fmt: skip
    program = {path.name: path.read_text() for path in (CHECKOUT / "trainer").glob("*.py")}
    assert {
        path.rpartition("/")[2]: content.text
        for path, content in found.items()
        if path.startswith(f"{root}/.sentinelcam/trainer/")
    } == program
    assert {path.removeprefix(root) for path in found if path.count("/") == 5} == {
        "/.sentinelcam/known_hosts", "/.sentinelcam/settings.json",
    }  # fmt: skip
    assert {content.mode for path, content in found.items() if not path.endswith(".sh")} == {"644"}
