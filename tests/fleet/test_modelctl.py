"""modelctl against the lab."""

from pathlib import Path

import pytest

from tests.fleet.conftest import NodeOf
from tests.fleet.operator import modelctl, pyinfra

SITE = "lab/inventory.py"


def test_check_of_the_lab_has_no_faults() -> None:
    run = modelctl("check", "--site", SITE)
    assert run.code == 0, run.err
    assert "no faults" in run.out


@pytest.mark.parametrize("host", ["data1", "sentinel", "east"])
@pytest.mark.usefixtures("deployed")
def test_render_writes_every_file_that_is_on_the_host(tmp_path: Path, node: NodeOf, host: str) -> None:
    assert pyinfra("deploys/cleanup.py", "-y").code == 0
    assert modelctl("render", host, "--site", SITE, "--output", str(tmp_path)).code == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert node(host).read(f"/{path.relative_to(tmp_path)}") == path.read_text()


def test_trust_knows_the_key_that_the_host_has(node: NodeOf) -> None:
    fingerprint = node("data1").shell("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    run = modelctl("trust", "data1", "--site", SITE)
    assert run.code == 0, run.err
    assert fingerprint in run.out
    assert "already trusted" in run.out
