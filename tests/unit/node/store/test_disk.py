"""What a user can lay in root's way costs neither memory nor time, and is told in one line."""

import os
import stat
from pathlib import Path

import pytest

from node.errors import Refusal
from node.pull import face_list
from node.store import disk, files, lock, rights
from node.store.rights import Owner
from tests.unit.node.places import uid

USERS = Owner(uid(), uid())


def test_a_file_of_holes_is_no_text(home: Path) -> None:
    path = home / "config"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(Refusal, match=f"^{path}: more than 64 MB; expected a text; move it away and run again$"):
        disk.read(path)
    assert (disk.text(path), disk.is_short(path), disk.is_short(path, 1 << 40)) == (None, False, True)


def test_a_text_of_the_longest_is_read_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "MOST", 4)
    monkeypatch.setattr(disk, "CHUNK", 2)
    (home / "config").write_bytes(b"1234")
    assert disk.read(home / "config") == b"1234"
    (home / "config").write_bytes(b"12345")
    with pytest.raises(Refusal):
        disk.read(home / "config")


def test_what_is_no_text_has_no_digest(home: Path) -> None:
    os.mkfifo(home / "pipe")
    (home / "link").symlink_to("/etc/hostname")
    for path in (home / "pipe", home / "link", home / "none", home / "none" / "below", home):
        assert disk.text(path) is None


def test_folders_in_folders_without_end_are_refused_and_can_be_removed(home: Path) -> None:
    deepest = os.open(home, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=deepest)
        above, deepest = deepest, os.open("d", os.O_RDONLY, dir_fd=deepest)
        os.close(above)
    os.close(deepest)
    with pytest.raises(Refusal, match=f"^{home}: more than 32 folders, one in another; look there, and remove them$"):
        list(disk.tree(home))
    files.remove(home / "d")
    assert list(home.iterdir()) == []


def test_a_link_in_somebodys_folder_is_theirs(home: Path, tmp_path: Path) -> None:
    """R4: one of root's would be followed wherever they move it."""
    files.link(home / "current", "/etc")
    files.link(tmp_path / "chosen", "d1")
    assert ((home / "current").lstat().st_uid, (tmp_path / "chosen").lstat().st_uid) == (uid(), 0)


def test_a_group_that_a_folder_lends_gives_no_rights(home: Path) -> None:
    home.chmod(0o2755)
    os.chown(home, uid(), 0)
    (home / "link").symlink_to("/etc/shadow")
    os.chown(home / "link", uid(), 0, follow_symlinks=False)
    assert rights.who((home / "link").lstat()).gid != 0
    assert disk.reached(home / "link") is None


def test_nobody_else_can_hold_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "state" / "pull.lock"
    path.parent.mkdir()
    path.touch(0o644)
    with lock.held(path, "pull", "anna@ramrod", "pyinfra inventory.py"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("named", ["list.csv", "../etc/shadow", "/a\0b"])
def test_a_face_list_is_named_by_its_whole_path(home: Path, named: str) -> None:
    (home / face_list.CONFIG).write_text(f"facefile: {named}\n")
    with pytest.raises(Refusal, match=r"expected a whole path$"):
        face_list._live(home / face_list.CONFIG)
