"""A pull is killed at every change to the disk, and the power cut there: no version that can be seen is incomplete."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from node import layout
from node.desired_state import DesiredState, Version
from node.pull import pull
from node.store import checksum_cache, files, versions
from node.store.disk import sha256 as sha256_of
from tests.unit.node import rsyncs
from tests.unit.node.copies import let_checksums_follow
from tests.unit.node.disks import Disk
from tests.unit.node.places import Place, is_linked_twice, tree, uid
from tests.unit.node.simulated import quicken

DATA = {"list.csv": b"as it came", "cats.bin": b"meow" * 1000}


@dataclass(frozen=True)
class Story:
    """A pull that is about to begin, and what the registry's versions hold."""

    place: Place
    disk: Disk
    wanted: list[Version]

    @property
    def desired(self) -> DesiredState:
        return self.place.desired(*self.wanted)

    def pull(self) -> None:
        pull.pull(self.desired)


Tell = Callable[[Place, Disk], Story]


def two_versions(place: Place, disk: Disk) -> Story:
    """One of them shares a file with a version that is there."""
    old = place.held("cats", "2025-01-01", DATA, linked={"list.csv"})
    versions.record(old)
    (old.directory / "list.csv").write_bytes(b"what the node has gathered")
    cats = place.stored("cats", "2026-02-02", {**DATA, "more.bin": b"purr" * 1000}, linked={"list.csv"})
    return Story(place, disk, [old, cats, place.stored("dogs", "2026-01-01", {"dogs.bin": b"woof" * 1000})])


def damaged_version(place: Place, disk: Disk) -> Story:
    """A file is damaged, one is missing, so is a linked one; another linked one is the node's own."""
    contents = {**DATA, "more.bin": b"purr" * 1000, "data.hdf5": b"also linked"}
    cats = place.held("cats", "2026-02-02", contents, linked={"list.csv", "data.hdf5"})
    (cats.directory / "list.csv").write_bytes(b"what the node has gathered")
    (cats.directory / "cats.bin").write_bytes(b"damaged")
    (cats.directory / "note-of-mine.txt").write_text("mine")
    for name in ("more.bin", "data.hdf5"):
        (cats.directory / name).unlink()
    return Story(place, disk, [cats])


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """That of a node and its registry."""
    root = tmp_path / "node"
    root.mkdir()
    disk = Disk(root)
    quicken(monkeypatch)
    monkeypatch.setattr(files, "observer", disk)
    let_checksums_follow(monkeypatch)
    monkeypatch.setattr(layout, "STATE", root / "state")
    return disk


@pytest.fixture(params=[rsyncs.plain, pytest.param(rsyncs.real, marks=pytest.mark.long)])
def begin(request: pytest.FixtureRequest, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Callable[[Tell], Story]:
    """Begin a story on the node."""
    monkeypatch.setattr(subprocess, "Popen", request.param(disk))
    return lambda tell: tell(Place(disk.root), disk)


def check(story: Story, before: dict[str, bytes]) -> None:
    """Right after the kill: what can be seen of a version is whole. `before` is what was there."""
    seen = tree(story.place.models)
    for version in story.wanted:
        prefix = f"{version.model}/{version.version}/"
        expected = tree(story.place.registry / version.model / version.version)
        if not any(name.startswith(prefix) for name in before):
            assert {name for name in seen if name.startswith(prefix)} in (set(), {prefix + name for name in expected})
            if version.directory.exists():  # who finds it there does not give it to its owner any more
                found = version.directory.stat()
                assert (found.st_uid, found.st_mode & 0o777) == (uid(), 0o755)
        for name, content in expected.items():
            if prefix + name in seen:
                assert seen[prefix + name] in (content, before.get(prefix + name))
            if checksum_cache.holds(version.directory / name, sha256_of(story.place.registry / prefix / name)):
                assert seen[prefix + name] == content
    assert {name for name in before if name not in seen} == set()


def check_repeated(story: Story, before: dict[str, bytes]) -> None:
    """Pulled again, all is there. Where nothing was left to pull, neither is staging cleaned: the next pull does it."""
    story.pull()
    assert all(versions.is_verified(version) for version in story.wanted)
    seen = tree(story.place.models)
    for name in [name for name in seen if not name.startswith(layout.STAGING)]:
        own = before.get(name) if name.endswith(("list.csv", "mine.txt")) else None
        assert seen[name] == (own or (story.place.registry / name).read_bytes())


@pytest.mark.parametrize("tell", [two_versions, damaged_version])
def test_a_pull_killed_at_any_point(begin: Callable[[Tell], Story], tell: Tell) -> None:
    story = begin(tell)
    before = tree(story.place.models)

    def aftermath() -> None:
        check(story, before)
        check_repeated(story, before)

    story.disk.run(story.pull, at_change=aftermath)


@pytest.mark.parametrize("tell", [two_versions, damaged_version])
def test_a_power_cut_at_any_point_of_a_pull(begin: Callable[[Tell], Story], tell: Tell) -> None:
    story = begin(tell)
    before = tree(story.place.models)

    def aftermath() -> None:
        story.disk.tear()
        check(story, before)
        check_repeated(story, before)

    story.disk.run(story.pull, at_change=aftermath, at_flush=aftermath)


def test_what_is_shared_is_still_shared_after_a_kill(begin: Callable[[Tell], Story]) -> None:
    story = begin(two_versions)
    story.disk.run(story.pull, "after hard link models/.staging/cats/2026-02-02/cats.bin (1)")
    story.pull()
    assert is_linked_twice(story.place.models / "cats" / "2026-02-02" / "cats.bin")
    assert not is_linked_twice(story.place.models / "cats" / "2026-02-02" / "list.csv")
