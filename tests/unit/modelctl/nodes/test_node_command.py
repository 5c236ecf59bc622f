"""What a node says of itself, and what else may come in its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.nodes import node_command, remote
from node import codec
from node.protocol.facts import Coral, HistoryEntry, Pending
from node.protocol.versions import LIST_VERSIONS, ListVersions
from tests.unit.modelctl.fake_nodes import ENTRY, MARK, OLD, FakeNodes
from tests.unit.modelctl.sites import fleet, pinned

FLEET = fleet(pins=pinned())


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    return FakeNodes(FLEET, tmp_path, monkeypatch)


def refusal() -> str:
    with pytest.raises(remote.NoAnswer) as caught:
        node_command.status(FLEET, "lab1")
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_the_question_is_asked_as_root_without_a_password(nodes: FakeNodes) -> None:
    node_command.status(FLEET, "lab1")
    command = nodes.ssh.asked("192.168.10.20")[-2]
    assert command == "env LC_ALL=C sudo -n /usr/local/sbin/sentinelcam-node status --json"


def test_a_service_as_the_node_knows_it(nodes: FakeNodes) -> None:
    nodes.change("lab1", live=None, health="down", drift=["/a differs"], pending=MARK)
    found = node_command.status(FLEET, "lab1")["imagenode"]
    assert (found.chosen, found.live) == (nodes.wanted("lab1"), None)
    assert (found.models, found.health) == ({"mobilenet_ssd": "2020-12-06"}, "down")
    assert found.drift == ["/a differs"]
    assert found.pending == Pending(
        time="2026-11-22T23:40:00Z", operator="anna@ramrod", purpose="pyinfra -y", from_=None, to=OLD, running=False,
        commit="c" * 40,
    )  # fmt: skip
    assert found.last is not None
    assert (found.last.outcome, found.last.from_, found.last.to, found.last.reason) == ("chosen", None, OLD, None)


def test_a_newer_program_may_say_more(nodes: FakeNodes) -> None:
    more = {"more": {"than": "today"}}
    services = {"imagenode": nodes.services["lab1"]["imagenode"] | more | {"last": ENTRY | more}}
    nodes.say("lab1", json.dumps({"services": services} | more))
    assert list(node_command.status(FLEET, "lab1")) == ["imagenode"]


def test_an_older_program_says_less_and_has_no_format_number(nodes: FakeNodes) -> None:
    """As release 9c8291b answers: no queue, no stack, no leftovers, and indented lines. Of a later one is `named`."""
    known = nodes.services["lab1"]["imagenode"]
    newer = ("leftovers", "code", "queue", "coral", "commit", "product")
    service = {name: value for name, value in known.items() if name not in newer} | {"named": {}}
    nodes.say("lab1", json.dumps({"program": "f" * 64, "services": {"imagenode": service}}, indent=1))
    found = node_command.status(FLEET, "lab1")["imagenode"]
    assert (found.chosen, found.last) == (nodes.wanted("lab1"), codec.decode(HistoryEntry, ENTRY))
    assert (found.leftovers, found.queue, found.coral, found.is_recorded) == ([], None, None, False)
    with pytest.raises(
        remote.NoAnswer, match="it does not say which versions its sets name; a deploy brings a program"
    ):
        node_command.referenced_versions(FLEET, "lab1")


def test_a_program_that_speaks_a_newer_format_is_told_of(nodes: FakeNodes) -> None:
    nodes.say("lab1", json.dumps({"format": 2, "services": {}}))
    assert refusal() == ("lab1 (192.168.10.20): its status: found format 2, expected 1 or older; use a newer checkout")


def test_a_coral_stack(nodes: FakeNodes) -> None:
    assert node_command.status(FLEET, "lab1")["imagenode"].coral is None  # nor does an older program tell of one
    said = {"version": "2026-01-10", "stick": "absent\x1b", "library": "/a\n/b (foreign)", "problem": "\x07", "more": 1}
    nodes.change("lab1", coral=said)
    assert node_command.status(FLEET, "lab1")["imagenode"].coral == Coral(
        version="2026-01-10", stick="absent?", library="/a /b (foreign)", problem="?"
    )
    nodes.change("lab1", coral={"version": "2026-01-10", "stick": "absent", "library": "loaded"})
    assert node_command.status(FLEET, "lab1")["imagenode"].coral is not None


def test_what_a_node_says_is_one_line_without_control_characters(nodes: FakeNodes) -> None:
    nodes.change(
        "lab1", health="a\n\x1b[2Jb", drift=["\x07"], models={"m\x1b": "v\x1b"}, last=ENTRY | {"reason": "\r\x00"}
    )
    found = node_command.status(FLEET, "lab1")["imagenode"]
    assert (found.health, found.drift, found.models) == ("a ?[2Jb", ["?"], {"m?": "v?"})
    assert found.last is not None
    assert found.last.reason == "?"


@pytest.mark.parametrize("answer", ["Welcome!", "null", "[]", "{}", '{"services": []}', "[" * 5000, "\x1b[2J" * 9])
def test_an_answer_that_is_no_status(nodes: FakeNodes, answer: str) -> None:
    nodes.say("lab1", answer)
    assert refusal() == (
        f"lab1 (192.168.10.20): found {one_line(answer) or 'nothing'}; expected its status as JSON; "
        "does a login there print something of its own?"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"chosen": 7}, {"live": []}, {"models": {"a": 1}}, {"health": True},
        {"drift": "/a differs"}, {"pending": {}}, {"pending": MARK | {"running": "yes"}}, {"last": {"host": "lab1"}},
        {"last": ENTRY | {"dirty": 1}}, {"coral": "2026-01-10"}, {"coral": {"version": "2026-01-10"}},
    ],
)  # fmt: skip
def test_a_status_with_an_odd_field(nodes: FakeNodes, changes: dict[str, Any]) -> None:
    nodes.change("lab1", **changes)
    assert "; expected its status as JSON; " in refusal()


@pytest.mark.parametrize("field", ["chosen", "active", "live", "models", "health", "drift", "pending", "last"])
def test_a_status_without_a_field(nodes: FakeNodes, field: str) -> None:
    del nodes.services["lab1"]["imagenode"][field]
    nodes.change("lab1")
    assert "; expected its status as JSON; " in refusal()


def test_a_host_that_was_never_deployed_to(nodes: FakeNodes) -> None:
    nodes.fail("lab1", 1, "sudo: /usr/local/sbin/sentinelcam-node: command not found")
    assert refusal() == (
        "lab1 (192.168.10.20): found no sentinelcam-node; a deploy brings it: "
        "pyinfra inventory.py deploys/models.py --limit lab1 -y"
    )


SUDO = (
    "lab1 (192.168.10.20): sudo wants a password there; expected none; put 'ops ALL=(ALL) NOPASSWD: ALL' there: "
    "sudo visudo -f /etc/sudoers.d/sentinelcam"
)


@pytest.mark.parametrize("said", node_command.WANTS_PASSWORD)
def test_a_sudo_that_wants_a_password(nodes: FakeNodes, said: str) -> None:
    """U11: says so, whatever is asked."""
    nodes.fail("lab1", 1, f"Welcome!\n{said}")
    assert refusal() == SUDO
    with pytest.raises(OperatorError) as caught:
        node_command.ask(FLEET, "lab1", LIST_VERSIONS, ListVersions(Path("/x")), 5)
    assert str(caught.value) == SUDO


@pytest.mark.parametrize(("code", "words"), [(1, "ops is not in the sudoers file."), (2, "PermissionError: 13")])
def test_a_program_that_fails_there(nodes: FakeNodes, code: int, words: str) -> None:
    nodes.fail("lab1", code, f"first\n{words}")
    assert refusal() == (
        f"lab1 (192.168.10.20): sentinelcam-node ended with {code}: {words}; "
        "try it there: ssh ops@192.168.10.20 sudo sentinelcam-node status"
    )


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (1, "Traceback (most recent call last):\n  ...\nSyntaxError: source code cannot contain null bytes",
         "SyntaxError: source code cannot contain null bytes"),
        (0, "", "no reason given"),
    ],
)  # fmt: skip
def test_a_program_that_is_damaged(nodes: FakeNodes, code: int, said: str, reason: str) -> None:
    """S7, H2."""
    nodes.fail("lab1", code, said)
    assert refusal() == (
        f"lab1 (192.168.10.20): its sentinelcam-node fails: {reason}; a deploy installs it anew: "
        "pyinfra inventory.py deploys/models.py --limit lab1 -y"
    )


def test_no_connection(nodes: FakeNodes) -> None:
    nodes.fail("lab1", 255, "ssh: connect to host 192.168.10.20 port 22: No route to host")
    assert refusal() == (
        "lab1 (192.168.10.20): ssh: connect to host 192.168.10.20 port 22: No route to host; "
        "look at its power and its cable, then run again"
    )


def test_no_answer_in_time(nodes: FakeNodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_command, "STATUS_SECONDS", 0.2)
    nodes.ssh.answer("192.168.10.20", "exec sleep 30")
    assert refusal() == "lab1 (192.168.10.20): no answer within 0.2 s; is its disk well?"
