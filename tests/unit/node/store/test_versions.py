import pytest

from node.desired_state import File
from node.store import checksum_cache, disk, versions
from tests.unit.node.places import Place, sha256

CATS = {"cats.bin": b"meow", "list.csv": b"seed"}


def names(found: list[File]) -> list[str]:
    return [file.name for file in found]


def test_a_folder_that_no_cache_holds_is_not_verified_but_flawless(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    assert not versions.is_verified(version)
    assert versions.flaws(version) == []
    assert not versions.is_verified(version)
    assert versions.record(version) == []
    assert versions.is_verified(version)


def test_what_is_wrong_is_never_held(place: Place) -> None:
    version = place.held("cats", "2026-01-01", {"a": b"a", "b": b"b", "c": b"c"})
    (version.directory / "b").write_bytes(b"B")
    (version.directory / "c").unlink()
    assert names(versions.record(version)) == ["b", "c"]
    assert not versions.is_verified(version)
    assert checksum_cache.find(sha256(b"a")) == version.directory / "a"
    assert checksum_cache.find(sha256(b"b")) is None


def test_a_settled_version_is_verified_without_reading_a_byte(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.held("cats", "2026-01-01", CATS)
    versions.record(version)
    monkeypatch.delattr(disk, "digest")
    assert versions.is_verified(version)


def test_flaws_are_missing_damaged_and_linked_in(place: Place) -> None:
    version = place.held("cats", "2026-01-01", {"a": b"a", "b": b"b", "c": b"c", "d": b"d"})
    folder = version.directory
    (folder / "a").unlink()
    (folder / "b").write_bytes(b"B")
    (folder / "c").rename(folder.parent / "c")
    (folder / "c").symlink_to(folder.parent / "c")
    assert names(versions.flaws(version)) == ["a", "b", "c"]


def test_a_damaged_manifest_is_a_flaw(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS)
    (version.directory / "manifest.yaml").write_text("name: dogs\n")
    assert names(versions.flaws(version)) == ["manifest.yaml"]


def test_a_linked_file_need_only_be_there(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    versions.record(version)
    linked = version.directory / "list.csv"
    linked.write_bytes(b"what the node has gathered")
    assert versions.is_verified(version)
    assert versions.flaws(version) == []
    linked.unlink()
    assert not versions.is_verified(version)
    assert names(versions.flaws(version)) == ["list.csv"]


def test_a_linked_file_kept_elsewhere_counts_as_there(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    (version.directory / "list.csv").rename(place.root / "list.csv")
    (version.directory / "list.csv").symlink_to(place.root / "list.csv")
    assert versions.flaws(version) == []
