"""The writing of roots, killed at each of its changes to the disk: each file is the old or the new one."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from node import layout
from node.protocol.retention import AddRoots, Clone, HostReferences
from node.registry import roots
from node.store import files, history
from tests.unit.node.disks import Disk
from tests.unit.node.places import at, tree
from tests.unit.node.registry.sweeping import CLONE, tell


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    now = history.now()
    monkeypatch.setattr(history, "now", lambda: now)


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], Disk]:
    """Makes a state folder of its own, with roots of an earlier run or without."""
    made: list[Path] = []

    def make(with_roots: bool) -> Disk:
        root = tmp_path / str(len(made))
        made.append(root)
        (root / "lib").mkdir(parents=True)
        monkeypatch.setattr(layout, "STATE", root / "lib" / "state")
        monkeypatch.setattr(files, "observer", lambda *_: None)
        if with_roots:
            tell("cats/2019-01-01", lab1=["cats/2019-01-01", "dogs/2019-01-01"])
        disk = Disk(root)
        monkeypatch.setattr(files, "observer", disk)
        return disk

    return make


def add_roots(has_told: bool) -> None:
    """The clone moves on; so does one host, another is new."""
    hosts = {
        "lab1": HostReferences({"cats/2019-01-02": "wanted", "cats/2019-01-01": "in a set"}, is_complete=True),
        "east": HostReferences({"cats/2019-01-02": "wanted"}, is_complete=True),
    }
    roots.add(
        AddRoots(Clone(CLONE, {"cats/2019-01-02": "current"}, ["lab1", "east"], 3, has_told), hosts, "anna@ramrod")
    )


def written() -> dict[str, bytes]:
    """The files that count."""
    found = tree(layout.roots()) if layout.roots().exists() else {}
    return {name: content for name, content in found.items() if not Path(name).name.startswith(".")}


@pytest.mark.parametrize(("with_roots", "has_told"), [(False, False), (False, True), (True, True)])
@pytest.mark.parametrize("is_power_cut", [False, True])
def test_killed_anywhere(begin: Callable[[bool], Disk], with_roots: bool, has_told: bool, is_power_cut: bool) -> None:
    add = partial(add_roots, has_told)
    undisturbed = begin(with_roots)
    old = written()
    points = undisturbed.run(add)
    new = written()
    assert len(new) == (4 if has_told and not with_roots else 3)
    for point in points.all:
        with at(point):
            disk = begin(with_roots)
            disk.run(add, point)
            if is_power_cut:
                disk.tear()
            require_old_or_new(old, new)
            disk.run(add)
            assert written() == new
            assert tree(layout.roots()) == new


def require_old_or_new(old: dict[str, bytes], new: dict[str, bytes]) -> None:
    """The clone's comes first: whoever is to keep what a host is about to get knows it before the host does."""
    found = written()
    for name in {*new, *found}:
        assert found.get(name) in (old.get(name), new[name])
    read = roots.read()
    lost = "lost.json" in found
    assert (len(read.clones) + len(read.hosts) + lost, read.restored) == (len(found), {})
    assert lost or "lost.json" not in new or found == old, "else nobody would ever know"
    if any(found.get(name) != old.get(name) for name in new if name.startswith("hosts/")):
        assert all(found[name] == new[name] for name in new if name.startswith("clones/"))
