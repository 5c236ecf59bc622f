"""Paths below a folder that another user can write to lead root nowhere else: R3, R4, R5."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from node.errors import Refusal
from node.pull import staging_folders
from node.store import disk, files, handles, rights
from node.store.rights import ROOT, Owner
from tests.unit.node.places import USER, uid

USERS = Owner(uid(), uid())


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that root alone reads, in a folder of its own."""
    path = tmp_path / "etc" / "shadow"
    path.parent.mkdir()
    path.write_bytes(b"secret\n")
    path.chmod(0o600)
    return path


def link(path: Path, to: Path | str, owner: Owner = USERS) -> Path:
    path.symlink_to(to)
    os.chown(path, *owner, follow_symlinks=False)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(Refusal) as caught, handles.folder(path):
        pytest.fail("was opened")
    return str(caught.value)


def test_a_link_of_the_user_on_the_way_is_refused(home: Path, secret: Path) -> None:
    """R4"""
    path = link(home / "tasks", secret.parent)
    assert refusal(path) == refusal(path / "below") == (
        f"{path}: a link that {USER} made, to {secret.parent}; expected a folder, or a link that root made; "
        f"look where it leads; if that is right: sudo chown -h root {path}"
    )  # fmt: skip
    for look in (
        disk.is_folder,
        disk.names,
        lambda path: disk.status(path / "shadow"),
        lambda path: list(disk.tree(path)),
    ):
        with pytest.raises(Refusal):
            look(path)


def test_a_terminal_obeys_nothing_that_the_link_says(home: Path) -> None:
    assert "to ?[2J;" in refusal(link(home / "tasks", "\033[2J"))


def test_a_link_that_root_made_is_followed(home: Path, tmp_path: Path) -> None:
    """H14: an owner may have put a folder on another disk."""
    (tmp_path / "disk" / "models").mkdir(parents=True)
    (tmp_path / "disk" / "models" / "file").write_text("there")
    link(home / "models", tmp_path / "disk" / "away" / ".." / "models", rights.ROOT)
    (tmp_path / "disk" / "away").mkdir()
    assert disk.read(home / "models" / "file") == b"there"
    link(home / "near", "models", rights.ROOT)
    assert disk.names(home / "near") == ["file"]


def test_links_in_a_circle_end(home: Path) -> None:
    link(home / "a", "b", rights.ROOT)
    link(home / "b", "a", rights.ROOT)
    with pytest.raises(OSError, match="Too many levels of symbolic links"), handles.folder(home / "a"):
        pytest.fail("was opened")


def test_with_the_users_own_rights_the_users_links_are_followed(home: Path, secret: Path) -> None:
    (home / "there").mkdir()
    link(home / "own", "there")
    link(home / "tasks", secret.parent)
    secret.parent.chmod(0o700)
    with rights.of(USERS):
        assert disk.is_folder(home / "own")
        with pytest.raises(PermissionError):
            disk.read(home / "tasks" / "shadow")
    assert os.geteuid() == 0


def test_a_users_rights_are_those_of_its_groups_too_and_end() -> None:
    before = os.getgroups()
    os.setgroups([4242])
    try:
        with rights.of(USERS):
            assert (os.geteuid(), os.getegid()) == USERS
            assert set(os.getgroups()) == set(os.getgrouplist(USER, USERS.gid))
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, [4242])
    finally:
        os.setgroups(before)


def test_no_file_is_a_link_a_pipe_or_a_folder(home: Path, secret: Path) -> None:
    """R5: none of these is waited for."""
    with pytest.raises(OSError, match="symbolic links"):
        disk.read(link(home / "link", secret))
    os.mkfifo(home / "pipe")
    for path in (home / "pipe", home):
        with pytest.raises(Refusal, match=f"^{path}: found no plain file; expected one; move it away and run again$"):
            disk.read(path)
    assert not any(map(disk.is_file, home.iterdir()))


def test_what_a_link_leads_its_maker_to_is_reached_and_no_more(home: Path, secret: Path) -> None:
    (home / "elsewhere").write_text("mine")
    assert disk.reached(link(home / "mine", home / "elsewhere")) is not None
    assert disk.reached(link(home / "theirs", secret)) is None
    assert disk.reached(link(home / "ours", secret, rights.ROOT)) is not None
    assert disk.is_readable(home / "mine", USERS)
    assert not disk.is_readable(home / "theirs", USERS)


def test_errors_name_the_whole_path(home: Path) -> None:
    for path, look in ((home / "a" / "b", disk.read), (home / "b", disk.read)):
        with pytest.raises(FileNotFoundError) as caught:
            look(path)
        assert caught.value.filename in (str(path), str(path.parent))


def test_a_held_folder_is_reached_whatever_becomes_of_its_name(home: Path, secret: Path) -> None:
    """R3: the user renames the staging folder away, and puts a link in its place."""
    folder = home / ".staging"
    with staging_folders.held(folder):
        files.write(folder / "model", b"verified")
        folder.rename(home / "aside")
        link(folder, secret.parent)
        files.give(folder / "model", USERS, 0o644)
        assert disk.sha256(folder / "model") == disk.sha256(home / "aside" / "model")
        files.rename(folder / "model", home / "model")
    assert (home / "model").read_bytes() == b"verified"
    assert sorted(path.name for path in secret.parent.iterdir()) == ["shadow"]


@pytest.mark.parametrize("kind", ["theirs", "open", "link", "file"])
def test_a_private_folder_is_roots_alone(home: Path, secret: Path, kind: str) -> None:
    """R3, R4: what an older release left there, or the user has put there, goes."""
    folder = home / ".staging"
    if kind == "link":
        link(folder, secret.parent)
    elif kind == "file":
        folder.write_text("in the way")
    else:
        (folder / "empty").mkdir(parents=True)
        link(folder / "etc", secret.parent)
        os.chown(folder, *(USERS if kind == "theirs" else rights.ROOT))
    with staging_folders.held(folder):
        found = folder.lstat()
        assert (found.st_uid, found.st_mode & 0o777, list(folder.iterdir())) == (0, 0o700, [])
    assert secret.read_bytes() == b"secret\n"


def test_a_private_folder_that_was_exchanged_once_it_was_made_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R3"""
    folder = home / ".staging"
    monkeypatch.setattr(
        files, "observer", lambda moment, _: os.chown(folder, *USERS) if moment == "after folder" else None
    )
    with pytest.raises(Refusal, match="somebody else's"), staging_folders.held(folder):
        pytest.fail("was held")


def test_a_private_folder_keeps_what_came(home: Path) -> None:
    with staging_folders.held(home / ".staging"):
        files.write(home / ".staging" / "part", b"half")
    with staging_folders.held(home / ".staging"):
        assert disk.read(home / ".staging" / "part") == b"half"


def test_a_folder_is_made_with_the_rights_of_whom_the_one_above_belongs_to(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: root would give away what took its place meanwhile."""
    monkeypatch.setattr(os, "fchown", lambda *_: pytest.fail("gave something away"))
    files.folder(home / "logs" / "old", Owner(uid(), 4242), 0o750)
    for path in (home / "logs", home / "logs" / "old"):
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (uid(), 0o750)


def test_a_line_is_appended_with_the_rights_of_whom_the_folder_belongs_to(home: Path, secret: Path) -> None:
    """R5"""
    files.append(home / "log", b"line", owner=USERS)
    assert ((home / "log").read_bytes(), (home / "log").stat().st_uid) == (b"line\n", uid())
    (home / "roots").write_text("")
    with pytest.raises(Refusal, match=r"roots: not writable for whom its folder belongs to; chown it and run again$"):
        files.append(home / "roots", b"line", owner=USERS)
    (home / "hard").hardlink_to(secret)
    with pytest.raises(Refusal, match="hard: not writable"):
        files.append(home / "hard", b"line", owner=USERS)
    os.mkfifo(home / "pipe")
    os.chown(home / "pipe", *USERS)
    with pytest.raises((Refusal, OSError)):
        files.append(home / "pipe", b"line", owner=USERS)
    assert secret.read_bytes() == b"secret\n"


def test_hard_link_gives_a_link_a_second_name_and_not_what_it_names(tmp_path: Path) -> None:
    """R4: what the user put there may lead anywhere."""
    (tmp_path / "shadow").touch()
    (tmp_path / "link").symlink_to("shadow")
    files.hard_link(tmp_path / "link", tmp_path / "second")
    assert (tmp_path / "second").is_symlink()
    assert (tmp_path / "shadow").stat().st_nlink == 1


def test_append_changes_no_device() -> None:
    with pytest.raises(handles.NotPlain):
        files.append(Path("/dev/null"), b"line")


def test_what_is_in_the_way_of_a_new_file_stays_and_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R7"""
    (home / ".config.new").mkdir()
    (home / ".config.new" / "file").write_text("somebody's")
    files.write(home / "config", b"new", owner=USERS)
    assert (home / "config").read_bytes() == b"new"
    assert (home / ".config.new" / "file").read_text() == "somebody's"
    assert sorted(path.name for path in home.iterdir()) == [".config.new", "config"]
    assert capsys.readouterr().err == f"{home}/.config.new: in the way; look there, and remove it\n"


def test_a_tree_with_links_is_removed_and_nothing_behind_them(home: Path, secret: Path) -> None:
    (home / "old" / "deep").mkdir(parents=True)
    link(home / "old" / "deep" / "folder", secret.parent)
    link(home / "old" / "file", secret)
    files.remove(home / "old")
    assert (list(home.iterdir()), secret.read_bytes()) == ([], b"secret\n")


@pytest.mark.parametrize("name", ["stat", "fstat"])
def test_a_link_counts_as_it_was_when_its_maker_was_asked(
    home: Path, secret: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """R4: another one may have taken its place since."""
    path, ask = link(home / "list.csv", "own.csv", ROOT), getattr(os, name)
    (home / "own.csv").write_bytes(b"own\n")

    def ask_and_exchange(*words: Any, **more: Any) -> os.stat_result:
        found: os.stat_result = ask(*words, **more)
        if stat.S_ISLNK(found.st_mode):
            monkeypatch.undo()
            path.unlink()
            link(path, secret)
        return found

    monkeypatch.setattr(os, name, ask_and_exchange)
    with handles.reached(path) as file:
        assert file.read() == b"own\n"


def test_what_is_added_to_a_log_changes_no_mode_of_what_has_taken_its_place(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4"""
    other = tmp_path / "of-others"
    other.touch()
    other.chmod(0o666)

    def exchange(moment: str, _: Path) -> None:
        if moment == "before append":
            os.link(other, home / "log")

    monkeypatch.setattr(files, "observer", exchange)
    with pytest.raises(PermissionError):
        files.append(home / "log", b"line")
    assert other.stat().st_mode & 0o777 == 0o666
