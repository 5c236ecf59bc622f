"""A change and an undo are killed before each of their steps, and while git and pyinfra work for them.

Between one step and the next the disk stays as it is: a kill before the one stands for "after" the other.
"""

import signal
import subprocess
from pathlib import Path

import pytest

from modelctl.changes import journal
from tests.unit.modelctl.fake_changes import TEXT, WHAT, Stage, swapped
from tests.unit.modelctl.forks import make, run, steps, undo

KILL_MODELCTL = 'kill -9 "$(cat "$state/pid")"; exec sleep 30'
KILL_AT = {
    "begin": f"begin() {{ {KILL_MODELCTL}; }}",
    "middle": f'moved() {{ [ "$1" != data1 ] || {{ {KILL_MODELCTL}; }}; }}',
    "end": f"end() {{ {KILL_MODELCTL}; }}",
}
KILL_FROM_GIT = "sleep 0.01; kill -9 $(cat ../state/pid); exit 0"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage.build(tmp_path_factory.mktemp("kills") / "template")


@pytest.fixture(scope="module")
def killed_template(template: Stage, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A site whose change was killed when one of two hosts had moved."""
    stage = template.copy_to(tmp_path_factory.mktemp("killed") / "template")
    stage.act(KILL_AT["middle"])
    assert run(stage, make) == -signal.SIGKILL
    stage.act("")
    return stage


def copy_of_killed(killed: Stage, folder: Path) -> Stage:
    stage = killed.copy_to(folder)
    journal.write(stage.checkout, stage.change(old=TEXT, new=swapped(TEXT)))
    return stage


def check_known(stage: Stage) -> None:
    """A killed change is named, unless all agrees: on the old state or, after its last step, on the new one."""
    if journal.read(stage.checkout) is None:
        assert not stage.git("status", "--porcelain", "--untracked-files=no")
        assert set(stage.fleet().values()) == {stage.wanted()}


def check_undone(stage: Stage) -> None:
    assert run(stage, undo) == 0
    assert stage.is_as_first()


def test_a_change_killed_before_each_step(template: Stage, tmp_path: Path) -> None:
    whole = template.copy_to(tmp_path / "whole")
    assert run(whole, make) == 0
    assert (whole.log(), steps(whole)) == ([WHAT], ["replace", "replace", "run", "Popen", "unlink"])
    for number in range(len(steps(whole))):
        stage = template.copy_to(tmp_path / str(number))
        assert run(stage, make, number) == -signal.SIGKILL
        check_known(stage)
        if stage.log() == [WHAT] and journal.read(stage.checkout) is None:
            continue  # it had ended
        check_undone(stage)


@pytest.mark.parametrize("point", KILL_AT)
def test_a_change_killed_while_pyinfra_works(template: Stage, tmp_path: Path, point: str) -> None:
    stage = template.copy_to(tmp_path / "site")
    stage.act(KILL_AT[point])
    assert run(stage, make) == -signal.SIGKILL
    assert journal.read(stage.checkout) is not None
    stage.act("")
    check_undone(stage)
    assert run(stage, undo) == 0
    assert stage.is_as_first()
    assert stage.log() == [f"Undo: {WHAT}", WHAT]


@pytest.mark.parametrize("hook", ["pre-commit", "post-commit"])
def test_a_change_killed_while_git_commits(template: Stage, tmp_path: Path, hook: str) -> None:
    stage = template.copy_to(tmp_path / "site")
    stage.hook(hook, KILL_FROM_GIT)
    assert run(stage, make) == -signal.SIGKILL
    assert journal.read(stage.checkout) is not None
    wait_for_git(stage)
    (stage.folder / ".git" / "hooks" / hook).unlink()
    check_undone(stage)


def test_a_power_cut_between_head_and_index(template: Stage, tmp_path: Path) -> None:
    stage = template.copy_to(tmp_path / "site")
    stage.hook("reference-transaction", '[ "$1" != committed ] || { kill -9 $(cat ../state/pid) $PPID; }')
    assert run(stage, make) == -signal.SIGKILL
    (stage.folder / ".git" / "hooks" / "reference-transaction").unlink()
    lock = stage.folder / ".git" / "index.lock"
    assert lock.exists()
    assert run(stage, undo) == 1
    assert journal.read(stage.checkout) is not None
    lock.unlink()
    check_undone(stage)


def wait_for_git(stage: Stage) -> None:
    """A git that outlived the killed change ends by itself."""
    for _ in range(500):
        if not (stage.folder / ".git" / "index.lock").exists():
            return
        subprocess.run(["sleep", "0.01"], check=True)
    raise AssertionError("git does not end")


def test_an_undo_killed_before_each_step(killed_template: Stage, tmp_path: Path) -> None:
    whole = copy_of_killed(killed_template, tmp_path / "whole")
    assert run(whole, undo) == 0
    assert whole.is_as_first()
    assert steps(whole) == ["replace", "run", "Popen", "unlink"]
    for number in range(len(steps(whole))):
        stage = copy_of_killed(killed_template, tmp_path / str(number))
        assert run(stage, undo, number) == -signal.SIGKILL
        check_known(stage)
        check_undone(stage)
        assert len(stage.log()) == 2


@pytest.mark.parametrize("point", KILL_AT)
def test_an_undo_killed_while_pyinfra_works(killed_template: Stage, tmp_path: Path, point: str) -> None:
    stage = copy_of_killed(killed_template, tmp_path / "site")
    stage.act(KILL_AT[point])
    assert run(stage, undo) == -signal.SIGKILL
    assert journal.read(stage.checkout) is not None
    stage.act("")
    check_undone(stage)


def test_pyinfra_does_not_outlive_a_killed_change(template: Stage, tmp_path: Path) -> None:
    stage = template.copy_to(tmp_path / "site")
    stage.act('begin() { echo $$ >"$state/pyinfra"; kill -9 "$(cat "$state/pid")"; exec sleep 30; }')
    assert run(stage, make) == -signal.SIGKILL
    stat = Path("/proc") / (stage.state / "pyinfra").read_text().strip() / "stat"
    for _ in range(200):
        if not stat.exists() or ") Z " in stat.read_text():
            return
        subprocess.run(["sleep", "0.01"], check=True)
    raise AssertionError("pyinfra lives on")
