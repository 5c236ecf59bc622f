from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra import logger

from modelctl.fleet import Fleet
from modelctl.inventory.revoked import Revoked
from modelctl.nodes.authority import Authority
from operations import access
from operations.answer import PullFile, Survey
from operations.node_command import Refusal
from tests.unit.operations.hosts import SINK_KEY, StubHost, line, make_host, message, plan, settled

Answer = Callable[[Survey | None], None]

NODE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2bSWSpA9WOXUg/jX9CmeIbJWIYKZPdyxUMTnTCfCHO sentinelcam-pull@lab1"
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
    assert line(make) == "/usr/bin/python3 -I -B /var/lib/sentinelcam/program/DIGEST make-key lab1"
    assert line(install) == "/usr/bin/python3 -I -B /var/lib/sentinelcam/program/DIGEST install-access"
    sent = message(install)
    assert sent["known_hosts"] == KNOWN_HOSTS
    assert Authority(node.data.fleet.site.pull_ca).has_certified(sent["certificate"], NODE_KEY, "lab1", 1)


@pytest.fixture
def certified(node: StubHost) -> Survey:
    """The answer of a node that can pull."""
    authority = Authority(node.data.fleet.site.pull_ca)
    authority.create()
    held: dict[PullFile, str | None] = {
        "pull_key.pub": NODE_KEY,
        "pull_key-cert.pub": authority.certify(NODE_KEY, "lab1", 1),
        "known_hosts": KNOWN_HOSTS,
    }
    return replace(settled(node), pull_access=held)


def test_a_certified_node_is_left_alone(node: StubHost, answer: Answer, certified: Survey) -> None:
    answer(certified)
    assert plan(access.certify_pull_key, node) == []
    assert node.said == ["as wanted"]


@pytest.mark.parametrize(
    ("name", "value"), [("known_hosts", "192.168.10.50 ssh-ed25519 AAAAother\n"), ("pull_key-cert.pub", "garbage")]
)
def test_what_differs_is_put_right(
    node: StubHost, answer: Answer, certified: Survey, name: PullFile, value: str
) -> None:
    answer(replace(certified, pull_access={**certified.pull_access, name: value}))
    node.facts["PullKey"] = NODE_KEY
    assert len(plan(access.certify_pull_key, node)) == 2


def test_a_node_whose_key_is_revoked_gets_a_new_certificate(fleet: Fleet, answer: Answer, certified: Survey) -> None:
    """R6: and a key of another host's is none of its own."""
    later = replace(fleet, revoked=Revoked(hosts={"lab1": 1, "east": 3}))
    node = make_host("lab1", later)
    answer(certified)
    node.facts["PullKey"] = NODE_KEY
    _, install = plan(access.certify_pull_key, node)
    assert Authority(fleet.site.pull_ca).has_certified(message(install)["certificate"], NODE_KEY, "lab1", 2)


def test_a_node_is_left_alone_when_another_ones_key_is_revoked(fleet: Fleet, answer: Answer, certified: Survey) -> None:
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


def test_an_authority_that_cannot_be_made_fails_this_host(node: StubHost, answer: Answer, tmp_path: Path) -> None:
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
    answer(replace(settled(sink), authorized=None))
    check, authorize = plan(access.authorize_pulls, sink)
    assert line(check).endswith(" check-rrsync")
    assert line(authorize).endswith(" authorize ops")
    authority = Authority(sink.data.fleet.site.pull_ca)
    assert message(authorize) == authority.lines("/home/ops/sentinelcam/model_registry", Revoked())


def test_the_datasink_lets_revoked_nodes_in_no_more(fleet: Fleet, answer: Answer) -> None:
    """R6."""
    revoked = Revoked(hosts={"east": 2})
    sink = make_host("data1", replace(fleet, revoked=revoked))
    answer(replace(settled(sink), authorized=False))
    _, authorize = plan(access.authorize_pulls, sink)
    lines = Authority(fleet.site.pull_ca).lines("/home/ops/sentinelcam/model_registry", revoked)
    assert (len(lines), message(authorize)) == (2, lines)


def test_an_older_checkout_lets_no_revoked_node_in_again(sink: StubHost, answer: Answer) -> None:
    """R6: the checkout that revoked the key is not this one."""
    answer(replace(settled(sink), authorized=False, revoked=["sentinelcam-pull:east:1", "sentinelcam-pull:lab1:1"]))
    [refusal] = plan(access.authorize_pulls, sink)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == (
        "data1: revoked there and not in this checkout: sentinelcam-pull:east:1, sentinelcam-pull:lab1:1; git pull, "
        "and run again"
    )


def test_an_authorized_datasink_is_left_alone(sink: StubHost, answer: Answer) -> None:
    answer(settled(sink))
    assert plan(access.authorize_pulls, sink) == []


def test_a_new_authority_is_told_once(fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another control node may have the one that all nodes know."""
    warnings: list[str] = []
    monkeypatch.setattr(logger, "warning", warnings.append)
    for name in ("data1", "lab1", "east"):
        host = make_host(name, fleet)
        host.facts["PullKey"] = NODE_KEY
        answer(replace(settled(host), authorized=None))
        plan(access.certify_pull_key if name != "data1" else access.authorize_pulls, host)
    assert warnings == [
        f"{fleet.site.pull_ca}: this control node had no pull authority, so one was made, and every node gets a "
        "certificate of it; if another control node has one, copy that here and run again"
    ]


def test_a_known_authority_is_not_told(sink: StubHost, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    Authority(sink.data.fleet.site.pull_ca).create()
    monkeypatch.setattr(logger, "warning", None)
    answer(replace(settled(sink), authorized=None))
    assert len(plan(access.authorize_pulls, sink)) == 2
