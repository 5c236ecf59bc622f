"""A site that `modelctl init` wrote, as pyinfra and the job of its own workflow see it."""

import json
from pathlib import Path

import pytest

from modelctl.product import CHECKOUT
from tests.unit.modelctl.starting import new_sites
from tests.unit.site.test_job import job as job
from tests.unit.site.test_job import run
from tests.unit.site.test_pyinfra import pyinfra


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(CHECKOUT)
    new_sites.known_to_git(monkeypatch)
    assert new_sites.run(tmp_path / "meadow", "--sentinel", "brain=10.9.0.3").exit_code == 0
    return tmp_path / "meadow"


def test_its_hosts_and_groups(site: Path) -> None:
    result = pyinfra(site / "inventory.py", "debug-inventory", "--json")
    assert result.returncode == 0, result.stderr
    hosts = {host["name"]: set(host["groups"]) - {"inventory"} for host in json.loads(result.stdout)}
    assert hosts == {"datasink": {"datasinks", "primary_datasink"}, "brain": {"sentinels"}, "outpost": {"outposts"}}


def test_a_deploy_says_what_is_to_do_first(site: Path) -> None:
    result = pyinfra(site / "inventory.py", "deploys/models.py", "--dry")
    assert result.returncode == 1
    assert "brain: wants face_detection/2020-03-25, which no pin covers; pin it: modelctl pin --site " in result.stderr


def test_the_job_of_its_workflow(job: Path, site: Path) -> None:
    done = run(job, site)
    assert (done.returncode, done.stdout) == (0, "meadow: 3 hosts, 18 files rendered, 11 warnings, no faults\n")
