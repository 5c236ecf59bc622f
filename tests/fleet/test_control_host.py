"""A control node in the lab's network: an unprivileged user deploys from there, with clones and keys of its own."""

import json
from collections.abc import Iterator

import pytest

from lab import keys
from lab.control_node import ORIGIN
from lab.hosts import CONTROL
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.control_node import ControlNode

MODEL, CURRENT, TRIED = "mobilenet_ssd", "2020-12-06", "2026-05-01"
TRAINER, KEY = "deepend", "/home/pyimagesearch/.ssh/story"
STAND_IN = "systemd-run --user --quiet --collect --pipe echo asked: $SSH_ORIGINAL_COMMAND; exit 4"


def test_its_user_is_nobody_special(control_node: ControlNode) -> None:
    assert control_node.type("id --name --user && id --name --groups").out.split() == [CONTROL.login] * 2
    assert control_node.type("sudo --non-interactive true").code == 1


def test_it_finds_the_fleet_settled(control_node: ControlNode, node: NodeOf) -> None:
    before = {name: node(name).snapshot() for name in SERVED}
    predicted = control_node.deploy("--dry")
    assert predicted.code == 0, predicted.err
    assert predicted.predicted() == {}
    run = control_node.deploy()
    assert run.code == 0, run.err
    assert (run.changed(), run.failed()) == ({}, set())
    status = control_node.modelctl("status", "--json")
    assert status.code == 0, status.err
    assert status.json["ok"]
    assert {name for name, host in status.json["hosts"].items() if host["services"]} == set(SERVED)
    assert {name: node(name).snapshot() for name in SERVED} == before


def test_a_change_from_there_is_committed_and_pushed(control_node: ControlNode, node: NodeOf) -> None:
    tried = control_node.modelctl("override", "lab1", MODEL, TRIED, "--yes")
    assert tried.code == 0, tried.err
    assert TRIED in node("lab1").read("/home/ops/imagenode.yaml")
    control_node.git("push")
    head = control_node.git("rev-parse", "HEAD")
    assert node(CONTROL.name).read(f"{ORIGIN}/refs/heads/main").strip() == head
    recorded = json.loads(node("lab1").read("/var/lib/sentinelcam/sets/imagenode/chosen/set.json"))
    assert recorded["commit"] == head
    assert f"by {CONTROL.login}@{CONTROL.name}" in node("lab1").history()[-1]
    cleared = control_node.modelctl("override", "lab1", MODEL, "--clear", "--yes")
    assert cleared.code == 0, cleared.err
    assert CURRENT in node("lab1").read("/home/ops/imagenode.yaml")
    control_node.git("push")


def test_what_a_session_began_outlives_it(control_node: ControlNode, node: NodeOf) -> None:
    begun = control_node.type("systemd-run --user --unit=story --collect sleep 60")
    assert begun.code == 0, begun.err
    assert control_node.type("systemctl --user is-active story").out == "active\n"
    assert node(CONTROL.name).shell(f"loginctl show-user --value --property=Linger {CONTROL.login}") == "yes"
    assert node(CONTROL.name).shell(f"pgrep --uid {CONTROL.login} --exact sleep")
    stopped = control_node.type("systemctl --user stop story && systemctl --user is-active story")
    assert stopped.out == "inactive\n", stopped.err


@pytest.fixture
def receive_key(control_node: ControlNode, node: NodeOf) -> Iterator[str]:
    """A key of the trainer, which runs one command on the control node: the command line that uses it."""
    trainer = node(TRAINER)
    as_user = "runuser --user pyimagesearch --"
    trainer.shell(f"{as_user} ssh-keygen -q -t ed25519 -N '' -C trainer -f {KEY}")
    kind, key, _ = keys.public(keys.host_key(CONTROL)).split()
    trainer.write(f"{KEY}.known", f"{CONTROL.name} {kind} {key}\n")
    with control_node.authorized(trainer.read(f"{KEY}.pub"), f'restrict,command="{STAND_IN}"'):
        yield f"{as_user} ssh -F none -i {KEY} -o UserKnownHostsFile={KEY}.known {CONTROL.login}@{CONTROL.name}"
    trainer.shell(f"rm {KEY}*")


@pytest.mark.parametrize("typed", ["receive mobilenet_ssd 2026-05-01", "cat .ssh/id_ed25519"])
def test_the_trainers_key_runs_one_command(receive_key: str, control_node: ControlNode, typed: str) -> None:
    done = control_node.lab.run(TRAINER, f"{receive_key} {typed}")
    assert (done.returncode, done.stdout, done.stderr) == (4, f"asked: {typed}\n", "")


def test_the_trainers_key_opens_no_way_further(receive_key: str, control_node: ControlNode) -> None:
    done = control_node.lab.run(TRAINER, f"{receive_key} -o ExitOnForwardFailure=yes -W data1:22")
    assert done.returncode == 255
    assert "administratively prohibited" in done.stderr
