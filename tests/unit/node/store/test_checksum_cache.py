import os
from pathlib import Path

import pytest

from node import layout
from node.store import checksum_cache, disk, files
from node.store.checksum_cache import State
from node.store.rights import Owner
from tests.unit.node.places import sha256

DIGEST = sha256(b"1234")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"1234")
    checksum_cache.put(path, checksum_cache.read(path))
    return path


def test_it_holds_what_is_unchanged(path: Path) -> None:
    assert checksum_cache.holds(path, DIGEST)
    assert not checksum_cache.holds(path, "cd" * 32)


def test_a_changed_time_is_not_held(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert not checksum_cache.holds(path, DIGEST)


@pytest.mark.parametrize("field", State._fields)
def test_what_differs_in_one_thing_alone_is_not_held(path: Path, field: str) -> None:
    """Whoever changes a file changes several of them at once: each is looked at."""
    reading = checksum_cache.read(path)
    checksum_cache.put(path, reading._replace(state=reading.state._replace(**{field: 1})))
    assert not checksum_cache.holds(path, DIGEST)


def test_a_changed_size_is_not_held(path: Path) -> None:
    time = path.stat().st_mtime_ns
    path.write_bytes(b"12345")
    os.utime(path, ns=(time, time))
    assert not checksum_cache.holds(path, DIGEST)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"\xff\xfe"])
def test_an_unreadable_entry_is_none(path: Path, content: bytes) -> None:
    entry = layout.checksum_cache() / path.relative_to("/")
    assert entry.is_file()
    entry.write_bytes(content)
    assert not checksum_cache.holds(path, DIGEST)
    assert checksum_cache.find(DIGEST) is None
    checksum_cache.put(path, checksum_cache.read(path))
    assert checksum_cache.holds(path, DIGEST)


def test_a_change_during_the_reading_shows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_and_change(_: object) -> str:
        path.write_bytes(b"12345")
        return DIGEST

    monkeypatch.setattr(disk, "digest", read_and_change)
    checksum_cache.put(path, checksum_cache.read(path))
    assert not checksum_cache.holds(path, DIGEST)


def test_what_was_read_is_given_and_not_what_has_its_name_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R3"""
    path, other = tmp_path / "staged", tmp_path / "other"
    for each in (path, other):
        each.write_bytes(b"1234")
        each.chmod(0o600)

    def read_and_exchange(_: object) -> str:
        path.rename(tmp_path / "read")
        other.rename(path)
        return DIGEST

    monkeypatch.setattr(disk, "digest", read_and_exchange)
    checksum_cache.take(path, DIGEST, Owner(os.getuid(), os.getgid()))
    assert [each.stat().st_mode & 0o777 for each in (tmp_path / "read", path)] == [0o644, 0o600]


def test_what_has_another_digest_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "staged"
    path.write_bytes(b"1235")
    path.chmod(0o600)
    assert checksum_cache.take(path, DIGEST, Owner(os.getuid(), os.getgid())).sha256 == sha256(b"1235")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_change_after_the_reading_shows(path: Path) -> None:
    reading = checksum_cache.read(path)
    path.write_bytes(b"12345")
    checksum_cache.put(path, reading)
    assert not checksum_cache.holds(path, DIGEST)


def test_what_is_gone_or_a_link_is_not_held(path: Path) -> None:
    moved = path.with_name("moved")
    path.rename(moved)
    assert not checksum_cache.holds(path, DIGEST)
    path.symlink_to(moved)
    assert not checksum_cache.holds(path, DIGEST)


def test_find_returns_only_what_is_still_held(path: Path) -> None:
    assert checksum_cache.find(DIGEST) == path
    assert checksum_cache.find("cd" * 32) is None
    files.write(path, b"other")
    assert checksum_cache.find(DIGEST) is None


def test_find_on_a_bare_node() -> None:
    assert checksum_cache.find(DIGEST) is None


def test_a_forgotten_folder_leaves_the_others_entries(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "old" / "model.bin"
    other.parent.mkdir()
    other.write_bytes(b"1234")
    checksum_cache.put(other, checksum_cache.read(other))
    checksum_cache.forget(other.parent)
    assert not checksum_cache.holds(other, DIGEST)
    assert checksum_cache.holds(path, DIGEST)
    checksum_cache.forget(other.parent)


@pytest.mark.parametrize("what", ["stamp", "folder", "all"])
@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_what_is_in_the_way_of_an_entry_goes(path: Path, what: str, kind: str) -> None:
    """H1: an entry only saves work."""
    entry = layout.checksum_cache() / path.relative_to("/")
    place = {"stamp": entry, "folder": entry.parent, "all": layout.checksum_cache()}[what]
    files.remove(place)
    if kind == "folder":
        (place / "inside").mkdir(parents=True)
    elif kind == "link":
        place.symlink_to("/nowhere")
    else:
        place.write_text("")
    assert not checksum_cache.holds(path, DIGEST)
    checksum_cache.put(path, checksum_cache.read(path))
    assert checksum_cache.holds(path, DIGEST)
