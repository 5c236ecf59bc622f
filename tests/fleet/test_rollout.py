"""A rollout in steps: first one host of each role, then the others.

An automatic rollback stops it, an unreachable host does not.
"""

from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.operator import COLLECT, SWITCH_CANARIES, SWITCH_OTHERS, Run, deploy, predict, pyinfra

OUTPOSTS = ("lab1", "east", "alpha5")

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def changes() -> dict[str, Any]:
    """Fields of every outpost, as never before, and of one datasink."""
    return {"data2": {"debug_mode": True}, **{name: site.untried() for name in OUTPOSTS}}


@pytest.fixture
def update(tmp_path: Path, changes: dict[str, Any]) -> Path:
    """A site with these changes."""
    return site.write(tmp_path / "update.py", hosts=changes)


@pytest.fixture
def patient(tmp_path: Path, changes: dict[str, Any]) -> Path:
    """The same, with time for an outpost to crash."""
    return site.write(tmp_path / "patient.py", hosts=changes, health_checks=site.PATIENT)


@pytest.fixture
def bad(patient: Path, node: NodeOf) -> Path:
    """The same, where every outpost does."""
    for name in OUTPOSTS:
        node(name).misbehave(when="DEBUG", crash_after=0.2)
    return patient


def report(run: Run) -> list[str]:
    """The last lines of a run, as the operator reads them."""
    lines = run.err.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("--> Rollout")]
    return [line.strip() for line in lines[starts[0] :]] if starts else []


def is_new(node: NodeOf, name: str) -> bool:
    return "DEBUG" in node(name).read(f"/home/ops/{node(name).service}.yaml")


@pytest.mark.parametrize(
    ("mode", "times"),
    [
        ([], 2),
        pytest.param(["--serial"], 1, marks=pytest.mark.long),
    ],
    ids=["by-operation", "serial"],
)
def test_a_bad_update_stops_at_the_first_outpost(bad: Path, node: NodeOf, mode: list[str], times: int) -> None:
    before = {name: node(name).snapshot() for name in ("east", "alpha5")}
    configs = node("lab1").configs()
    for _ in range(times):
        run = deploy(*mode, site=bad)
        assert run.code == 1
        assert run.failed() == set(OUTPOSTS)
        assert report(run) == [
            "--> Rollout: lab1 rolled back to its old set",
            "new set: data1, data2, sentinel",
            "rolled back: lab1",
            "never touched: east, alpha5",
        ]
        for name in ("east", "alpha5"):
            [line] = run.lines_with(f"{name}: not touched")
            assert line.strip().endswith(
                f"{name}: not touched: lab1 rolled back to its old set; see why, mend the update, and run again"
            )
        assert "Traceback" not in run.err
        assert {name: node(name).snapshot() for name in before} == before
        assert node("lab1").configs() == configs
        assert node("lab1").status()["pid"] == node("lab1").pid()
        assert is_new(node, "data2")


@pytest.mark.long
def test_a_return_among_the_others_is_reported(patient: Path, node: NodeOf) -> None:
    node("alpha5").misbehave(when="DEBUG", crash_after=0.2)
    run = deploy(site=patient)
    assert (run.code, run.failed()) == (1, {"alpha5"})
    assert report(run) == [
        "--> Rollout: alpha5 rolled back to its old set",
        "new set: data1, data2, sentinel, lab1, east",
        "rolled back: alpha5",
    ]
    assert is_new(node, "east")
    assert not is_new(node, "alpha5")


@pytest.mark.long
def test_an_unreachable_host_does_not_stop_it(update: Path, lab: Lab, node: NodeOf) -> None:
    lab.power_cut("lab1")
    run = deploy(site=update)
    assert (run.code, run.failed()) == (1, {"lab1"})
    assert report(run) == []
    assert (run.changed()[SWITCH_CANARIES], run.changed()[SWITCH_OTHERS]) == ({"data2", "east"}, {"alpha5"})
    lab.boot("lab1")
    assert is_new(node, "east")
    assert is_new(node, "alpha5")
    assert not is_new(node, "lab1")


@pytest.mark.long
def test_the_operator_names_the_first(bad: Path, node: NodeOf) -> None:
    before = {name: node(name).snapshot() for name in ("lab1", "east")}
    run = deploy("--data", "canary=alpha5", site=bad)
    assert run.code == 1
    assert report(run)[0] == "--> Rollout: alpha5 rolled back to its old set"
    assert report(run)[2:] == ["rolled back: alpha5", "never touched: lab1, east"]
    assert {name: node(name).snapshot() for name in before} == before


def test_the_dry_run_predicts_each_step_and_who_goes_back_waits_for_nobody(update: Path, node: NodeOf) -> None:
    limits = [word for name in ("data1", "data2", *OUTPOSTS) for word in ("--limit", name)]
    words = ("--data", 'canary=["alpha5", "data2"]', *limits)
    predicted, run = predict(*words, site=update), deploy(*words, site=update)
    assert predicted.predicted() == run.changed()
    assert run.changed() == {SWITCH_CANARIES: {"data2", "alpha5"}, SWITCH_OTHERS: {"lab1", "east"}, COLLECT: {"data1"}}
    assert predict(*words, site=update).predicted() == {}

    predicted, back = predict(*limits), deploy(*limits)
    assert predicted.predicted() == back.changed() == {SWITCH_CANARIES: {"data2", *OUTPOSTS}, COLLECT: {"data1"}}
    assert not any(is_new(node, name) for name in ("data2", *OUTPOSTS))

    named = deploy("--data", "canary=east", *limits, site=update)
    assert named.changed() == {
        SWITCH_CANARIES: {"data2", "east"},
        SWITCH_OTHERS: {"lab1", "alpha5"},
        COLLECT: {"data1"},
    }


def test_a_settled_fleet_has_no_first(node: NodeOf) -> None:
    before = {name: node(name).pid() for name in SERVED}
    run = deploy("--data", "canary=alpha5,data2")
    assert (run.code, run.changed(), report(run)) == (0, {}, [])
    assert {name: node(name).pid() for name in SERVED} == before


def test_a_first_host_that_is_not_in_the_run_is_an_error_of_one_line() -> None:
    for words, allowed in (
        (["--data", "canary=alpha6"], "alpha5, data1, data2, east, lab1, sentinel"),
        (["--data", "canary=alpha5", "--limit", "east"], "east"),
    ):
        run = pyinfra("deploys/configs.py", "-y", *words)
        assert run.code == 1
        found = words[1].removeprefix("canary=")
        assert run.err.strip().splitlines()[-1] == f"--data canary: found '{found}'; allowed: {allowed}"
        assert "Connecting" not in run.err
