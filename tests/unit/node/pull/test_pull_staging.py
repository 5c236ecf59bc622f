"""What is staged: by this try, or by one that a dead link or a power cut ended."""

import os
from pathlib import Path
from typing import Any

import pytest

from node.desired_state import File, Source, Version
from node.errors import Refusal
from node.pull import pull, staging_folders, transfer
from node.store import files, versions
from tests.unit.node.places import LIMITS, Place, fill, is_linked_twice, sha256, tree
from tests.unit.node.pulls import expected, refusal

CATS = {"cats.bin": b"meow" * 100, "list.csv": b"seed"}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names whose staged bytes were compared with the registry's."""
    names: list[str] = []
    mend = transfer.mend

    def record(source: Source, wanted: list[str], *rest: Any) -> None:
        names.extend(wanted)
        mend(source, wanted, *rest)

    monkeypatch.setattr(transfer, "mend", record)
    return names


def staged(place: Place, name: str, content: bytes) -> Path:
    path = place.staging / "cats" / "2026-01-01" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    place.staging.chmod(0o700)
    path.write_bytes(content)
    return path


def test_a_staged_file_that_is_shared_is_never_written_into(place: Place) -> None:
    """A first try reused a file; then the pins changed, and other bytes come under its name."""
    old = place.held("cats", "2026-01-01", {"cats.bin": b"old " * 100})
    versions.record(old)
    first = place.wanted("cats", "2026-02-02", {"cats.bin": b"old " * 100, "more.bin": b"more"})
    assert "more.bin not in the registry" in refusal(place, first)
    assert is_linked_twice(old.directory / "cats.bin")
    second = place.stored("cats", "2026-02-02", {"cats.bin": b"new " * 100})
    pull.pull(place.desired(second))
    assert (old.directory / "cats.bin").read_bytes() == b"old " * 100
    assert (second.directory / "cats.bin").read_bytes() == b"new " * 100
    assert versions.is_verified(old)


def test_too_little_space_is_refused_before_the_first_byte(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.stored("cats", "2026-01-01", {"cats.bin": bytes(3_000_000)})
    real = os.statvfs(place.root)
    fields = list(real)
    block = real.f_frsize
    fields[4] = 2_000_000 // block  # f_bavail
    monkeypatch.setattr(os, "fstatvfs", lambda _: os.statvfs_result(fields))
    monkeypatch.delattr(transfer, "fetch")
    message = refusal(place, version)
    assert message == (
        f"{place.models}: too little space: 3.0 MB needed, 2.0 MB free beside a reserve of 0.0 MB; "
        "remove something and run again"
    )
    assert tree(place.models) == {}


def test_the_reserve_stays_free(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = list(os.statvfs(place.root))
    fields[4] = 5_000_000 // fields[1]
    place.staging.mkdir(parents=True)
    monkeypatch.setattr(os, "fstatvfs", lambda _: os.statvfs_result(fields))
    wanted = {file.name: file for file in place.wanted("cats", "2026-01-01", {"a": bytes(3_000_000)}).files}
    assert pull.require_space(wanted, place.staging, LIMITS) == 3_000_000
    with pytest.raises(Refusal, match=r"3\.0 MB needed, 1\.0 MB free beside a reserve of 4\.0 MB"):
        pull.require_space(wanted, place.staging, LIMITS._replace(reserve_bytes=4_000_000))


def test_what_is_staged_already_needs_no_space(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.stored("cats", "2026-01-01", {"cats.bin": bytes(3_000_000)})
    staged(place, "cats.bin", bytes(2_500_000))
    fields = list(os.statvfs(place.root))
    fields[4] = 1_000_000 // fields[1]
    monkeypatch.setattr(os, "fstatvfs", lambda _: os.statvfs_result(fields))
    pull.pull(place.desired(version))
    assert versions.is_verified(version)


def test_the_name_of_a_linked_file_that_comes_is_flushed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    (version.directory / "list.csv").unlink()
    told: list[tuple[str, Path]] = []
    monkeypatch.setattr(files, "observer", lambda moment, path: told.append((moment, path)))
    pull.pull(place.desired(version))
    linked = told.index(("after hard link", version.directory / "list.csv"))
    assert told[linked + 1] == ("before sync", version.directory)


def test_all_wrong_files_of_a_version_are_told_at_once(place: Place) -> None:
    version = place.stored("cats", "2026-01-01", CATS)
    for name in CATS:
        (place.registry / "cats" / "2026-01-01" / name).write_bytes(b"other")
    assert [part.partition(":")[0] for part in refusal(place, version).split("; ") if ": " in part] == [
        "cats/2026-01-01/cats.bin", "cats/2026-01-01/list.csv",
    ]  # fmt: skip


def test_what_another_manifest_left_goes_in_the_order_of_its_names(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill is found at the same point again."""
    version = place.stored("cats", "2026-01-01", {"cats.bin": b"meow"})
    strays = [f"{number}.bin" for number in range(9)]
    for name in strays:
        staged(place, name, b"old")
    gone: list[str] = []

    def note(moment: str, path: Path) -> None:
        if moment == "after unlink" and path.name in strays:
            gone.append(path.name)

    monkeypatch.setattr(files, "observer", note)
    pull.pull(place.desired(version))
    assert gone == strays


def test_a_pull_resumes_what_is_staged(place: Place) -> None:
    content = os.urandom(500_000)
    version = place.stored("cats", "2026-01-01", {"cats.bin": content})
    inode = staged(place, "cats.bin", content[:300_000]).stat().st_ino
    staged(place, "of-another-manifest.bin", b"old")
    pull.pull(place.desired(version))
    assert (version.directory / "cats.bin").stat().st_ino == inode
    assert tree(version.directory) == expected("cats", "2026-01-01", {"cats.bin": content})


def test_what_a_power_cut_tore_is_mended_in_the_same_pull(place: Place, compared: list[str]) -> None:
    content = os.urandom(500_000)
    version = place.stored("cats", "2026-01-01", {"a.bin": content, "b.bin": content[::-1], "c.bin": b"c"})
    staged(place, "a.bin", content[:100_000] + bytes(200_000))
    staged(place, "b.bin", content[::-1][:300_000])
    pull.pull(place.desired(version))
    assert compared == ["cats/2026-01-01/a.bin"]
    assert versions.is_verified(version)


def test_a_wrong_copy_in_the_registry_is_told_from_a_torn_one_here(place: Place, compared: list[str]) -> None:
    version = place.wanted("cats", "2026-01-01", {"cats.bin": b"right" * 100})
    place.stored("cats", "2026-01-01", {"cats.bin": b"wrong" * 100})
    path = staged(place, "cats.bin", b"right" * 50)
    found = sha256(b"wrong" * 100)[:12]
    assert f"cats/2026-01-01/cats.bin: the registry's copy has SHA-256 {found}, expected" in refusal(place, version)
    assert compared == ["cats/2026-01-01/cats.bin"]
    assert not path.exists()


def test_the_service_s_user_s_staging_of_an_older_release_is_told_and_root_s_own_is_not(place: Place) -> None:
    desired = place.desired(place.wanted("cats", "2026-01-01", CATS))
    assert staging_folders.foreign(desired) == []
    path = staged(place, "cats.bin", b"start")
    assert staging_folders.foreign(desired) == []
    place.staging.chmod(0o755)
    assert staging_folders.foreign(desired) == [place.staging]
    assert path.read_bytes() == b"start"


def version(file: File) -> Version:
    return Version("x", "1", "", Path("unused"), [file])


def test_staging_goes_when_nothing_is_left_in_it(place: Place) -> None:
    pull.pull(place.desired(place.stored("cats", "2026-01-01", CATS)))
    assert [path.name for path in place.models.iterdir()] == ["cats"]


def test_verify_reads_the_bytes_that_came(place: Place) -> None:
    fill(place.root / "staged", b"m", {"a": b"1"})
    right, wrong = version(File("a", sha256(b"1"), 1, False)), version(File("a", sha256(b"2"), 1, False))
    desired = place.desired()
    readings = pull.verify(place.root / "staged", right, desired.source, desired.owner)
    assert {name: reading.sha256 for name, reading in readings.items()} == {"a": sha256(b"1")}
    with pytest.raises(Refusal, match=r"^x/1/a: the registry's copy has SHA-256 "):
        pull.verify(place.root / "staged", wrong, desired.source, desired.owner)
    assert not Path(place.root, "staged", "a").exists()


def test_verify_takes_a_planted_link_for_absent(place: Place) -> None:
    fill(place.root / "staged", b"m", {"real": b"1"})
    (place.root / "staged" / "a").symlink_to("real")
    desired, file = place.desired(), File("a", sha256(b"1"), 1, False)
    with pytest.raises(Refusal, match=r"^x/1: a not in the registry of depot;"):
        pull.verify(place.root / "staged", version(file), desired.source, desired.owner)
