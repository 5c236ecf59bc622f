"""The clean-up, killed at each of its changes to the disk: its next run ends it, and each removal has one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from node.registry import delete_list, prune_registry
from node.registry.prune_registry import Place
from node.store import files
from tests.unit.node.disks import Disk, Killed
from tests.unit.node.places import at, tree
from tests.unit.node.registry.test_prune_registry import FUTURE, NOW, entry, lines, store, write

Begin = Callable[[], Place]


@pytest.fixture
def begin(memory: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Makes a registry, with two versions that are due and one that is not, in a folder of its own."""
    made: list[Path] = []

    def make() -> Place:
        root = memory / str(len(made))
        made.append(root)
        depot = Place(root / "registry", root / "logs" / "model_cleanup.log")
        for folder in depot:
            (folder if folder is depot.registry else folder.parent).mkdir(parents=True)
        folders = [store(depot, version) for version in ("2019-01-01", "2019-01-02", "2019-01-03")]
        (folders[0] / "more").mkdir()
        (folders[0] / "more" / "c.bin").write_bytes(b"3" * 30)
        monkeypatch.setattr("node.layout.STATE", root / "state")
        write(entry(folders[0]), entry(folders[1]), entry(folders[2], due=FUTURE))
        return depot

    return make


def run(depot: Place, monkeypatch: pytest.MonkeyPatch, kill_at: str = "") -> Disk:
    """Run the clean-up; `kill_at` names the change that it is killed at."""
    disk = Disk(depot.registry.parent)
    disk.begin(kill_at)
    monkeypatch.setattr(files, "observer", disk)
    try:
        prune_registry.clean(depot, NOW)
    except Killed:
        assert kill_at
    finally:
        monkeypatch.setattr(files, "observer", lambda *_: None)
    return disk


@pytest.mark.parametrize("is_power_cut", [False, True])
def test_killed_anywhere(begin: Begin, monkeypatch: pytest.MonkeyPatch, is_power_cut: bool) -> None:
    undisturbed = begin()
    points = run(undisturbed, monkeypatch).points
    expected = lines(undisturbed), tree(undisturbed.registry)
    assert len(expected[0]) == 2
    assert len(points.all) > 40
    for point in points.all:
        with at(point):
            depot = begin()
            listed = {each.label: each.bytes for each in delete_list.read()}
            disk = run(depot, monkeypatch, point)
            if is_power_cut:
                disk.tear()
            whole = {path.name for path in (depot.registry / "cats").iterdir() if not path.name.startswith(".")}
            for name in whole:
                assert prune_registry.freed_by(depot.registry / "cats" / name) == listed["cats/" + name]
            run(depot, monkeypatch)
            assert (read(depot), tree(depot.registry)) == expected


def read(depot: Place) -> list[str]:
    """The lines of the log, but for one that a power cut tore."""
    return [line for line in lines(depot) if "\0" not in line]
