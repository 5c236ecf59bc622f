import os
import stat
from pathlib import Path

import pytest

from node import pull, stamps, transfer, versions
from node.errors import Refusal
from node.orders import File, Version
from tests.unit.node.places import Contents, Place, fill, is_linked_twice, manifest_of, sha256, tree, uid

CATS = {"cats.bin": b"meow" * 100, "list.csv": b"seed"}


@pytest.fixture
def no_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(transfer, "fetch")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were asked of the registry."""
    names: list[str] = []
    fetch = transfer.fetch

    def record(source: object, wanted: list[str], *rest: object) -> None:
        names.extend(wanted)
        fetch(source, wanted, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(transfer, "fetch", record)
    return names


def refusal(place: Place, *wanted: Version) -> str:
    with pytest.raises(Refusal) as caught:
        pull.pull(place.order(*wanted))
    return str(caught.value)


def expected(model: str, version: str, contents: Contents) -> dict[str, bytes]:
    return {"manifest.yaml": manifest_of(model, version), **contents}


def test_an_absent_version_comes_whole_with_owner_and_modes(place: Place) -> None:
    version = place.stored("cats", "2026-01-01", CATS, linked={"list.csv"})
    pull.pull(place.order(version))
    assert tree(place.models) == {
        f"cats/2026-01-01/{name}": content for name, content in expected("cats", "2026-01-01", CATS).items()
    }
    assert versions.is_verified(version)
    for path in [version.directory, *version.directory.iterdir()]:
        assert path.stat().st_uid == uid()
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o644)
    assert version.directory.parent.stat().st_uid == uid()


@pytest.mark.usefixtures("no_fetch")
def test_a_folder_that_is_right_is_adopted_without_copying(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS)
    (version.directory / "note-of-mine.txt").write_text("mine")
    before = {path: path.stat() for path in version.directory.iterdir()}
    pull.pull(place.order(version))
    assert {path: path.stat() for path in version.directory.iterdir()} == before
    assert versions.is_verified(version)
    assert not place.staging.exists()


def test_a_damaged_file_is_replaced_singly(place: Place, fetched: list[str]) -> None:
    version = place.held("cats", "2026-01-01", {"a.bin": b"a", "b.bin": b"b", "list.csv": b"seed"}, linked={"list.csv"})
    folder = version.directory
    (folder / "a.bin").write_bytes(b"damaged")
    (folder / "list.csv").write_bytes(b"what the node has gathered")
    (folder / "note-of-mine.txt").write_text("mine")
    untouched = {name: (folder / name).stat() for name in ("b.bin", "list.csv", "manifest.yaml", "note-of-mine.txt")}
    pull.pull(place.order(version))
    assert (folder / "a.bin").read_bytes() == b"a"
    assert {name: (folder / name).stat() for name in untouched} == untouched
    assert fetched == ["cats/2026-01-01/a.bin"]
    assert versions.is_verified(version)
    assert not place.staging.exists()


def test_a_missing_linked_file_is_seeded(place: Place) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    (version.directory / "list.csv").unlink()
    pull.pull(place.order(version))
    assert (version.directory / "list.csv").read_bytes() == b"seed"
    assert not is_linked_twice(version.directory / "list.csv")


def test_a_linked_file_that_the_node_makes_during_the_pull_stays(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    linked = version.directory / "list.csv"
    linked.unlink()
    fetch = transfer.fetch

    def meanwhile(*arguments: object) -> None:
        fetch(*arguments)  # type: ignore[arg-type]
        linked.write_bytes(b"what the node has gathered")

    monkeypatch.setattr(transfer, "fetch", meanwhile)
    pull.pull(place.order(version))
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
    versions.stamp(old)
    (old.directory / "manifest.yaml").chmod(0o600)
    manifest = manifest_of("cats", "2026-02-02")
    stray = place.models / "manifest-of-the-new-one"
    stray.write_bytes(manifest)
    stamps.put(stray, sha256(manifest))
    new = place.wanted("cats", "2026-02-02", CATS)
    pull.pull(place.order(new))
    assert tree(new.directory) == expected("cats", "2026-02-02", CATS)
    assert (new.directory / "cats.bin").samefile(old.directory / "cats.bin")


def test_only_what_is_new_is_fetched(place: Place, fetched: list[str]) -> None:
    versions.stamp(place.held("cats", "2026-01-01", CATS))
    new = place.stored("cats", "2026-02-02", CATS)
    pull.pull(place.order(new))
    assert fetched == ["cats/2026-02-02/manifest.yaml"]


def test_bytes_that_rotted_unseen_are_not_reused(place: Place, fetched: list[str]) -> None:
    """Size and time are still those of the stamp, so only a reading of every byte finds it."""
    version = place.stored("cats", "2026-01-01", CATS)
    pull.pull(place.order(version))
    rotten = version.directory / "cats.bin"
    time = rotten.stat().st_mtime_ns
    rotten.write_bytes(b"w00f" * 100)
    os.utime(rotten, ns=(time, time))
    fetched.clear()
    pull.pull(place.order(version))
    assert fetched == ["cats/2026-01-01/cats.bin"]
    assert rotten.read_bytes() == CATS["cats.bin"]


def test_linked_files_are_never_shared(place: Place) -> None:
    old = place.held("cats", "2026-01-01", CATS)
    versions.stamp(old)
    new = place.stored("cats", "2026-02-02", CATS, linked={"list.csv"})
    pull.pull(place.order(new))
    assert not is_linked_twice(new.directory / "list.csv")
    assert is_linked_twice(new.directory / "cats.bin")


def test_a_staged_file_that_is_shared_is_never_written_into(place: Place) -> None:
    """A first try reused a file; then the pins changed, and other bytes come under its name."""
    old = place.held("cats", "2026-01-01", {"cats.bin": b"old " * 100})
    versions.stamp(old)
    first = place.wanted("cats", "2026-02-02", {"cats.bin": b"old " * 100, "more.bin": b"more"})
    assert "more.bin not in the registry" in refusal(place, first)
    assert is_linked_twice(old.directory / "cats.bin")
    second = place.stored("cats", "2026-02-02", {"cats.bin": b"new " * 100})
    pull.pull(place.order(second))
    assert (old.directory / "cats.bin").read_bytes() == b"old " * 100
    assert (second.directory / "cats.bin").read_bytes() == b"new " * 100
    assert versions.is_verified(old)


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
    pull.pull(place.order(version))
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


def test_too_little_space_is_refused_before_the_first_byte(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.stored("cats", "2026-01-01", {"cats.bin": bytes(3_000_000)})
    real = os.statvfs(place.root)
    fields = list(real)
    block = real.f_frsize
    fields[4] = 2_000_000 // block  # f_bavail
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))
    monkeypatch.delattr(transfer, "fetch")
    message = refusal(place, version)
    assert message == (
        f"{place.models}: too little space: 3.0 MB needed, 2.0 MB free beside a reserve of 0.0 MB; "
        "remove something and run again"
    )
    assert tree(place.models) == {}


def test_what_is_staged_already_needs_no_space(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.stored("cats", "2026-01-01", {"cats.bin": bytes(3_000_000)})
    staged = place.staging / "cats" / "2026-01-01"
    staged.mkdir(parents=True)
    (staged / "cats.bin").write_bytes(bytes(2_500_000))
    fields = list(os.statvfs(place.root))
    fields[4] = 1_000_000 // fields[1]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))
    pull.pull(place.order(version))
    assert versions.is_verified(version)


def test_a_pull_resumes_what_is_staged(place: Place) -> None:
    content = os.urandom(500_000)
    version = place.stored("cats", "2026-01-01", {"cats.bin": content})
    staged = place.staging / "cats" / "2026-01-01"
    staged.mkdir(parents=True)
    (staged / "cats.bin").write_bytes(content[:300_000])
    (staged / "of-another-manifest.bin").write_bytes(b"old")
    inode = (staged / "cats.bin").stat().st_ino
    pull.pull(place.order(version))
    assert (version.directory / "cats.bin").stat().st_ino == inode
    assert tree(version.directory) == expected("cats", "2026-01-01", {"cats.bin": content})


def test_staging_goes_when_nothing_is_left_in_it(place: Place) -> None:
    pull.pull(place.order(place.stored("cats", "2026-01-01", CATS)))
    assert [path.name for path in place.models.iterdir()] == ["cats"]


def test_without_a_source_only_adopting_works(place: Place) -> None:
    order = place.order(place.wanted("cats", "2026-01-01", CATS))._replace(source=None)
    with pytest.raises(Refusal, match=r"^node: no datasink to pull from$"):
        pull.pull(order)


def test_verify_reads_the_bytes_that_came(place: Place) -> None:
    fill(place.root / "staged", b"m", {"a": b"1"})
    right, wrong = File("a", sha256(b"1"), 1, False), File("a", sha256(b"2"), 1, False)
    assert pull.verify(place.root / "staged", [right], "x/1", place.order()) == []
    assert len(pull.verify(place.root / "staged", [wrong], "x/1", place.order())) == 1
    assert not Path(place.root, "staged", "a").exists()


def test_verify_takes_a_planted_link_for_absent(place: Place) -> None:
    fill(place.root / "staged", b"m", {"real": b"1"})
    (place.root / "staged" / "a").symlink_to("real")
    [problem] = pull.verify(place.root / "staged", [File("a", sha256(b"1"), 1, False)], "x/1", place.order())
    assert problem.startswith("x/1: a not in the registry of depot;")
