"""What a node's key opens: the registry, for reading, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import deploy
from tests.fleet.repository import Repository, cloned

pytestmark = pytest.mark.usefixtures("deployed")

ACCESS = "/var/lib/sentinelcam/access"
DATASINK = "ops@198.18.0.50"
SSH = f"ssh -F none -i {ACCESS}/pull_key -o BatchMode=yes -o UserKnownHostsFile={ACCESS}/known_hosts"
AUTHORIZED = "/home/ops/.ssh/authorized_keys"
LIST = f"rsync -e '{SSH}' {DATASINK}:/"
SETTINGS = "find /etc/ssh -type f | sort | xargs sha256sum"
REVOKED = "this node's pull key was revoked"


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
    assert lines[:-2] == kept
    assert set(lines[-2:]) <= set(before.splitlines())
    assert data1.shell(f"stat -c '%U %a' {AUTHORIZED}") == "ops 600"


def test_a_datasink_with_another_host_key_is_not_pulled_from(lab1: Node, lab: Lab) -> None:
    lab.reset("lab1")
    lab1.shell("mkdir -p /home/ops/imagenode")
    data1_key = lab1.shell("ssh-keyscan -t ed25519 198.18.0.50 2>/dev/null | cut -d' ' -f3")
    assert deploy("--limit", "lab1").code == 0
    assert data1_key in lab1.read(f"{ACCESS}/known_hosts")
    forged = lab1.shell("cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub")
    lab1.shell(f"sed -i 's# [^ ]*$# {forged}#' {ACCESS}/known_hosts")
    assert lab1.code(LIST) != 0
    assert deploy("--limit", "lab1").changed() == {"deploys/access.py | Certify the node's pull key": {"lab1"}}
    assert lab1.code(LIST) == 0


@pytest.fixture
def repository(deployed: Lab, tmp_path: Path, node: NodeOf) -> Iterator[Repository]:
    """A site of its own, which revokes; the lab's own site revokes nobody, and may not take that back."""
    with cloned(tmp_path / "site", deployed) as made:
        yield made
        node("data1").shell(f"sed -i /cert-authority/d {AUTHORIZED}")
        assert deploy("--limit", "data1", "--limit", "east").code == 0


def test_a_stolen_node_is_shut_out_until_it_is_deployed_to(repository: Repository, node: NodeOf) -> None:
    """R6: it alone, for good, and not by a change of sshd's own settings."""
    east, lab1, data1 = node("east"), node("lab1"), node("data1")
    stolen, settings = east.shell(f"ssh-keygen -Lf {ACCESS}/pull_key-cert.pub"), data1.shell(SETTINGS)
    assert "Serial: 0" not in stolen
    assert stolen.endswith("Extensions: (none)")
    east.shell(f"cp -a {ACCESS} /root/stolen; {LIST}")

    run = repository.modelctl("revoke", "east", "--yes")
    assert run.code == 0, run.err
    assert "east can read nothing more of the registry: its pull keys up to generation 1 are revoked" in run.out
    assert (repository.folder / "inventory" / "revoked.json").read_text() == '{\n  "east": 1\n}\n'
    assert repository.log() == ["Revoke the pull key of east"]
    assert REVOKED in east.shell(f"{LIST} 2>&1; [ $? != 0 ]")
    assert (lab1.code(LIST), data1.shell(SETTINGS)) == (0, settings)
    assert repository.deploy("--limit", "data1").changed() == {}
    lines, older = data1.read(AUTHORIZED), deploy("--limit", "data1")
    assert (older.code, data1.read(AUTHORIZED)) == (1, lines)
    assert older.lines_with("data1: revoked there and not in this checkout: sentinelcam-pull:east:1; git -C ")

    assert repository.deploy("--limit", "east").changed() == {
        "deploys/access.py | Certify the node's pull key": {"east"}
    }
    assert repository.deploy("--limit", "east").changed() == {}
    assert east.code(LIST) == 0
    assert REVOKED in east.shell(f"{LIST.replace(ACCESS, '/root/stolen')} 2>&1; [ $? != 0 ]")
    east.shell("rm -r /root/stolen")
