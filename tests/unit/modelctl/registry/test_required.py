"""What a host is asked about its Python."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelctl.nodes import node_command
from modelctl.registry import required
from node.protocol.packages import FoundPackages
from tests.unit.modelctl.fake_nodes import FakeNodes
from tests.unit.modelctl.sites import fleet, pinned

FLEET = fleet(pins=pinned())
NAMES = ["scikit-learn", "numpy"]


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    return FakeNodes(FLEET, tmp_path, monkeypatch)


def asked(nodes: FakeNodes, host: str) -> Any:
    command, question = nodes.ssh.asked(nodes.address(host))[-2:]
    assert command.endswith("sentinelcam-node packages")
    return json.loads(question)


def test_the_python_of_the_services_is_asked_about(nodes: FakeNodes) -> None:
    nodes.say("lab1", '{"versions": {"python": "3.11.2", "numpy": "1.24.4"}, "unknown": {"scikit-learn": "a\\u001b"}}')
    found = required.packages(FLEET, "lab1", NAMES)
    assert found == FoundPackages({"python": "3.11.2", "numpy": "1.24.4"}, {"scikit-learn": "a?"})
    assert asked(nodes, "lab1") == {"user": "ops", "environment": "/home/ops/.opencv", "names": NAMES, "format": 1}


def test_an_older_program_does_not_know(nodes: FakeNodes) -> None:
    nodes.fail("lab1", 64, "found packages; allowed: status")
    with pytest.raises(
        node_command.UnknownCommand, match="its sentinelcam-node knows no packages; a deploy brings one"
    ):
        required.packages(FLEET, "lab1", NAMES)
