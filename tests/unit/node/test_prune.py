"""Removing versions of a models folder: what goes, what stays, and what a kill leaves."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from node import codec, layout, leftovers, prune
from node.errors import Refusal
from node.protocol.versions import Held, ListVersions, Removable, Removal, Removed, RemoveVersions
from node.store import checksum_cache, files, lock, references, sets, versions
from node.store.service_set import Named
from tests.unit.node.disks import Disk, Killed
from tests.unit.node.places import Place, at, service_set, sha256, tree
from tests.unit.node.simulated import quicken
from tests.unit.node.test_linked_files import holding

DATA = {"list.csv": b"rows", "cats.bin": b"meow" * 100}
OLD, NEW = "2025-01-01", "2026-01-01"


def hold(place: Place, version: str = OLD) -> Path:
    """A verified version on the node."""
    held = place.held("cats", version, DATA, linked={"list.csv"})
    versions.record(held)
    return held.directory


def entry(version: str = OLD, **changes: Any) -> dict[str, Any]:
    names = [*DATA, "manifest.yaml"]
    return {"model": "cats", "version": version, "files": names, "linked": {"list.csv": [sha256(b"rows")]}, **changes}


def remove(place: Place, *entries: dict[str, Any]) -> Removal:
    going = [codec.decode(Removable, each) for each in entries]
    return prune.remove(RemoveVersions(place.models, going, "anna@ramrod", "clean up"))


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_a_version_goes_with_its_checksums_and_nothing_else(place: Place) -> None:
    old, new = hold(place), hold(place, NEW)
    freed, kept = size(old), {path: path.read_bytes() for path in new.iterdir()}
    assert remove(place, entry()) == Removal([Removed("cats", OLD, freed)], {})
    assert [path.name for path in old.parent.iterdir()] == [NEW]
    assert {path: path.read_bytes() for path in new.iterdir()} == kept
    assert [path.name for path in (layout.checksum_cache() / str(old.parent)[1:]).iterdir()] == [NEW]
    assert checksum_cache.holds(new / "cats.bin", sha256(DATA["cats.bin"]))


def test_what_has_gone_does_not_come_back_with_a_power_cut(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    old = hold(place)
    told: list[tuple[str, Path]] = []
    monkeypatch.setattr(files, "observer", lambda moment, path: told.append((moment, path)))
    remove(place, entry())
    gone = told.index(("after remove", old.with_name(f".retired-{OLD}")))
    assert told[gone + 1] == ("before sync", old.parent)


def test_what_is_shared_with_another_version_frees_nothing_until_both_are_gone(place: Place) -> None:
    old, new = hold(place), hold(place, NEW)
    (new / "cats.bin").unlink()
    (new / "cats.bin").hardlink_to(old / "cats.bin")
    first, second = size(old) - len(DATA["cats.bin"]), size(new)
    assert [each.bytes for each in remove(place, entry(), entry(NEW)).removed] == [first, second]


def test_the_facts_tell_what_is_there_and_what_is_left(place: Place) -> None:
    old = hold(place)
    (place.models / "cats" / ".retired-2024-01-01").mkdir()
    (place.models / "cats" / ".retired-2024-01-01" / "cats.bin").write_bytes(b"meow")
    (place.models / "cats" / "2026-02-30").mkdir()
    (place.models / "cats" / "2026-02-03").symlink_to(old)
    (place.models / ".staging" / "cats" / NEW).mkdir(parents=True)
    (old / "sub").mkdir()
    (old / "sub" / "link").symlink_to("/etc/hostname")
    found = prune.look(ListVersions(place.models))
    [version] = found.versions
    assert (version.model, version.version) == ("cats", OLD)
    assert [(file.name, file.links) for file in version.files] == [
        ("cats.bin", 1), ("list.csv", 1), ("manifest.yaml", 1), ("sub/link", 1),
    ]  # fmt: skip
    assert [file.size for file in version.files][-1] == 0
    [left] = found.leftovers
    assert (left.version, [file.size for file in left.files]) == ("2024-01-01", [4])
    assert prune.look(ListVersions(place.models / "absent")) == Held([], [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda folder: (folder / "mine.txt").touch(),
            "{}/mine.txt: not of this version; it stays; move that away and",
        ),
        (lambda folder: (folder / "sub").mkdir() or (folder / "sub" / "x").touch(), "{}/sub/x: not of this version;"),
        (lambda folder: (folder / "list.csv").write_text("more"), "{}/list.csv: it holds what exists nowhere else;"),
        (lambda folder: folder.rename(folder.with_name("moved")), "cats/2025-01-01: not on this node;"),
    ],
)
def test_what_has_come_since_the_plan_keeps_the_version(
    place: Place, change: Callable[[Path], object], said: str
) -> None:
    old, new = hold(place), hold(place, NEW)
    change(old)
    before = tree(old.parent)
    found = remove(place, entry(), entry(NEW, linked={}))
    assert [each.version for each in found.removed] == [NEW]
    assert found.refused["cats/" + OLD].startswith(said.format(old))
    assert tree(old.parent) == {name: content for name, content in before.items() if not name.startswith(NEW)}
    assert not new.exists()


def test_a_linked_file_that_was_collected_just_so_may_go(place: Place) -> None:
    old = hold(place)
    (old / "list.csv").write_text("more rows")
    digests = [sha256(b"rows"), sha256(b"more rows")]
    assert remove(place, entry(linked={"list.csv": digests})).refused == {}
    assert not old.exists()


def test_a_file_that_is_open_for_writing_keeps_the_version(place: Place) -> None:
    old = hold(place)
    with holding(old / "list.csv", "r+") as process:
        assert remove(place, entry()).refused == {
            "cats/" + OLD: f"{old}/list.csv (process {process}): open for writing; it stays; run again later"
        }
    assert old.is_dir()


def test_what_a_set_names_stays(place: Place) -> None:
    old, new = hold(place), hold(place, NEW)
    stored = service_set("d1")
    sets.put(stored, "c0ffee")
    sets.choose("engine", "d1", None)
    assert references.of_host() == {f"cats/{NEW}": "in a set of engine"}
    found = remove(place, entry(), entry(NEW))
    assert found.refused == {"cats/" + NEW: "a set names it by now; it stays"}
    assert (old.exists(), new.exists()) == (False, True)
    (layout.sets("engine") / "d1" / "set.json").write_text("torn")
    with pytest.raises(Refusal, match=r"^engine: one of its sets cannot be read; .*; nothing was removed$"):
        remove(place, entry(NEW))
    assert new.exists()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("work", ["pull", "switch"])
def test_not_while_a_pull_or_a_switch_is_running(place: Place, work: str) -> None:
    old = hold(place)
    layout.sets("engine").mkdir(parents=True)
    path = layout.STATE / "pull.lock" if work == "pull" else layout.switch_lock("engine")
    with lock.held(path, work, "ben@ramrod", "pyinfra"), pytest.raises(lock.Taken, match=f"another {work} is running"):
        remove(place, entry())
    assert old.is_dir()
    assert remove(place, entry()).refused == {}


def test_what_is_left_is_found_by_the_files_that_a_set_names(place: Place) -> None:
    left = place.models / "cats" / ".retired-2024-01-01"
    left.mkdir(parents=True)
    other = place.root / "face_recognition" / "x" / ".retired-2024-01-01"
    other.mkdir(parents=True)
    paths = (place.models / "dogs" / NEW / "dogs.bin", place.root / "face_recognition" / "x" / "y" / "list.csv")
    named_files = [Named(path, "ab", linked=False) for path in paths]
    assert leftovers.of_models(named_files) == [str(left)]


@pytest.mark.parametrize("label", ["../x", "cats/../..", "cats/2026-02-30", "cats/", "Cats/2026-01-01"])
def test_names_that_are_none(place: Place, label: str) -> None:
    model, _, version = label.partition("/")
    hold(place)
    with pytest.raises(Refusal, match="found no version's name"):
        remove(place, entry(), entry(model=model, version=version))
    assert (place.models / "cats" / OLD).is_dir()


def test_a_folder_that_is_a_link_stays(place: Place) -> None:
    old = hold(place)
    old.rename(place.root / "elsewhere")
    old.symlink_to(place.root / "elsewhere")
    found = remove(place, entry())
    assert found.refused["cats/" + OLD] == f"{old}: found a link; expected a folder; look there"
    assert len(list((place.root / "elsewhere").iterdir())) == 3


def test_killed_at_any_point_a_version_is_whole_or_gone_and_the_next_run_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quicken(monkeypatch)

    def begin(number: int) -> tuple[Place, Disk]:
        root = tmp_path / str(number)
        disk = Disk(root)
        monkeypatch.setattr(files, "observer", disk)
        monkeypatch.setattr(layout, "STATE", root / "state")
        place = Place(root)
        hold(place)
        hold(place, NEW)
        return place, disk

    place, disk = begin(0)
    disk.begin()
    remove(place, entry())
    points = disk.points.states
    assert len(points) >= 4
    for number, point in enumerate(points, 1):
        with at(point):
            place, disk = begin(number)
            before = tree(place.models / "cats" / NEW)
            disk.begin(point)
            with suppress(Killed):
                remove(place, entry())
            old = place.models / "cats" / OLD
            assert not old.exists() or set(tree(old)) == {*DATA, "manifest.yaml"}
            disk.begin()
            remove(place, *([entry()] if old.exists() else []))
            assert [path.name for path in old.parent.iterdir()] == [NEW]
            assert tree(place.models / "cats" / NEW) == before
            assert not (layout.checksum_cache() / str(old)[1:]).exists()


def test_a_folder_that_only_looks_like_a_leftover_stays(place: Place) -> None:
    mine = hold(place).with_name(".retired-by-anna")
    mine.mkdir()
    (mine / "facedata.hdf5").write_bytes(b"faces")
    assert remove(place).removed == []
    assert (mine / "facedata.hdf5").read_bytes() == b"faces"
    assert leftovers.of_models([Named(mine.parent / NEW / "cats.bin", "0" * 64, False)]) == []
