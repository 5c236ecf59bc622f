"""`modelctl undo`."""

from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.changes import journal
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote
from tests.unit.modelctl.fake_changes import FAIL, WHAT, FakeHosts, Stage, service, use

LEFT = f"{WHAT} (anna@ramrod, 2026-11-23T03:00:00Z): not ended; it moves data1, sentinel\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """One whose change was killed in the midst of its deploy."""
    stage = Stage.build(tmp_path / "site é 1")
    begun = stage.change()
    journal.write(stage.checkout, begun)
    stage.registry.write_text(begun.new)
    stage.git("commit", "--quiet", "--all", "--message", WHAT)
    (stage.state / "fleet" / "data1").write_text(stage.wanted())
    return stage


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


def undo(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["undo", *words], catch_exceptions=False)


def test_it_takes_a_killed_change_back(stage: Stage) -> None:
    result = undo("--yes")
    commit = stage.git("rev-parse", "HEAD")[:12]
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"{LEFT}{WHAT}: the edit is undone by commit {commit}, and data1, sentinel run what they ran before\n"
    )
    assert stage.is_as_first()
    assert stage.git("log", "-1", "--format=%B").strip() == (
        f"Undo: {WHAT}\n\nIts deploy did not go well, or was stopped."
    )
    again = undo("--yes")
    assert (again.exit_code, again.stdout) == (0, f"{stage.folder}: no change is unfinished\n")


def test_without_a_terminal_and_without_yes_nothing_is_done(stage: Stage) -> None:
    result = undo()
    assert (result.exit_code, result.stdout) == (1, LEFT)
    assert result.stderr == "no terminal to ask at, nothing was undone; without a question: --yes\n"
    assert (stage.log(), stage.runs()) == ([WHAT], [])


def test_hosts_that_do_not_come_back_are_an_error(stage: Stage) -> None:
    stage.act(FAIL)
    result = undo("--yes")
    commit = stage.git("rev-parse", "HEAD")[:12]
    assert (result.exit_code, result.stdout) == (1, LEFT)
    assert result.stderr == (
        f"the edit is undone by commit {commit}, but not all of data1, sentinel are known to run what they ran "
        "before; see which: modelctl status\n"
    )
    assert journal.read(stage.checkout) is None


class TestNewer:
    """H11: a newer checkout has switched a host meanwhile."""

    @pytest.fixture(autouse=True)
    def _newer(self, hosts: FakeHosts) -> None:
        hosts.statuses = {"sentinel": [service("sentinel", chosen="ab" * 32, commit="1" * 40)] * 9}

    def test_it_is_refused_before_anything_is_undone(self, stage: Stage) -> None:
        """H11."""
        result = undo("--yes")
        assert (result.exit_code, stage.log(), stage.runs()) == (1, [WHAT], [])
        assert result.stderr == (
            f"sentinel: sentinel was switched by commit {'1' * 12}, which this checkout does not contain; git pull, "
            "or allow it with --older sentinel; nothing was committed\n"
        )
        assert journal.read(stage.checkout) is not None

    def test_what_the_operator_allows_the_deploy_is_told(self, stage: Stage) -> None:
        """H11."""
        assert undo("--yes", "--older", "sentinel").exit_code == 0
        assert stage.runs()[0][-2:] == ["--data", "older=sentinel"]

    def test_what_was_allowed_when_it_began_holds(self, stage: Stage) -> None:
        """H11."""
        begun = journal.read(stage.checkout)
        assert begun is not None
        journal.write(stage.checkout, replace(begun, older=("sentinel",)))
        assert undo("--yes").exit_code == 0
        assert stage.runs()[0][-2:] == ["--data", "older=sentinel"]

    def test_a_host_that_is_unreachable_is_no_obstacle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """H11."""

        def away(_: Fleet, host: str, *__: object) -> Never:
            raise remote.NoAnswer(f"{host} is away")

        monkeypatch.setattr(remote, "run", away)
        assert undo("--yes").exit_code == 0


def test_one_that_moves_no_host(stage: Stage) -> None:
    begun = journal.read(stage.checkout)
    assert begun is not None
    journal.write(stage.checkout, stage.change(old=begun.old, new=begun.new, hosts=()))
    result = undo("--yes")
    assert result.stdout.splitlines()[0] == LEFT.strip().replace("data1, sentinel", "no host")
    assert result.stdout.endswith(f"by commit {stage.git('rev-parse', 'HEAD')[:12]}\n")
    assert stage.runs() == []


def test_two_at_once(stage: Stage) -> None:
    with journal.locked(stage.checkout):
        result = undo("--yes")
    expected = f"{stage.folder}: another change is being made: {WHAT} (anna@ramrod, 2026-11-23T03:00:00Z)"
    assert (result.exit_code, result.stderr) == (1, f"{expected}; wait for it and run again\n")
    assert stage.runs() == []


def test_a_site_whose_inventory_is_in_another_checkout(stage: Stage, tmp_path: Path) -> None:
    """It looks where the change began: in the checkout of the registry.py that the inventory file names."""
    site = tmp_path / "inventory.py"
    text = stage.inventory.read_text()
    site.write_text(text.replace('Path(__file__).parent / "inventory"', f"Path({str(stage.registry.parent)!r})"))
    assert undo("--yes", "--site", str(site)).exit_code == 0
    assert stage.is_as_first()


def test_a_site_that_is_not_there() -> None:
    result = undo("--yes", "--site", "gone/inventory.py")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("gone/inventory.py: no such file; ")
