"""A control node in the lab's network: an unprivileged user deploys from there, with clones and keys of its own."""

from lab.hosts import CONTROL
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.control_node import ControlNode


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


def test_what_a_session_began_outlives_it(control_node: ControlNode, node: NodeOf) -> None:
    begun = control_node.type("systemd-run --user --unit=story --collect sleep 60")
    assert begun.code == 0, begun.err
    assert control_node.type("systemctl --user is-active story").out == "active\n"
    assert node(CONTROL.name).shell(f"loginctl show-user --value --property=Linger {CONTROL.login}") == "yes"
    assert node(CONTROL.name).shell(f"pgrep --uid {CONTROL.login} --exact sleep")
    stopped = control_node.type("systemctl --user stop story && systemctl --user is-active story")
    assert stopped.out == "inactive\n", stopped.err
