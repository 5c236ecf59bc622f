"""Inotify instances: the limit is raised for hosts that are about to boot, and never lowered."""

import ctypes
import os
from pathlib import Path

import pytest

from lab import inotify
from modelctl.errors import OperatorError


@pytest.fixture
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A limit of 128, of which 100 are in use."""
    file = tmp_path / "limit"
    file.write_text("128\n")
    monkeypatch.setattr(inotify, "FILE", file)
    monkeypatch.setattr(inotify, "in_use", lambda: 100)
    return file


def test_it_is_raised_when_it_is_too_low(limit: Path) -> None:
    said: list[str] = []
    inotify.make_room(7, said.append)
    assert limit.read_text() == "380\n"
    assert said == ["fs.inotify.max_user_instances: raised from 128 to 380, for 7 hosts"]


def test_it_stays_when_it_is_enough_for_labs_that_boot_together(limit: Path) -> None:
    said: list[str] = []
    limit.write_text("380\n")
    inotify.make_room(7, said.append)
    inotify.make_room(0, said.append)
    assert (limit.read_text(), said) == ("380\n", [])


def test_one_lab_boots_where_it_is_just_enough_and_cannot_be_written(
    limit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "write_text", refuse)
    inotify.make_room(2, lambda _: None)
    assert limit.read_text() == "128\n"


def test_where_it_cannot_be_written_one_line_names_the_command(limit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(OperatorError) as refused:
        inotify.make_room(7, lambda _: None)
    assert str(refused.value) == (
        "fs.inotify.max_user_instances: found 128, expected 170 or more for 7 hosts, and it cannot be written here "
        "(Read-only file system); run where it can: sysctl -w fs.inotify.max_user_instances=380"
    )
    assert limit.read_text() == "128\n"


def test_those_in_use_are_counted() -> None:
    instance, other = ctypes.CDLL(None).inotify_init(), os.open("/dev/null", os.O_RDONLY)
    try:
        assert [inotify._is_instance(Path(f"/proc/self/fd/{each}")) for each in (instance, other)] == [True, False]
        assert inotify.in_use() > 0
    finally:
        os.close(instance)
        os.close(other)
    assert not inotify._is_instance(Path(f"/proc/self/fd/{instance}"))


def test_a_process_that_ends_meanwhile_holds_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "1/fd").mkdir(parents=True)
    (tmp_path / "1/fd/3").symlink_to("anon_inode:inotify")
    (tmp_path / "2").mkdir()
    monkeypatch.setattr(inotify, "PROC", tmp_path)
    assert inotify.in_use() == 1
