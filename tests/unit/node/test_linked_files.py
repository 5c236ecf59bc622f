import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node import layout, linked_files
from node.errors import Refusal
from node.machine import processes
from node.store import disk, files
from node.store.service_set import Named
from tests.unit.node.places import sha256, tree


@contextmanager
def holding(path: Path, mode: str) -> Iterator[int]:
    """Another process that has the file open; yields its id."""
    program = f"import sys; file = open(sys.argv[1], {mode!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate()


@pytest.fixture
def lists(tmp_path: Path) -> list[Path]:
    """The linked file of two versions."""
    paths = [tmp_path / "face_recognition" / version / "facedata.hdf5" for version in ("2025-02-25", "2026-02-02")]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.touch()
    return paths


@pytest.mark.parametrize("mode", ["a", "w", "r+"])
def test_a_writer_is_found_with_its_process(lists: list[Path], mode: str) -> None:
    with holding(lists[0], mode) as process:
        assert processes.writers(set(lists)) == [f"{lists[0]} (process {process})"]
    assert processes.writers(set(lists)) == []


def test_a_reader_is_no_writer(lists: list[Path]) -> None:
    with holding(lists[0], "r"):
        assert processes.writers(set(lists)) == []


def test_a_file_reached_by_a_link_is_found(lists: list[Path], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(lists[0])
    with holding(lists[0], "a"):
        assert len(processes.writers({tmp_path / "link"})) == 1


def test_a_file_held_open_by_another_path_is_found(lists: list[Path], tmp_path: Path) -> None:
    """D1: what is open is a matter of device and inode; a task may know the file by another name, or have moved it."""
    (tmp_path / "other").hardlink_to(lists[0])
    with holding(tmp_path / "other", "a") as process:
        assert processes.writers(set(lists)) == [f"{lists[0]} (process {process})"]
        (tmp_path / "other").unlink()
        assert len(processes.writers(set(lists))) == 1


def test_an_older_version_held_open_is_waited_for(lists: list[Path]) -> None:
    named = [Named(lists[1], "ab", linked=True)]
    with holding(lists[0], "a") as process, pytest.raises(Refusal) as caught:
        linked_files.wait(named, 0)
    assert str(caught.value) == (
        f"{lists[0]} (process {process}): open for writing for more than 0 s; expected the task to finish; run again "
        "later"
    )
    linked_files.wait(named, 0)


def test_files_that_are_not_linked_are_not_waited_for(lists: list[Path]) -> None:
    with holding(lists[0], "a"):
        linked_files.wait([Named(lists[1], "ab", linked=False)], 0)


def test_a_version_that_is_being_removed_is_none(lists: list[Path]) -> None:
    named = [Named(lists[1], "ab", linked=True)]
    lists[0].parent.rename(lists[0].parent.with_name(".retired-2025-02-25"))
    assert linked_files.siblings(named) == {lists[1]}


def test_the_wait_ends_with_the_writer(lists: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([["busy"], ["busy"], []])
    monkeypatch.setattr(linked_files, "writers", lambda _: next(looks))
    monkeypatch.setattr(linked_files, "PAUSE", 0)
    linked_files.wait([Named(lists[1], "ab", linked=True)], 60)
    assert list(looks) == []


class TestKeep:
    @pytest.fixture
    def named(self, lists: list[Path]) -> list[Named]:
        for path in lists:
            path.write_text("rows of " + path.parent.name)
        other = lists[0].with_name("model.bin")
        other.write_text("no linked file")
        return [Named(lists[1], "ab", linked=True), Named(other, "cd", linked=False)]

    def test_each_versions_copy_is_kept_aside(self, named: list[Named]) -> None:
        linked_files.keep(named)
        assert tree(layout.backups()) == {
            f"face_recognition/{version}/facedata.hdf5.{sha256(content)[:12]}": content
            for version, content in {"2025-02-25": b"rows of 2025-02-25", "2026-02-02": b"rows of 2026-02-02"}.items()
        }

    def test_only_root_can_come_to_the_copies(self, named: list[Named]) -> None:
        linked_files.keep(named)
        assert layout.backups().stat().st_mode & 0o777 == 0o700

    def test_what_changes_while_it_is_copied_is_refused(
        self, named: list[Named], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copy = files.copy

        def change_and_copy(path: Path, kept: Path) -> str:
            path.write_text("a task was quicker")
            return copy(path, kept)

        monkeypatch.setattr(files, "copy", change_and_copy)
        with pytest.raises(Refusal, match=r"facedata\.hdf5: written to while it was copied aside; run again later$"):
            linked_files.keep(named)
        assert tree(layout.backups()) == {}

    def test_what_is_longer_than_the_disk_has_room_is_not_copied(
        self, named: list[Named], lists: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file of holes may be."""
        monkeypatch.setattr(disk, "free", lambda _: lists[0].stat().st_size - 1)
        monkeypatch.delattr(files, "copy")
        with pytest.raises(Refusal) as caught:
            linked_files.keep(named)
        said = "too little space for a copy; free some space, or look what it holds, and run again"
        assert str(caught.value) == f"{lists[0]}: {said}"

    def test_its_time_is_the_originals(self, named: list[Named], lists: list[Path]) -> None:
        os.utime(lists[0], (1_700_000_000, 1_700_000_000))
        linked_files.keep(named)
        [copy] = (layout.backups() / "face_recognition" / "2025-02-25").iterdir()
        assert copy.stat().st_mtime == 1_700_000_000

    def test_what_is_kept_already_is_not_copied_again(
        self, named: list[Named], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        linked_files.keep(named)
        monkeypatch.delattr(files, "copy")
        linked_files.keep(named)

    def test_another_content_is_another_copy(self, named: list[Named], lists: list[Path]) -> None:
        linked_files.keep(named)
        lists[0].write_text("more rows")
        linked_files.keep(named)
        assert len(list((layout.backups() / "face_recognition" / "2025-02-25").iterdir())) == 2
