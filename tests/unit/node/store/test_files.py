import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from node.store import disk, files
from node.store.rights import Owner
from tests.unit.node.places import uid

SOMEBODY = Owner(uid(), 4242)


@pytest.fixture(autouse=True)
def quick_sync() -> None:
    """Here files and folders are synced in earnest."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def owner(path: Path) -> Owner:
    return Owner(path.stat().st_uid, path.stat().st_gid)


def test_write_gives_content_mode_and_owner(tmp_path: Path) -> None:
    path = tmp_path / "config"
    files.write(path, b"new", 0o640, SOMEBODY)
    assert (path.read_bytes(), mode(path), owner(path)) == (b"new", 0o640, SOMEBODY)
    assert list(tmp_path.iterdir()) == [path]


def test_write_leaves_the_old_file_when_it_dies_before_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"old")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(os, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            files.write(path, b"new")
    assert path.read_bytes() == b"old"
    files.write(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [path]


def test_write_syncs_the_bytes_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: events.append("sync"))
    monkeypatch.setattr(os, "rename", lambda *_, **__: events.append("rename"))
    files.write(tmp_path / "config", b"new")
    assert events == ["sync", "rename", "sync"]


def test_write_does_not_follow_a_link_in_its_way(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / ".config.new").symlink_to(precious)
    (tmp_path / "config").symlink_to(precious)
    files.write(tmp_path / "config", b"new")
    assert precious.read_bytes() == b"precious"
    assert not (tmp_path / "config").is_symlink()
    assert (tmp_path / "config").read_bytes() == b"new"


@pytest.mark.parametrize(
    "make", [lambda path: files.write(path, b"new"), lambda path: files.copy(path.parent / "source", path)]
)
def test_a_new_file_does_not_follow_a_link_that_appears_at_the_last_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object]
) -> None:
    (tmp_path / "source").write_bytes(b"new")
    (tmp_path / "precious").write_bytes(b"precious")
    really_open = os.open

    def plant(path: str, flags: int, *mode: int, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            (tmp_path / path).symlink_to("precious")
        return really_open(path, flags, *mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", plant)
    with pytest.raises(FileExistsError):
        make(tmp_path / "config")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_link_replaces_a_link_and_what_a_crash_left(tmp_path: Path) -> None:
    (tmp_path / ".chosen.new").symlink_to("half")
    (tmp_path / "chosen").symlink_to("one")
    files.link(tmp_path / "chosen", "two")
    assert disk.target(tmp_path / "chosen") == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["chosen"]


def test_target_of_what_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert disk.target(tmp_path / "file") is None
    assert disk.target(tmp_path / "absent") is None


def test_folder_gives_owner_and_mode_to_what_it_makes_and_leaves_the_rest(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o700)
    files.folder(old / "a" / "b", SOMEBODY, 0o750)
    assert (mode(old), owner(old)) == (0o700, Owner(os.getuid(), os.getgid()))
    assert {(mode(path), owner(path)) for path in (old / "a", old / "a" / "b")} == {(0o750, SOMEBODY)}


def test_place_refuses_to_replace_what_is_there(tmp_path: Path) -> None:
    for name in ("staged", "final"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with pytest.raises(OSError, match="not empty"):
        files.place(tmp_path / "staged", tmp_path / "final")
    assert (tmp_path / "final" / "file").read_text() == "final"


def test_remove_takes_a_link_and_not_what_it_names(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "link").symlink_to("folder")
    files.remove(tmp_path / "link")
    assert (tmp_path / "folder" / "file").exists()
    assert not (tmp_path / "link").is_symlink()
    files.remove(tmp_path / "folder")
    files.remove(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_remove_takes_no_link_that_appears_at_the_last_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R4: root has made it, and it led elsewhere; the user has moved it here."""
    path, models = tmp_path / ".staging", tmp_path / "models"
    path.mkdir()
    models.mkdir()
    (models / "weights").touch()

    def exchange(moment: str, _: Path) -> None:
        if moment == "before remove":
            path.rmdir()
            path.symlink_to(models)

    monkeypatch.setattr(files, "observer", exchange)
    with pytest.raises(OSError, match=r"Too many levels|Not a directory"):
        files.remove(path)
    assert (models / "weights").is_file()


def test_prune_leaves_folders_with_files(tmp_path: Path) -> None:
    (tmp_path / "staging" / "empty" / "deep").mkdir(parents=True)
    (tmp_path / "staging" / "full").mkdir()
    (tmp_path / "staging" / "full" / "part").touch()
    files.prune(tmp_path / "staging")
    assert [path.name for path in (tmp_path / "staging").iterdir()] == ["full"]
    (tmp_path / "staging" / "full" / "part").unlink()
    files.prune(tmp_path / "staging")
    assert not (tmp_path / "staging").exists()


def test_sha256_of_more_than_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    monkeypatch.setattr(disk, "CHUNK", 2)
    assert disk.sha256(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_link_that_is_right_costs_no_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.link(tmp_path / "chosen", "d1")
    monkeypatch.setattr(os, "symlink", lambda *_, **__: pytest.fail("wrote"))
    files.link(tmp_path / "chosen", "d1")
    assert disk.target(tmp_path / "chosen") == "d1"


def test_append_adds_a_line_and_begins_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    files.append(path, b"one")
    files.append(path, b"two")
    assert path.read_bytes() == b"one\ntwo\n"


def test_append_leaves_a_torn_line_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    files.append(path, b"three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_copy_keeps_bytes_and_time(tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_bytes(b"rows")
    source.chmod(0o640)
    os.utime(source, (1_700_000_000, 1_700_000_000))
    files.copy(source, tmp_path / "copy")
    assert ((tmp_path / "copy").read_bytes(), mode(tmp_path / "copy")) == (b"rows", 0o600)
    assert (tmp_path / "copy").stat().st_mtime == 1_700_000_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "list.csv"]


def test_copy_gives_mode_and_owner(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"rows")
    files.copy(tmp_path / "list.csv", tmp_path / "copy", SOMEBODY, 0o640)
    assert (mode(tmp_path / "copy"), owner(tmp_path / "copy")) == (0o640, SOMEBODY)


def test_hard_link_replaces_nothing(tmp_path: Path) -> None:
    for name in ("staged", "final"):
        (tmp_path / name).write_text(name)
    with pytest.raises(FileExistsError):
        files.hard_link(tmp_path / "staged", tmp_path / "final")
    files.hard_link(tmp_path / "staged", tmp_path / "second")
    assert ((tmp_path / "final").read_text(), (tmp_path / "second").read_text()) == ("final", "staged")


def test_a_folder_that_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / ".a.new").mkdir(mode=0o777)
    (tmp_path / ".a.new" / "stray").touch()
    files.folder(tmp_path / "a", SOMEBODY, 0o750)
    assert (mode(tmp_path / "a"), list((tmp_path / "a").iterdir())) == (0o750, [])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


CHANGES = {
    "write": ["write .x.new", "sync .x.new", "rename x", "sync home"],
    "append": ["append x", "sync x"],
    "copy": ["copy .x.new", "sync .x.new", "rename x", "sync home"],
    "link": ["link .x.new", "rename x", "sync home"],
    "folder": ["folder .x.new", "sync .x.new", "rename x", "sync home"],
    "rename": ["rename x", "sync home"],
    "hard_link": ["hard link x"],
    "give": ["give old", "sync old"],
    "unlink": ["unlink old", "sync home"],
    "remove": ["remove folder"],
    "prune": ["remove empty"],
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_observer_is_told_before_and_after_each_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    home = tmp_path / "home"
    for folder in ("folder", "empty"):
        (home / folder).mkdir(parents=True)
    (home / "old").write_text("old")
    arguments: dict[str, tuple[object, ...]] = {
        "write": (home / "x", b"new"),
        "append": (home / "x", b"new"),
        "copy": (home / "old", home / "x"),
        "link": (home / "x", "old"),
        "folder": (home / "x",),
        "rename": (home / "old", home / "x"),
        "hard_link": (home / "old", home / "x"),
        "give": (home / "old", SOMEBODY, 0o600),
        "unlink": (home / "old",),
        "remove": (home / "folder",),
        "prune": (home / "empty",),
    }
    told: list[str] = []
    monkeypatch.setattr(files, "observer", lambda moment, path: told.append(f"{moment} {path.name}"))
    monkeypatch.setattr(os, "fsync", lambda _: told.append("flush"))
    getattr(files, name)(*arguments[name])
    expected: list[str] = []
    for change in CHANGES[name]:
        expected += [f"before {change}", *(["flush"] if change.startswith("sync ") else []), f"after {change}"]
    assert told == expected


def test_append_follows_no_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious\n")
    (tmp_path / "log").symlink_to(precious)
    with pytest.raises(OSError, match="symbolic links"):
        files.append(tmp_path / "log", b"line", owner=SOMEBODY)
    assert (precious.read_bytes(), owner(precious)) == (b"precious\n", Owner(0, 0))


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_bytes(b"data")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(OSError, match="No space left"):
        files.copy(tmp_path / "data", tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_is_set_aside_is_there_under_a_name_of_its_own(tmp_path: Path) -> None:
    names = set()
    for text in ("one", "two"):
        (tmp_path / "history").write_text(text)
        aside = files.set_aside(tmp_path / "history")
        assert aside.read_text() == text
        names.add(aside.name)
    assert len(names) == 2
    assert {path.name for path in tmp_path.iterdir()} == names
