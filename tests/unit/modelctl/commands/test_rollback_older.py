"""H11: `modelctl rollback` where a commit that this checkout does not contain made the sets of the hosts."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.desired.desired_state import desired
from modelctl.inventory_file import load
from tests.unit.modelctl.fake_changes import FAIL, MODEL, OLD, FakeHosts, Stage, use


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site")


@pytest.fixture
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


def rollback(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["rollback", *words], catch_exceptions=False)


def untouched(stage: Stage) -> bool:
    return stage.is_as_first() and stage.log() == [] and stage.runs() == []


@pytest.fixture(autouse=True)
def newer(hosts: FakeHosts, stage: Stage) -> None:
    set_of(hosts, data1="1" * 40, sentinel=stage.git("rev-parse", "HEAD"))


def set_of(hosts: FakeHosts, digest: str = "ab" * 32, **commits: str) -> None:
    for host, commit in commits.items():
        chosen = {"service": {"digest": digest, "commit": commit}}
        hosts.previews[host] = json.dumps({"bytes": 0, "unlocked": [], "chosen": chosen})


def test_it_is_refused_before_anything_is_committed(stage: Stage) -> None:
    """H11: it was committed, deployed, refused by the host and undone: two commits each time."""
    result = rollback(MODEL, OLD, "--yes")
    assert (result.exit_code, untouched(stage)) == (1, True)
    assert result.stderr == (
        f"data1: service was switched by commit {'1' * 12}, which this checkout does not contain; "
        f"git pull, or allow it with --older data1; nothing was committed\n"
    )


def test_several_hosts_are_named_together(stage: Stage, hosts: FakeHosts) -> None:
    """H11."""
    set_of(hosts, sentinel="2" * 40)
    result = rollback(MODEL, OLD, "--yes")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("; git pull, or allow it with --older data1,sentinel; nothing was committed\n")
    again = rollback(MODEL, OLD, "--yes", "--older", "sentinel")
    assert again.stderr.startswith("data1: service was switched by commit 111")
    assert again.stderr.endswith("; git pull, or allow it with --older data1,sentinel; nothing was committed\n")
    assert untouched(stage)


def test_what_the_operator_allows_the_deploy_is_told(stage: Stage) -> None:
    """H11."""
    assert rollback(MODEL, OLD, "--yes", "--older", "data1, sentinel").exit_code == 0
    assert stage.runs()[0][-4:] == ["--data", f"models={MODEL}", "--data", "older=data1,sentinel"]


def test_and_so_is_the_deploy_that_takes_it_back(stage: Stage) -> None:
    """H11."""
    stage.act(FAIL)
    assert rollback(MODEL, OLD, "--yes", "--older", "data1").exit_code == 1
    assert [run[-1] for run in stage.runs()] == ["older=data1", "older=data1"]


@pytest.mark.parametrize("name", ["lab1", "dta1", ""])
def test_a_host_that_does_not_move(stage: Stage, hosts: FakeHosts, name: str) -> None:
    """H11."""
    said = rollback(MODEL, OLD, "--yes", "--older", f"{name},sentinel").stderr
    assert said.startswith(f"--older: found '{name}'; allowed: data1, sentinel")
    assert (hosts.asked, untouched(stage)) == ([], True)


def test_a_commit_that_is_gone_no_pull_brings_back(stage: Stage, hosts: FakeHosts) -> None:
    """H11: as after a squash. The checkout wants what is there, so a deploy gives the set its own commit."""
    [wanted] = desired(load(stage.inventory).fleet, "data1").sets
    set_of(hosts, wanted.digest, data1="1" * 40)
    assert rollback(MODEL, OLD, "--yes").stderr.endswith(
        "; it wants the same there, so a deploy renews that: pyinfra inventory.py deploys/configs.py "
        "--limit data1 -y, or allow it with --older data1; nothing was committed\n"
    )
