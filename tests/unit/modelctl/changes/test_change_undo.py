"""Taking a change back, and telling of one that has not ended."""

from dataclasses import replace
from pathlib import Path

import pytest

from modelctl.changes import change, journal
from modelctl.errors import OperatorError
from modelctl.inventory_file import load
from tests.unit.modelctl.fake_changes import NEW, OLD, WHAT, FakeHosts, Stage, use


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site é 1")


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


def undo(stage: Stage) -> str:
    begun = journal.read(stage.checkout)
    assert begun is not None
    return change.undo(stage.checkout, begun)


def test_a_change_that_moves_no_host_deploys_nothing(stage: Stage) -> None:
    journal.write(stage.checkout, stage.change(hosts=()))
    assert undo(stage) == "the edit is undone"
    assert (stage.runs(), journal.read(stage.checkout)) == ([], None)


def test_hosts_that_left_the_site_are_nobody_s_business(stage: Stage, hosts: FakeHosts) -> None:
    journal.write(stage.checkout, stage.change(hosts=("gone", "data1")))
    undo(stage)
    assert [word for word in stage.runs()[0] if word in ("gone", "data1")] == ["data1"]
    assert [host for host, _ in hosts.asked] == ["data1"]


def test_what_a_site_needs_before_a_connection_is_done_before_hosts_are_asked(stage: Stage) -> None:
    """Else it would not wait for their switches."""
    connected = stage.folder / ".deploy.connected"
    with stage.inventory.open("a") as file:
        file.write(f"\n_connect = Path({str(connected)!r}).touch\n")
    journal.write(stage.checkout, stage.change())
    undo(stage)
    assert connected.exists()


def test_switches_that_were_left_alone_are_waited_for(
    stage: Stage, hosts: FakeHosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "PAUSE", 0.001)
    pending = {"time": "t", "operator": "o", "purpose": "p", "from": None, "to": "a" * 64, "running": True}
    service: dict[str, object] = {
        "chosen": None, "active": True, "live": None, "models": {}, "health": None, "drift": [], "last": None,
    }  # fmt: skip
    states = [{"datapump": {**service, "pending": each}} for each in (pending, pending, {**pending, "running": False})]
    hosts.statuses["data1"] = list(states)
    journal.write(stage.checkout, stage.change())
    undo(stage)
    assert [host for host, _ in hosts.asked].count("data1") == 3
    monkeypatch.setattr(change, "SWITCH_SECONDS", 0)
    hosts.statuses["data1"] = list(states)
    journal.write(stage.checkout, stage.change())
    undo(stage)
    assert len(hosts.statuses["data1"]) == 2


def test_line_ends_that_git_converts(stage: Stage) -> None:
    (stage.folder / ".gitattributes").write_text("*.py text eol=crlf\n")
    stage.git("add", "--all")
    stage.git("commit", "--quiet", "--message", "ends")
    stage.git("rm", "-r", "--quiet", "--cached", ".")
    stage.git("reset", "--quiet", "--hard")
    assert b"\r\n" in stage.registry.read_bytes()
    old = stage.registry.read_bytes().decode()
    swapped = old.replace(NEW, OLD)
    journal.write(stage.checkout, stage.change(old=old, new=swapped))
    assert undo(stage).startswith("the edit is undone, and")


def test_what_was_staged_of_an_edit_without_a_commit_goes(stage: Stage) -> None:
    journal.write(stage.checkout, stage.change())
    stage.registry.write_text(stage.change().new)
    stage.git("add", "--all")
    assert undo(stage).startswith("the edit is undone, and")
    assert stage.is_as_first()


def test_what_a_killed_write_left_goes(stage: Stage) -> None:
    (stage.registry.parent / ".registry.py.x1.unfinished").touch()
    (stage.registry.parent / ".registry.py.swp").touch()
    journal.write(stage.checkout, stage.change())
    undo(stage)
    assert [path.name for path in stage.registry.parent.glob(".*")] == [".registry.py.swp"]


def test_the_command_that_ends_it_is_one_for_here(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    change.require_none(stage.checkout)
    journal.write(stage.checkout, stage.change())
    line = f"{stage.folder}: a change has not ended: {WHAT} (anna@ramrod, 2026-11-23T03:00:00Z); end it first: "
    with pytest.raises(OperatorError) as caught:
        change.require_none(stage.checkout)
    assert str(caught.value) == f"{line}modelctl undo"
    monkeypatch.chdir("/")
    with pytest.raises(OperatorError) as caught:
        change.require_none(stage.checkout)
    assert str(caught.value) == f"{line}modelctl undo --site '{stage.inventory}'"


def test_a_change_that_has_not_ended_is_told_of(stage: Stage, tmp_path: Path) -> None:
    inventory = load(stage.inventory)
    assert change.unfinished(replace(inventory, values={})) is None
    assert change.unfinished(replace(inventory, values={"_SOURCES": tmp_path})) is None  # no checkout
    assert change.unfinished(inventory) is None
    journal.write(stage.checkout, stage.change())
    begun = f"{WHAT} (anna@ramrod, 2026-11-23T03:00:00Z)"
    assert change.unfinished(inventory) == f"a change has not ended: {begun}; end it: modelctl undo"
    with journal.locked(stage.checkout):
        assert change.unfinished(inventory) == f"a change is being made: {begun}"
