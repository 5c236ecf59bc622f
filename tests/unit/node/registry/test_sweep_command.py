"""The sweep as its unit starts it, the clock that it is told, and the dry run, which says just what it then does."""

import errno
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from node import cli, codec, dispatch, layout
from node.machine import clock, commands, processes
from node.protocol.retention import AskRetention, Moment, Retention
from node.registry import sweep as sweeping_program
from node.store import pending_switch
from tests.unit.node.places import USER, tree, uid
from tests.unit.node.registry import sweeping, test_sweep
from tests.unit.node.registry.sweeping import BOTH, Depot, lines, remember, removed, replace, store, sweep, tell

depot, due = test_sweep.depot, test_sweep.due


@pytest.fixture
def noted(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> Depot:
    """The clock was noted just now."""
    monkeypatch.setattr(clock, "look", lambda: depot.moment)
    monkeypatch.setattr(processes, "now", lambda: depot.moment.uptime)
    sweeping_program.note_clock()
    return depot


def started(depot: Depot) -> int:
    return cli.main(["sweep", str(depot.registry), str(depot.log)])


def test_the_exit_code_tells_that_one_stayed(
    noted: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = due[0].name
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, _, dir_fd: dir_fd and path != name)
        assert started(noted) == 1
    said = capsys.readouterr()
    assert said.err == f"{due[0]}: not writable for the clean-up's user; chown it and run again\n"
    assert said.out.splitlines() == lines(noted)
    assert started(noted) == 0
    assert not any(folder.exists() for folder in due)


def test_it_needs_no_root_and_nothing_else_does_without(
    noted: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid())
    for name in set(dispatch.COMMANDS) - set(cli.WITHOUT_ROOT):
        assert cli.main([name]) == 1
        assert "needs root" in capsys.readouterr().err
    for path in (noted.log.parent, layout.sweeps().parent, *(noted.registry, *noted.registry.rglob("*"))):
        os.chown(path, uid(), -1)
    assert started(noted) == 0
    assert not any(folder.exists() for folder in due)


def test_it_gives_no_file_away(noted: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its unit refuses chown(2) and its kin, of a file to its own owner too: they are among systemd's @privileged."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    os.chown(noted.log.parent, uid(), -1)
    for name in ("chown", "fchown", "lchown"):
        monkeypatch.setattr(os, name, refuse)
    assert started(noted) == 0
    assert not any(folder.exists() for folder in due)


def test_what_the_clock_showed_is_noted_for_all_to_read(noted: Depot) -> None:
    assert codec.decode(Moment, json.loads(layout.clock().read_text())) == noted.moment
    assert (layout.clock().stat().st_uid, layout.clock().stat().st_mode & 0o777) == (0, 0o644)


@pytest.mark.parametrize(("said", "is_synchronised"), [("yes\n", True), ("no\n", False), ("", False), ("YES\n", False)])
def test_the_clock_is_as_synchronised_as_systemd_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, is_synchronised: bool
) -> None:
    (tmp_path / "boot_id").write_text("boot 7\n")
    monkeypatch.setattr(pending_switch, "BOOT_ID", tmp_path / "boot_id")
    monkeypatch.setattr(commands, "run", lambda *_: SimpleNamespace(returncode=0, stdout=said, stderr=""))
    found = clock.look()
    assert (found.boot, found.is_synchronised) == ("boot 7", is_synchronised)
    assert abs(found.uptime - processes.now()) < 60


def test_without_a_synchronised_clock_nothing_goes_and_nothing_is_counted(
    noted: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "look", lambda: noted.moment._replace(is_synchronised=False))
    sweeping_program.note_clock()
    assert started(noted) == 0
    assert all(folder.exists() for folder in due)
    assert lines(noted) == ["nothing is removed: the clock is not synchronised, so no time is counted: timedatectl"]
    assert sweeping.remembered().counts == {}


@pytest.mark.parametrize(("passed", "is_old"), [(0, False), (600, False), (601, True), (-1, True)])
def test_a_clock_that_was_noted_long_ago_is_none(
    noted: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch, passed: float, is_old: bool
) -> None:
    """The unit has it noted anew each time: an old one is that of another start, or of another boot."""
    monkeypatch.setattr(processes, "now", lambda: noted.moment.uptime + passed)
    assert started(noted) == is_old
    assert [folder.exists() for folder in due] == [is_old, is_old]


REMEDIES = (
    "; start the unit, which has it written anew: systemctl start model_cleanup\n",
    "move it away and run again\n",
)


@pytest.mark.parametrize("kind", ["none", "folder", "fifo", "link", "huge", "", "now", "[]", "{}"])
def test_a_clock_that_cannot_be_read_is_told_of(
    noted: Depot, due: list[Path], capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = layout.clock()
    replace(path, kind)
    assert started(noted) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{path}: ")
    assert said.endswith(REMEDIES)
    assert said.count(str(path)) == 1
    assert len(said.splitlines()) == 1
    assert all(folder.exists() for folder in due)


def look(depot: Depot) -> Retention:
    return sweeping_program.look(AskRetention(depot.registry, USER))


def used(folder: Path) -> int:
    """The bytes of all files, each counted once."""
    found = {path.stat().st_ino: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    return sum(found.values())


def test_the_dry_run_says_just_what_the_sweep_then_does(noted: Depot, due: list[Path]) -> None:
    """The same versions, and the bytes that the registry then lacks."""
    other = store(noted, "2019-01-03", {"a.bin": b"1" * 100, "b.bin": b"2" * 10})
    (noted.registry / "kept.bin").hardlink_to(other / "a.bin")
    (other / "more").mkdir()
    (other / "more" / "c.bin").write_bytes(b"3" * 7)
    store(noted, "2019-01-04")
    store(noted, "2019-01-05")
    tell("cats/2019-01-04")
    remember(noted, *BOTH, "cats/2019-01-03")
    expected = [removed(noted, folder) for folder in (*due, other)]
    before = tree(noted.registry), layout.sweeps().read_bytes()
    found = look(noted)
    assert (tree(noted.registry), layout.sweeps().read_bytes()) == before
    assert not noted.log.exists()
    assert [each.line for each in found.due] == expected
    assert [each.label for each in found.unneeded] == [*BOTH, "cats/2019-01-03", "cats/2019-01-05"]
    assert list(found.kept) == ["cats/2019-01-04"]
    size = used(noted.registry)
    assert sweep(noted) == []
    assert lines(noted) == expected
    assert sum(each.bytes for each in found.due) == size - used(noted.registry)
    assert codec.decode(Retention, json.loads(json.dumps(codec.encode(found)))) == found


def test_the_dry_run_tells_what_an_earlier_sweep_has_begun(noted: Depot, due: list[Path]) -> None:
    """Also what it cannot read."""
    begun, unreadable = (folder.rename(folder.with_name(layout.RETIRED + folder.name)) for folder in due)
    locked = unreadable / "locked"
    locked.mkdir(mode=0)
    before = used(begun)
    found = look(noted)
    assert found.going == {BOTH[0]: before}
    assert found.unreadable[BOTH[1]] == f"{unreadable}: Permission denied"
    shutil.rmtree(unreadable)
    assert used(noted.registry) == before
    sweep(noted)
    assert used(noted.registry) == 0


def test_the_dry_run_of_a_held_sweep_says_why(noted: Depot, due: list[Path]) -> None:
    tell(hosts=["lab1", "lab2"])
    found = look(noted)
    assert (found.due, found.unneeded) == ([], [])
    sweep(noted)
    assert lines(noted) == [f"nothing is removed: {found.held}"]
    assert len(found.sizes) == len(due)


def test_the_dry_run_sees_a_version_that_came_again_as_the_sweep_does(noted: Depot, due: list[Path]) -> None:
    store(noted, ".retired-2019-01-01")
    found = look(noted)
    assert [each.label for each in found.due] == ["cats/2019-01-02"]
    assert sweep(noted) == []
    assert [folder.exists() for folder in due] == [True, False]


def test_the_dry_run_has_its_sweepers_rights(noted: Depot, due: list[Path]) -> None:
    """What the sweep cannot read it does not know."""
    due[0].chmod(0o700)
    found = look(noted)
    assert list(found.unreadable) == ["cats/2019-01-01"]
    assert [each.label for each in found.due] == ["cats/2019-01-02"]


def test_the_dry_run_of_damaged_roots_says_which(noted: Depot, due: list[Path]) -> None:
    (layout.roots() / "hosts" / "lab1.json").write_text("{")
    assert (look(noted).held or "").startswith(f"{layout.roots()}/hosts/lab1.json: damaged (")
    assert due[0].exists()
