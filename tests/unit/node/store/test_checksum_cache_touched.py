"""S1: the time of a file's last change counts. What this program itself does to a file costs no second reading."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from node import layout, prune
from node.codec import Text
from node.desired_state import Version
from node.protocol.versions import Removable, RemoveVersions
from node.pull import pull
from node.store import checksum_cache, disk, files, rights, versions
from node.store.checksum_cache import State
from tests.unit.node.places import Place, is_linked_twice, sha256
from tests.unit.node.pulls import refusal

CATS = {"cats.bin": b"meow" * 100}
DIGEST = sha256(b"meow")
EXAMPLES = Path(__file__).parent / "formats"
EXAMPLE = State(1284910538117, 524301, 23147564, 1771000000000000000, 1771000000400000000)


def tick() -> None:
    """Let the clock of the file system move on: it counts in hundredths of a second, or less."""
    time.sleep(0.02)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "model.bin"
    path.parent.mkdir()
    path.write_bytes(b"meow")
    checksum_cache.put(path, checksum_cache.read(path))
    tick()
    return path


@pytest.fixture
def old(place: Place) -> Version:
    """A version that was left by an older tool, and read since."""
    version = place.held("cats", "2026-01-01", CATS)
    versions.record(version)
    tick()
    return version


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose bytes were read."""
    names: list[str] = []
    digest = disk.digest

    def record(file: BinaryIO) -> str:
        names.append(os.readlink(f"/proc/self/fd/{file.fileno()}"))  # noqa: PTH115
        return digest(file)

    monkeypatch.setattr(disk, "digest", record)
    return names


def write_and_set_back(path: Path, content: bytes) -> None:
    """What the service's user can do to a file of theirs."""
    reference = path.with_name("reference")
    subprocess.run(["touch", "-r", path, reference], check=True)
    path.write_bytes(content)
    subprocess.run(["touch", "-r", reference, path], check=True)


def test_other_bytes_of_the_same_size_with_the_old_time(path: Path) -> None:
    before = path.stat()
    write_and_set_back(path, b"woof")
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert not checksum_cache.holds(path, DIGEST)
    assert checksum_cache.find(DIGEST) is None


def test_what_was_changed_before_is_not_trusted_after_a_link(path: Path) -> None:
    write_and_set_back(path, b"woof")
    with checksum_cache.renewing(path):
        files.hard_link(path, path.with_name("second"))
    assert not checksum_cache.holds(path, DIGEST)


@pytest.mark.parametrize("content", [b"woof", b"longer"])
def test_what_is_changed_meanwhile_is_not_trusted(path: Path, content: bytes) -> None:
    with checksum_cache.renewing(path):
        path.write_bytes(content)
    assert not checksum_cache.holds(path, DIGEST)


def test_a_link_and_its_end_cost_no_reading(path: Path, read: list[str]) -> None:
    second = path.with_name("second")
    with checksum_cache.renewing(path):
        files.hard_link(path, second)
    assert checksum_cache.holds(path, DIGEST)
    tick()
    with checksum_cache.renewing(path):
        files.unlink(second)
    assert checksum_cache.holds(path, DIGEST)
    assert read == []


def test_what_fails_on_the_way_costs_no_reading(path: Path) -> None:
    second = path.with_name("second")

    def link_twice() -> None:
        with checksum_cache.renewing(path):
            files.hard_link(path, second)
            files.hard_link(path, second)

    with pytest.raises(FileExistsError):
        link_twice()
    assert checksum_cache.holds(path, DIGEST)


def test_what_is_gone_gets_no_entry(path: Path) -> None:
    with checksum_cache.renewing(path):
        files.unlink(path)
        checksum_cache.forget(path.parent)
    assert not (layout.checksum_cache() / path.relative_to("/")).exists()


def test_owner_and_mode_of_a_staged_file_cost_no_reading(path: Path, read: list[str]) -> None:
    """Nor does the name that it gets in the end."""
    staged = path.with_name("staged")
    staged.write_bytes(b"woof")
    staged.chmod(0o600)
    tick()
    reading = checksum_cache.take(staged, sha256(b"woof"), rights.owner_of("nobody"))
    tick()
    checksum_cache.place(staged, path, reading)
    assert checksum_cache.holds(path, sha256(b"woof"))
    assert len(read) == 1


def test_what_is_changed_between_reading_and_placing_is_not_trusted(path: Path) -> None:
    staged = path.with_name("staged")
    staged.write_bytes(b"woof")
    reading = checksum_cache.take(staged, sha256(b"woof"), rights.owner_of("nobody"))
    tick()
    write_and_set_back(staged, b"moan")
    checksum_cache.place(staged, path, reading)
    assert not checksum_cache.holds(path, sha256(b"woof"))


def test_what_is_changed_before_it_is_given_is_not_trusted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_and_change(_: object) -> str:
        tick()
        write_and_set_back(path, b"woof")
        return DIGEST

    monkeypatch.setattr(disk, "digest", read_and_change)
    checksum_cache.put(path, checksum_cache.take(path, DIGEST, rights.owner_of("nobody")))
    assert not checksum_cache.holds(path, DIGEST)


def test_a_pull_that_shares_a_file_leaves_all_verified(place: Place, old: Version, read: list[str]) -> None:
    """The shared file changes its owner besides, and comes twice in the new version."""
    (old.directory / "cats.bin").chmod(0o600)
    versions.record(old)
    tick()
    new = place.stored("cats", "2026-02-02", {**CATS, "copy.bin": CATS["cats.bin"]})
    third = place.stored("dogs", "2026-02-02", CATS)
    pull.pull(place.desired(new, third))
    assert is_linked_twice(old.directory / "cats.bin")
    read.clear()
    assert [versions.is_verified(each) for each in (old, new, third)] == [True] * 3
    assert read == []


def test_a_file_that_is_replaced_may_be_shared(place: Place, old: Version) -> None:
    """The other version's right file is here the wrong one."""
    mice = place.held("mice", "2026-01-01", {"cats.bin": b"peep"})
    pull.pull(place.desired(mice))
    shared = mice.directory / "cats.bin"
    shared.unlink()
    shared.hardlink_to(old.directory / "cats.bin")
    versions.record(old)
    tick()
    pull.pull(place.desired(mice))
    assert shared.read_bytes() == b"peep"
    assert [versions.is_verified(each) for each in (old, mice)] == [True, True]


def test_what_an_earlier_try_shared_and_nobody_wants_any_more(place: Place, old: Version) -> None:
    first = place.wanted("cats", "2026-02-02", {**CATS, "more.bin": b"more"})
    assert "more.bin not in the registry" in refusal(place, first)
    assert is_linked_twice(old.directory / "cats.bin")
    assert versions.is_verified(old)
    tick()
    pull.pull(place.desired(place.stored("cats", "2026-02-02", {"more.bin": b"more"})))
    assert not is_linked_twice(old.directory / "cats.bin")
    assert versions.is_verified(old)


def test_what_an_earlier_try_shared_and_now_has_other_bytes(place: Place, old: Version) -> None:
    first = place.wanted("cats", "2026-02-02", {**CATS, "more.bin": b"more"})
    assert "more.bin not in the registry" in refusal(place, first)
    tick()
    pull.pull(place.desired(place.stored("cats", "2026-02-02", {"cats.bin": b"new"})))
    assert not is_linked_twice(old.directory / "cats.bin")
    assert versions.is_verified(old)


def test_a_removed_version_leaves_its_sharer_verified(place: Place, old: Version, read: list[str]) -> None:
    new = place.stored("cats", "2026-02-02", CATS)
    pull.pull(place.desired(new))
    tick()
    read.clear()
    entry = Removable("cats", old.version, [Text("cats.bin"), Text("manifest.yaml")], {})
    desired = RemoveVersions(place.models, [entry], "anna@ramrod", "modelctl")
    assert prune.remove(desired).refused == {}
    assert not old.directory.exists()
    assert not is_linked_twice(new.directory / "cats.bin")
    assert versions.is_verified(new)
    assert read == []


class TestUpgrade:
    """Entries of before, which held size and time of the bytes alone."""

    @pytest.fixture
    def olds(self, old: Version) -> Version:
        for path in old.directory.iterdir():
            found = checksum_cache.read(path)
            record = {"sha256": found.sha256, "size": found.state.size, "mtime_ns": found.state.mtime_ns}
            (layout.checksum_cache() / path.relative_to("/")).write_text(json.dumps(record))
        return old

    def test_they_are_not_trusted(self, olds: Version) -> None:
        assert not versions.is_verified(olds)

    def test_the_next_pull_reads_each_file_once(self, place: Place, olds: Version, read: list[str]) -> None:
        """Also those of the set to return to, which no deploy asks for."""
        new = place.stored("dogs", "2026-02-02", {"dogs.bin": b"bark"})
        pull.pull(place.desired(new))
        assert sorted(name for name in read if "/2026-01-01/" in name) == sorted(map(str, olds.directory.iterdir()))
        assert versions.is_verified(olds)

    def test_one_that_was_lied_to_is_found(self, olds: Version) -> None:
        write_and_set_back(olds.directory / "cats.bin", b"w00f" * 100)
        checksum_cache.upgrade()
        assert not versions.is_verified(olds)
        assert checksum_cache.holds(olds.directory / "cats.bin", sha256(b"w00f" * 100))

    def test_a_folder_that_was_made_a_link_is_another_matter(self, place: Place, olds: Version) -> None:
        """Its user may lead there wherever they like, but not keep the others from being read."""
        other = place.held("dogs", "2026-01-01", {"dogs.bin": b"bark"})
        versions.record(other)
        moved = other.directory.with_name("moved")
        other.directory.rename(moved)
        other.directory.symlink_to(moved)
        os.chown(other.directory, *rights.owner_of("nobody"), follow_symlinks=False)
        checksum_cache.upgrade()
        with checksum_cache.renewing(moved / "dogs.bin"):
            assert versions.is_verified(olds)

    def test_what_has_changed_since_is_not_read(self, olds: Version, read: list[str]) -> None:
        (olds.directory / "cats.bin").write_bytes(b"longer than before" * 100)
        checksum_cache.upgrade()
        assert read == [str(olds.directory / "manifest.yaml")]


@pytest.mark.parametrize(
    ("example", "more", "is_trusted"),
    [("stamp-0", {}, False), ("stamp-1", {}, True), ("stamp-1", {"new": 1}, True), ("stamp-1", {"format": 2}, False)],
)
def test_an_example_of_each_format(
    path: Path, monkeypatch: pytest.MonkeyPatch, example: str, more: dict[str, int], is_trusted: bool
) -> None:
    record = json.loads((EXAMPLES / f"{example}.json").read_text())
    (layout.checksum_cache() / path.relative_to("/")).write_text(json.dumps({**record, **more}))
    monkeypatch.setattr(checksum_cache, "_state_at", lambda _: EXAMPLE)
    assert checksum_cache.holds(path, record["sha256"]) is is_trusted


@pytest.mark.parametrize("field", State._fields)
def test_each_part_of_the_state_counts(path: Path, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    state = checksum_cache.read(path).state
    other = state._replace(**{field: getattr(state, field) + 1})
    monkeypatch.setattr(checksum_cache, "_state_at", lambda _: other)
    assert not checksum_cache.holds(path, DIGEST)
