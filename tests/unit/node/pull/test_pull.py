import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from node.pull import pull, transfer
from node.store import checksum_cache, disk, files, versions
from tests.unit.node.places import Place, is_linked_twice, manifest_of, sha256, tree, uid, untouched
from tests.unit.node.pulls import expected, refusal

CATS = {"cats.bin": b"meow" * 100, "list.csv": b"seed"}


@pytest.fixture
def no_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(transfer, "fetch")


def test_an_absent_version_comes_whole_with_owner_and_modes(place: Place) -> None:
    version = place.stored("cats", "2026-01-01", CATS, linked={"list.csv"})
    pull.pull(place.desired(version))
    assert tree(place.models) == {
        f"cats/2026-01-01/{name}": content for name, content in expected("cats", "2026-01-01", CATS).items()
    }
    assert versions.is_verified(version)
    for path in [version.directory, *version.directory.iterdir()]:
        assert path.stat().st_uid == uid()
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)
    assert version.directory.parent.stat().st_uid == uid()
    assert checksum_cache.find(sha256(CATS["list.csv"])) is None


@pytest.mark.usefixtures("no_fetch")
def test_a_folder_that_is_right_is_adopted_without_copying(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS)
    (version.directory / "note-of-mine.txt").write_text("mine")
    before = {path: untouched(path) for path in version.directory.iterdir()}
    pull.pull(place.desired(version))
    assert {path: untouched(path) for path in version.directory.iterdir()} == before
    assert versions.is_verified(version)
    assert not place.staging.exists()


def test_an_order_without_versions_looks_at_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a stack that is pulled alone would do what was predicted of a later step."""
    monkeypatch.delattr(checksum_cache, "upgrade")
    pull.pull(place.desired())
    assert not place.models.exists()


def test_a_damaged_file_is_replaced_singly(place: Place, fetched: list[str]) -> None:
    version = place.held("cats", "2026-01-01", {"a.bin": b"a", "b.bin": b"b", "list.csv": b"seed"}, linked={"list.csv"})
    folder = version.directory
    (folder / "a.bin").write_bytes(b"damaged")
    (folder / "list.csv").write_bytes(b"what the node has gathered")
    (folder / "note-of-mine.txt").write_text("mine")
    before = {name: untouched(folder / name) for name in ("b.bin", "list.csv", "manifest.yaml", "note-of-mine.txt")}
    pull.pull(place.desired(version))
    assert (folder / "a.bin").read_bytes() == b"a"
    assert {name: untouched(folder / name) for name in before} == before
    assert fetched == ["cats/2026-01-01/a.bin"]
    assert versions.is_verified(version)
    assert not place.staging.exists()


def test_a_missing_linked_file_is_seeded(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    (version.directory / "list.csv").unlink()
    pull.pull(place.desired(version))
    assert (version.directory / "list.csv").read_bytes() == b"seed"
    assert not is_linked_twice(version.directory / "list.csv")


def test_a_linked_file_that_the_node_makes_during_the_pull_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    linked = version.directory / "list.csv"
    linked.unlink()
    fetch = transfer.fetch

    def meanwhile(*arguments: Any) -> None:
        fetch(*arguments)
        linked.write_bytes(b"what the node has gathered")

    monkeypatch.setattr(transfer, "fetch", meanwhile)
    pull.pull(place.desired(version))
    assert linked.read_bytes() == b"what the node has gathered"


def test_a_linked_file_that_is_a_link_to_nothing_is_refused(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    linked = version.directory / "list.csv"
    linked.unlink()
    linked.symlink_to("/absent/disk/list.csv")
    good = place.stored("dogs", "2026-01-01", {"dogs.bin": b"woof"})
    assert refusal(place, version, good) == f"{linked}: a link to nothing, expected a file; move it away and run again"
    assert linked.is_symlink()
    assert versions.is_verified(good)


@pytest.mark.usefixtures("no_fetch")
def test_bytes_that_the_node_holds_are_not_fetched(place: Place) -> None:
    old = place.held("cats", "2026-01-01", CATS)
    versions.record(old)
    (old.directory / "manifest.yaml").chmod(0o600)
    manifest = manifest_of("cats", "2026-02-02")
    stray = place.models / "manifest-of-the-new-one"
    stray.write_bytes(manifest)
    checksum_cache.put(stray, checksum_cache.read(stray))
    new = place.wanted("cats", "2026-02-02", CATS)
    pull.pull(place.desired(new))
    assert tree(new.directory) == expected("cats", "2026-02-02", CATS)
    assert (new.directory / "cats.bin").samefile(old.directory / "cats.bin")


def test_only_what_is_new_is_fetched(place: Place, fetched: list[str]) -> None:
    versions.record(place.held("cats", "2026-01-01", CATS))
    new = place.stored("cats", "2026-02-02", CATS)
    pull.pull(place.desired(new))
    assert fetched == ["cats/2026-02-02/manifest.yaml"]


def test_bytes_that_rotted_unseen_are_not_reused(place: Place, fetched: list[str]) -> None:
    """Size and times are still those of the cache, so only a reading of every byte finds it."""
    version = place.stored("cats", "2026-01-01", CATS)
    pull.pull(place.desired(version))
    rotten = version.directory / "cats.bin"
    time = rotten.stat().st_mtime_ns
    rotten.write_bytes(b"w00f" * 100)
    os.utime(rotten, ns=(time, time))
    checksum_cache.put(
        rotten, checksum_cache.read(rotten)._replace(sha256=sha256(CATS["cats.bin"]))
    )  # a disk that rots tells nobody
    fetched.clear()
    pull.pull(place.desired(version))
    assert fetched == ["cats/2026-01-01/cats.bin"]
    assert rotten.read_bytes() == CATS["cats.bin"]


def test_bytes_that_rotted_unseen_are_no_part_of_another_version(place: Place, fetched: list[str]) -> None:
    old = place.held("cats", "2026-01-01", CATS)
    versions.record(old)
    rotten = old.directory / "cats.bin"
    rotten.write_bytes(b"w00f" * 100)
    checksum_cache.put(rotten, checksum_cache.read(rotten)._replace(sha256=sha256(CATS["cats.bin"])))
    new = place.stored("cats", "2026-02-02", CATS)
    pull.pull(place.desired(new))
    assert fetched == ["cats/2026-02-02/manifest.yaml", "cats/2026-02-02/cats.bin"]
    assert (new.directory / "cats.bin").read_bytes() == CATS["cats.bin"]


def test_linked_files_are_never_shared(place: Place) -> None:
    old = place.held("cats", "2026-01-01", CATS)
    versions.record(old)
    new = place.stored("cats", "2026-02-02", CATS, linked={"list.csv"})
    pull.pull(place.desired(new))
    assert not is_linked_twice(new.directory / "list.csv")
    assert is_linked_twice(new.directory / "cats.bin")


def test_wrong_bytes_in_the_registry_are_never_placed(place: Place) -> None:
    version = place.stored("cats", "2026-01-01", CATS)
    registry_file = place.registry / "cats" / "2026-01-01" / "cats.bin"
    time = registry_file.stat().st_mtime_ns
    registry_file.write_bytes(b"woof" * 100)
    os.utime(registry_file, ns=(time, time))
    message = refusal(place, version)
    assert message == (
        f"cats/2026-01-01/cats.bin: the registry's copy has SHA-256 {sha256(b'woof' * 100)[:12]}, expected the pinned "
        f"{sha256(b'meow' * 100)[:12]}; restore that file on the datasink"
    )
    assert not version.directory.exists()
    registry_file.write_bytes(b"meow" * 100)
    os.utime(registry_file, ns=(time, time))
    pull.pull(place.desired(version))
    assert tree(version.directory) == expected("cats", "2026-01-01", CATS)


def test_a_manifest_with_another_digest_is_never_placed(place: Place) -> None:
    version = place.stored("cats", "2026-01-01", CATS)
    (place.registry / "cats" / "2026-01-01" / "manifest.yaml").write_text("name: dogs\n")
    assert refusal(place, version).startswith("cats/2026-01-01/manifest.yaml: the registry's copy has SHA-256 ")
    assert not version.directory.exists()


@pytest.mark.parametrize("is_linked", [False, True], ids=["missing", "symbolic link"])
def test_what_the_registry_lacks_is_named(place: Place, is_linked: bool) -> None:
    version = place.stored("cats", "2026-01-01", CATS)
    lost = place.registry / "cats" / "2026-01-01" / "cats.bin"
    lost.rename(place.root / "elsewhere")
    if is_linked:
        lost.symlink_to(place.root / "elsewhere")
    assert refusal(place, version) == (
        "cats/2026-01-01: cats.bin not in the registry of depot; expected what pins.json names; store it there or "
        "choose another version"
    )
    assert not version.directory.exists()


def test_one_version_fails_and_the_others_are_placed(place: Place) -> None:
    good = place.stored("cats", "2026-01-01", CATS)
    bad = place.wanted("ants", "2026-01-01", {"ants.bin": b"?"})
    worse = place.wanted("dogs", "2026-01-01", {"dogs.bin": b"?"})
    message = refusal(place, bad, good, worse)
    assert "ants/2026-01-01: ants.bin, manifest.yaml not in" in message
    assert "dogs/2026-01-01: dogs.bin, manifest.yaml not in" in message
    assert "\n" not in message
    assert versions.is_verified(good)
    assert not bad.directory.exists()


def test_what_came_fresh_is_not_read_twice(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.stored("cats", "2026-01-01", {"cats.bin": b"meow" * 100})
    read: list[str] = []
    digest_of = disk.digest

    def record(file: BinaryIO) -> str:
        read.append(Path(f"/proc/self/fd/{file.fileno()}").readlink().name)
        return digest_of(file)

    monkeypatch.setattr(disk, "digest", record)
    pull.pull(place.desired(version))
    assert sorted(read) == ["cats.bin", "manifest.yaml"]


def test_a_file_that_changes_before_it_is_recorded_is_not_held(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.stored("cats", "2026-01-01", CATS)
    put = files.place

    def place_and_change(source: Path, final: Path) -> None:
        put(source, final)
        if final == version.directory:
            (final / "cats.bin").write_bytes(b"something else")

    monkeypatch.setattr(files, "place", place_and_change)
    pull.pull(place.desired(version))
    assert not versions.is_verified(version)


def test_a_file_that_changes_while_another_is_fetched_is_not_held(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = place.held("cats", "2026-01-01", {"a.bin": b"a", "b.bin": b"b"})
    (version.directory / "a.bin").unlink()
    fetch = transfer.fetch

    def meanwhile(*arguments: Any) -> None:
        fetch(*arguments)
        (version.directory / "b.bin").write_bytes(b"something else")

    monkeypatch.setattr(transfer, "fetch", meanwhile)
    pull.pull(place.desired(version))
    assert (version.directory / "a.bin").read_bytes() == b"a"
    assert not versions.is_verified(version)


def test_a_model_on_another_disk_is_refused_before_the_first_byte(
    place: Place, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H14: root has linked it there; the other models come."""
    cats, dogs = place.stored("cats", "2026-01-01", CATS), place.stored("dogs", "2026-01-01", {"dogs.bin": b"woof"})
    elsewhere = place.root / "elsewhere"
    elsewhere.mkdir()
    place.models.mkdir(exist_ok=True)
    (place.models / "cats").symlink_to(elsewhere)
    device = disk.device
    monkeypatch.setattr(disk, "device", lambda path: 7 if path == cats.directory.parent else device(path))
    assert refusal(place, cats, dogs) == (
        f"{place.models}/cats: on another disk than {place.models}; expected all models on one; link that folder "
        "instead, and run again"
    )
    assert not [name for name in fetched if name.startswith("cats")]
    assert versions.is_verified(dogs)


def test_a_model_that_is_linked_to_a_folder_of_the_same_disk_comes(place: Place) -> None:
    version = place.stored("cats", "2026-01-01", CATS)
    (place.root / "elsewhere").mkdir()
    place.models.mkdir(exist_ok=True)
    (place.models / "cats").symlink_to(place.root / "elsewhere")
    pull.pull(place.desired(version))
    assert versions.is_verified(version)
