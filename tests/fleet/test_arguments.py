"""What an operator may add to a deploy: a limit, data, a diff, another order of hosts."""

from pathlib import Path

import pytest

from lab.lab import Lab
from tests import chandler
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import COLLECT, SWITCH_CANARIES, deploy, predict, pyinfra

pytestmark = pytest.mark.usefixtures("deployed")


@pytest.fixture
def debug_everywhere(tmp_path: Path) -> Path:
    """A site in which every service's config differs from the default one."""
    names = ("data1", "data2", "sentinel", "lab1", "east", "alpha5")
    return site.write(tmp_path / "inventory.py", hosts={name: {"debug_mode": True} for name in names})


@pytest.mark.usefixtures("settled")
def test_a_limit_to_a_group_leaves_the_others_alone(debug_everywhere: Path, node: NodeOf) -> None:
    before = {name: node(name).snapshot() for name in ("data1", "lab1", "east", "alpha5")}
    run = deploy("--limit", "sentinels", site=debug_everywhere)
    assert (run.code, run.changed()) == (0, {SWITCH_CANARIES: {"sentinel"}})
    assert "DEBUG" in node("sentinel").read("/home/ops/sentinel.yaml")
    assert {name: node(name).snapshot() for name in before} == before


def test_a_limit_that_matches_nothing_names_what_exists(lab: Lab) -> None:
    run = deploy("--limit", "sentinles")
    assert run.code == 1
    assert run.lines_with("sentinles") == [run.err.strip().splitlines()[-1]]
    assert "did you mean sentinels" in run.err
    assert "Traceback" not in run.err
    assert lab.running("sentinel")


def test_unknown_data_names_the_keys_and_models_that_exist() -> None:
    run = deploy("--data", "model=mobilenet_ssd", "--data", "models=mobilenet_sdd,haarcascades")
    assert run.code == 1
    assert "did you mean models" in run.lines_with("--data model:")[0]
    assert "did you mean mobilenet_ssd" in run.lines_with("mobilenet_sdd")[0]
    assert "Traceback" not in run.err


@pytest.mark.usefixtures("settled")
def test_data_models_moves_the_named_model(tmp_path: Path, node: NodeOf) -> None:
    variant = site.write(tmp_path / "inventory.py", versions={"haarcascades": "2026-05-01"})
    run = deploy("--limit", "sentinel", "--data", "models=haarcascades", site=variant)
    assert run.code == 0, run.err
    assert "haarcascades/2026-05-01" in node("sentinel").read("/home/ops/sentinel/tasks/FaceRecon.yaml")


@pytest.mark.usefixtures("settled")
def test_data_models_refuses_a_host_where_another_model_would_move_too(tmp_path: Path, node: NodeOf) -> None:
    variant = site.write(
        tmp_path / "inventory.py", versions={"haarcascades": "2026-05-01", "mobilenet_ssd": "2026-05-01"}
    )
    before = node("sentinel").snapshot()
    run = deploy("--data", "models=mobilenet_ssd", "--limit", "sentinel", "--limit", "lab1", site=variant)
    assert run.code == 1
    assert run.failed() == {"sentinel"}
    assert "haarcascades (2020-03-25 runs, 2026-05-01 is wanted)" in run.err
    assert node("sentinel").snapshot() == before
    assert "mobilenet_ssd/2026-05-01" in node("lab1").read("/home/ops/imagenode.yaml")


@pytest.mark.usefixtures("settled")
def test_the_dry_run_of_a_version_change_predicts_what_the_run_does(tmp_path: Path) -> None:
    variant = site.write(tmp_path / "inventory.py", versions={"mobilenet_ssd": "2026-05-01"})
    limits = ("--limit", "data1", "--limit", "lab1", "--limit", "alpha5")
    predicted = predict(*limits, site=variant).predicted()
    assert predicted == deploy(*limits, site=variant).changed()
    assert predicted[SWITCH_CANARIES] == {"lab1"}


def test_a_dry_run_changes_nothing(debug_everywhere: Path, node: NodeOf) -> None:
    before = {name: node(name).snapshot() for name in ("data1", "sentinel", "lab1")}
    assert predict(*(word for name in before for word in ("--limit", name)), site=debug_everywhere).code == 0
    assert {name: node(name).snapshot() for name in before} == before


def test_a_diff_shows_the_changed_lines(debug_everywhere: Path) -> None:
    run = pyinfra("deploys/configs.py", "--dry", "--diff", "--limit", "lab1", site=debug_everywhere)
    assert run.code == 0
    assert run.lines_with("/home/ops/imagenode.yaml")
    assert [line for line in run.err.splitlines() if line.strip().startswith("+") and "DEBUG" in line]
    assert [line for line in run.err.splitlines() if line.strip().startswith("-") and "INFO" in line]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("words", [["--serial"], pytest.param(["--parallel", "1"], marks=pytest.mark.long)])
def test_one_host_after_the_other_ends_the_same(debug_everywhere: Path, words: list[str], node: NodeOf) -> None:
    run = deploy(*words, "--limit", "data1", "--limit", "east", site=debug_everywhere)
    assert run.code == 0, run.err
    assert run.changed() == {SWITCH_CANARIES: {"data1", "east"}, COLLECT: {"data1"}}
    assert "DEBUG" in node("east").read("/home/ops/imagenode.yaml")


def test_without_a_terminal_an_unconfirmed_run_does_nothing(debug_everywhere: Path, node: NodeOf) -> None:
    before = node("lab1").snapshot()
    run = pyinfra("deploys/configs.py", "--limit", "lab1", site=debug_everywhere)
    assert run.code == 1
    assert "add -y to run" in run.err
    assert "Traceback" not in run.err
    assert node("lab1").snapshot() == before


def test_a_site_without_pins_is_refused_before_any_connection() -> None:
    run = pyinfra("deploys/models.py", "--dry", "--limit", "lab1", site=chandler.INVENTORY)
    assert run.code == 1
    assert "mobilenet_ssd/2020-12-06" in run.err
    assert "Connecting" not in run.err
    assert "Traceback" not in run.err
