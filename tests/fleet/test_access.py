"""What a node's key opens: the registry, for reading, and nothing else."""

import pytest

from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import deploy

pytestmark = pytest.mark.usefixtures("deployed")

ACCESS = "/var/lib/sentinelcam/access"
DATASINK = "ops@198.18.0.50"
SSH = f"ssh -F none -i {ACCESS}/pull_key -o BatchMode=yes -o UserKnownHostsFile={ACCESS}/known_hosts"
AUTHORIZED = "/home/ops/.ssh/authorized_keys"


@pytest.fixture
def lab1(node: NodeOf) -> Node:
    return node("lab1")


def test_the_key_reads_the_registry(lab1: Node) -> None:
    assert "mobilenet_ssd" in lab1.shell(f"rsync -e '{SSH}' {DATASINK}:/ | cat")


@pytest.mark.parametrize(
    "attempt",
    [
        f"{SSH} {DATASINK} id",
        f"{SSH} {DATASINK} 'rsync --server --sender -logDtpr . /etc/passwd'",
        f"echo ls | sftp -q -b - -i {ACCESS}/pull_key -o UserKnownHostsFile={ACCESS}/known_hosts {DATASINK}",
        f"rsync -e '{SSH}' /etc/hostname {DATASINK}:/mobilenet_ssd/",
        f"rsync -e '{SSH}' {DATASINK}:../../.ssh/authorized_keys /root/stolen",
        f"rsync -e '{SSH}' {DATASINK}:/../../../etc/passwd /root/stolen",
        f"{SSH} -N -o ExitOnForwardFailure=yes -o ConnectTimeout=5 -W 127.0.0.1:22 {DATASINK} </dev/null",
    ],
)
def test_the_key_opens_nothing_else(lab1: Node, node: NodeOf, attempt: str) -> None:
    before = node("data1").shell("find /home/ops -newer /etc/hostname -type f | wc -l; sha256sum " + AUTHORIZED)
    assert lab1.code(attempt) != 0
    assert not lab1.exists("/root/stolen")
    assert node("data1").shell("find /home/ops -newer /etc/hostname -type f | wc -l; sha256sum " + AUTHORIZED) == before


def test_the_key_alone_opens_nothing(lab1: Node) -> None:
    lab1.shell(f"cp {ACCESS}/pull_key /root/bare_key")
    bare = SSH.replace(f"{ACCESS}/pull_key", "/root/bare_key")
    assert lab1.code(f"rsync -e '{bare}' {DATASINK}:/") != 0
    lab1.shell("rm /root/bare_key")


def test_only_root_reads_the_key(lab1: Node) -> None:
    assert lab1.shell(f"stat -c '%U %a' {ACCESS} {ACCESS}/pull_key") == "root 700\nroot 600"


def test_other_lines_of_the_datasink_stay(node: NodeOf) -> None:
    data1 = node("data1")
    before = data1.read(AUTHORIZED)
    data1.shell(f"sed -i /cert-authority/d {AUTHORIZED}; echo '# a hand was here' >>{AUTHORIZED}")
    kept = data1.read(AUTHORIZED).splitlines()
    run = deploy("--limit", "data1")
    assert run.changed() == {"deploys/access.py | Authorize pulls from the registry": {"data1"}}
    lines = data1.read(AUTHORIZED).splitlines()
    assert lines[:-1] == kept
    assert lines[-1] in before.splitlines()
    assert data1.shell(f"stat -c '%U %a' {AUTHORIZED}") == "ops 600"


def test_a_datasink_with_another_host_key_is_not_pulled_from(lab1: Node, lab: Lab) -> None:
    lab.reset("lab1")
    lab1.shell("mkdir -p /home/ops/imagenode")
    data1_key = lab1.shell("ssh-keyscan -t ed25519 198.18.0.50 2>/dev/null | cut -d' ' -f3")
    assert deploy("--limit", "lab1").code == 0
    assert data1_key in lab1.read(f"{ACCESS}/known_hosts")
    forged = lab1.shell("cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub")
    lab1.shell(f"sed -i 's# [^ ]*$# {forged}#' {ACCESS}/known_hosts")
    assert lab1.code(f"rsync -e '{SSH}' {DATASINK}:/") != 0
    assert deploy("--limit", "lab1").changed() == {"deploys/access.py | Certify the node's pull key": {"lab1"}}
    assert lab1.code(f"rsync -e '{SSH}' {DATASINK}:/") == 0
