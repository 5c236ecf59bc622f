"""The sweep, killed at each of its changes to the disk: its next run ends it, and each removal has one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from node import layout
from node.registry.sweep import freed_by
from node.store import files
from tests.unit.node.disks import Disk, Killed
from tests.unit.node.places import at, tree
from tests.unit.node.registry import sweeping
from tests.unit.node.registry.sweeping import BOTH, NOTHING_DUE, Depot, lines, remember, remembered, store, sweep, tell

Begin = Callable[[], Depot]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Makes a registry, with two versions that are due and two that are not, in a folder of its own."""
    made: list[Path] = []

    def make() -> Depot:
        root = tmp_path / str(len(made))
        made.append(root)
        monkeypatch.setattr("node.layout.STATE", root / "state")
        depot = sweeping.make(root)
        folders = [store(depot, version) for version in ("2019-01-01", "2019-01-02", "2019-01-03", "2019-01-04")]
        (folders[0] / "more").mkdir()
        (folders[0] / "more" / "c.bin").write_bytes(b"3" * 30)
        tell("cats/2019-01-03")
        remember(depot, *BOTH)
        return depot

    return make


def run(depot: Depot, monkeypatch: pytest.MonkeyPatch, kill_at: str = "") -> Disk:
    """Run the sweep; `kill_at` names the change that it is killed at."""
    disk = Disk(depot.registry.parent)
    disk.begin(kill_at)
    monkeypatch.setattr(files, "observer", disk)
    try:
        assert sweep(depot) == []
    except Killed:
        assert kill_at
    finally:
        monkeypatch.setattr(files, "observer", lambda *_: None)
    return disk


@pytest.mark.parametrize("is_power_cut", [False, True])
def test_killed_anywhere(begin: Begin, monkeypatch: pytest.MonkeyPatch, is_power_cut: bool) -> None:
    undisturbed = begin()
    sizes = {name: freed_by(undisturbed.registry / "cats" / name) for name in whole(undisturbed)}
    points = run(undisturbed, monkeypatch).points
    expected = removals(undisturbed), tree(undisturbed.registry), counted(undisturbed)
    assert [line.split()[2] for line in expected[0]] == [str(sizes[name]) for name in sorted(sizes)[:2]]
    assert len(points.states) > 20
    for point in [*points.states, *(points.flushes if is_power_cut else [])]:
        with at(point):
            depot = begin()
            needed = tree(layout.roots())
            disk = run(depot, monkeypatch, point)
            if is_power_cut:
                disk.tear()
            for name in whole(depot):
                assert freed_by(depot.registry / "cats" / name) == sizes[name]
            run(depot, monkeypatch)
            assert (removals(depot), tree(depot.registry), counted(depot)) == expected
            assert tree(layout.roots()) == needed
            assert not list((depot.registry / "cats").glob(".*"))


def test_what_is_stored_anew_after_a_kill_is_counted_anew(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    for point in run(begin(), monkeypatch).points.states:
        with at(point):
            depot = begin()
            run(depot, monkeypatch, point)
            gone = {"2019-01-01", "2019-01-02"} - whole(depot)
            folders = [store(depot, name) for name in gone]
            run(depot, monkeypatch)
            assert all(folder.exists() for folder in folders)
            assert not list((depot.registry / "cats").glob(".*"))


def whole(depot: Depot) -> set[str]:
    """The versions that are there."""
    return {path.name for path in (depot.registry / "cats").iterdir() if not path.name.startswith(".")}


def removals(depot: Depot) -> list[str]:
    """What the log says was removed and since when, but for a line that a power cut tore."""
    found = [line.partition(";")[0] for line in lines(depot) if "\0" not in line and line != NOTHING_DUE]
    return sorted(found)


def counted(depot: Depot) -> list[str]:
    """What is remembered for the next sweep; nothing is going any more."""
    assert remembered().going == {}
    assert remembered().at == depot.moment
    return sorted(remembered().counts)
