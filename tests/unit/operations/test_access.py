from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra import logger

from modelctl.desired.trainer import uploads
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Revoked
from modelctl.nodes.pull_ca import PullCa
from node.codec import Text
from node.protocol.facts import Facts, PullAccess
from operations import access
from operations.node_command import Refusal
from tests.unit.cases import each
from tests.unit.operations.engine import NODE_KEY, Engine
from tests.unit.operations.hosts import SINK_KEY, StubHost, line, make_host, message, plan, settled, told

Answer = Callable[[Facts | None], None]

RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDCkFZ/8Tv+3lNlVvuAlg2GFYKKVnmL2uUrj0NNS+1fWMvTVWbVv6yXfVwnTIdK5RHv8WW4"
ODD = {
    "nothing": [],
    "an empty line": [""],
    "two keys": [NODE_KEY, NODE_KEY],
    "a login's words": ["Welcome to lab1", NODE_KEY],
    "an RSA key": [f"{RSA} root@lab1"],
    "a key cut off": [NODE_KEY[:60]],
    "a longer key": [NODE_KEY.replace("CfCHO", "CfCHOAAAA")],
    "another type's name": [NODE_KEY.replace("ssh-ed25519", "ssh-rsa", 1)],
    "options": [f'command="id" {NODE_KEY}'],
    "a private key": ["-----BEGIN OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1rZXktdjEAAAAA"],
    "a carriage return": [f"{NODE_KEY}\rx"],
    "an option of ssh-keygen": ["-D /tmp/x.so"],
    "zeroes": ["\0" * 400],
    "a terminal's escape": ["\x1b[2J" + NODE_KEY],
    "marked bytes": ["\ufffd\ufffd"],
    "a lone surrogate": ["ssh-ed25519 \udcff"],
    "a million letters": ["A" * 1_000_000],
}
"""Public halves of pull keys that are none, in lines."""
KNOWN_HOSTS = f"192.168.10.50 ssh-ed25519 {SINK_KEY}\n"


@pytest.fixture
def node(fleet: Fleet) -> StubHost:
    return make_host("lab1", fleet)


@pytest.fixture
def sink(fleet: Fleet) -> StubHost:
    return make_host("data1", fleet)


def test_a_bare_node_makes_a_key_and_gets_a_certificate(node: StubHost, answer: Answer) -> None:
    answer(settled(node))
    node.facts["PullKey"] = NODE_KEY
    make, install = plan(access.certify_pull_key, node)
    assert line(make) == "/usr/bin/python3 -I -S -B /var/lib/sentinelcam/program/DIGEST make-key lab1"
    assert line(install) == "/usr/bin/python3 -I -S -B /var/lib/sentinelcam/program/DIGEST install-access"
    sent = message(install)
    assert sent["known_hosts"] == KNOWN_HOSTS
    assert PullCa(node.data.fleet.site.pull_ca).has_certified(sent["certificate"], NODE_KEY, "lab1", 1)


@pytest.fixture
def certified(node: StubHost) -> Facts:
    """The answer of a node that can pull."""
    pull_ca = PullCa(node.data.fleet.site.pull_ca)
    pull_ca.create()
    held = PullAccess(Text(NODE_KEY), Text(pull_ca.certify(NODE_KEY, "lab1", 1)), Text(KNOWN_HOSTS))
    return settled(node)._replace(pull_access=held)


def test_a_certified_node_is_left_alone(node: StubHost, answer: Answer, certified: Facts) -> None:
    answer(certified)
    assert plan(access.certify_pull_key, node) == []
    assert node.said == ["as wanted"]


@pytest.mark.parametrize(
    ("name", "value"), [("known_hosts", "192.168.10.50 ssh-ed25519 AAAAother\n"), ("certificate", "garbage")]
)
def test_what_differs_is_put_right(node: StubHost, answer: Answer, certified: Facts, name: str, value: str) -> None:
    answer(certified._replace(pull_access=certified.pull_access._replace(**{name: Text(value)})))
    node.facts["PullKey"] = NODE_KEY
    assert len(plan(access.certify_pull_key, node)) == 2


def test_a_node_whose_key_is_revoked_gets_a_new_certificate(fleet: Fleet, answer: Answer, certified: Facts) -> None:
    """R6: and a key of another host's is none of its own."""
    later = replace(fleet, revoked=Revoked(hosts={"lab1": 1, "east": 3}))
    node = make_host("lab1", later)
    answer(certified)
    node.facts["PullKey"] = NODE_KEY
    _, install = plan(access.certify_pull_key, node)
    assert PullCa(fleet.site.pull_ca).has_certified(message(install)["certificate"], NODE_KEY, "lab1", 2)


def test_a_node_is_left_alone_when_another_ones_key_is_revoked(fleet: Fleet, answer: Answer, certified: Facts) -> None:
    """R6."""
    answer(certified)
    assert plan(access.certify_pull_key, make_host("lab1", replace(fleet, revoked=Revoked(hosts={"east": 3})))) == []


def test_an_unknown_host_key_fails_this_host(node: StubHost, answer: Answer, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text("")
    answer(settled(node))
    [refusal] = plan(access.certify_pull_key, node)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == (
        f"lab1: no host key of data1 (192.168.10.50) in {tmp_path}/known_hosts; expected one to give to the node; "
        "run modelctl trust data1"
    )


@each("lines", ODD.values())
def test_a_pull_key_that_is_none_is_this_hosts_trouble(fleet: Fleet, answer: Answer, lines: list[str]) -> None:
    """H1: an empty one was a TypeError, which ended the run for all hosts; another one blamed the control node."""
    node = make_host("lab1", fleet)
    answer(settled(node))
    node.facts["PullKey"] = "\n".join(lines) if lines else None
    _, refusal = plan(access.certify_pull_key, node)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("lab1: /var/lib/sentinelcam/access/pull_key.pub: found ")
    assert refusal.reason.endswith("; expected one ssh-ed25519 key; remove the file there, and run again")
    assert refusal.reason.isprintable()
    assert len(refusal.reason) < 300


@pytest.mark.parametrize("name", ODD)
def test_no_other_host_hears_of_it(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """H1."""
    engine = Engine(fleet, monkeypatch)
    engine["lab1"].pull_key = ODD[name]
    run = engine.run(program="deploys/access.py")
    assert (run.error, run.failed) == (None, {"lab1"})
    [said] = engine["lab1"].said
    assert said.startswith("lab1: /var/lib/sentinelcam/access/pull_key.pub: found ")
    certified = {event.split()[0] for event in engine.events if event.endswith(" install-access ended")}
    assert certified == {"sentinel", "east", "alpha5"}


def test_an_pull_ca_that_cannot_be_made_fails_this_host(node: StubHost, answer: Answer, tmp_path: Path) -> None:
    (tmp_path / "pull_ca").mkdir()
    answer(settled(node))
    node.facts["PullKey"] = NODE_KEY
    *_, refusal = plan(access.certify_pull_key, node)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("ssh-keygen ")


def test_the_datasink_needs_no_key_for_itself(sink: StubHost, answer: Answer) -> None:
    answer(settled(sink))
    assert plan(access.certify_pull_key, sink) == []


def test_the_datasink_lets_certified_nodes_read(sink: StubHost, answer: Answer) -> None:
    answer(told(settled(sink), authorized=None))
    check, authorize = plan(access.authorize_pulls, sink)
    assert line(check).endswith(" check-rrsync")
    assert line(authorize).endswith(" authorize")
    pull_ca = PullCa(sink.data.fleet.site.pull_ca)
    lines = pull_ca.lines("/home/ops/sentinelcam/model_registry", Revoked(), uploads(sink.data.fleet))
    assert message(authorize) == {"user": "ops", "lines": lines}


def test_the_datasink_lets_revoked_nodes_in_no_more(fleet: Fleet, answer: Answer) -> None:
    """R6."""
    revoked = Revoked(hosts={"east": 2})
    sink = make_host("data1", replace(fleet, revoked=revoked))
    answer(told(settled(sink), authorized=False))
    _, authorize = plan(access.authorize_pulls, sink)
    lines = PullCa(fleet.site.pull_ca).lines("/home/ops/sentinelcam/model_registry", revoked, uploads(fleet))
    assert (len(lines), message(authorize)["lines"]) == (3, lines)


def test_an_older_checkout_lets_no_revoked_node_in_again(sink: StubHost, answer: Answer) -> None:
    """R6: the checkout that revoked the key is not this one."""
    answer(told(settled(sink), authorized=False, revoked=["sentinelcam-pull:east:1", "sentinelcam-pull:lab1:1"]))
    [refusal] = plan(access.authorize_pulls, sink)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == (
        "data1: revoked there and not in this checkout: sentinelcam-pull:east:1, sentinelcam-pull:lab1:1; git pull, "
        "and run again"
    )


def test_an_authorized_datasink_is_left_alone(sink: StubHost, answer: Answer) -> None:
    answer(settled(sink))
    assert plan(access.authorize_pulls, sink) == []


def test_a_new_pull_ca_is_told_once(fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another control node may have the one that all nodes know."""
    warnings: list[str] = []
    monkeypatch.setattr(logger, "warning", warnings.append)
    for name in ("data1", "lab1", "east"):
        host = make_host(name, fleet)
        host.facts["PullKey"] = NODE_KEY
        found = settled(host)
        answer(told(found, authorized=None) if found.datasink else found)
        plan(access.certify_pull_key if name != "data1" else access.authorize_pulls, host)
    assert warnings == [
        f"{fleet.site.pull_ca}: this control node had no pull CA, so one was made, and every node gets a "
        "certificate of it; if another control node has one, copy that here and run again"
    ]


def test_a_known_pull_ca_is_not_told(sink: StubHost, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    PullCa(sink.data.fleet.site.pull_ca).create()
    monkeypatch.setattr(logger, "warning", None)
    answer(told(settled(sink), authorized=None))
    assert len(plan(access.authorize_pulls, sink)) == 2
