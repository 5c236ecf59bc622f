"""The incoming area's bounds: what goes for a new upload, and what does not."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from node.errors import Refusal
from node.registry import incoming, own
from node.store import disk, lock

DAY = 86_400


@pytest.fixture
def area(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(incoming, "PATIENCE", 0.0)
    monkeypatch.setattr(lock, "PATIENCE", 0.0)
    return tmp_path / "incoming"


def lying(area: Path, label: str, days: float, size: int = 10) -> Path:
    """A version that nobody has touched for so many days."""
    folder = area / label
    folder.mkdir(parents=True)
    (folder / "cats.bin").write_bytes(bytes(size))
    for each in (folder / "cats.bin", folder):
        os.utime(each, (0, time.time() - days * DAY))
    return folder


def admit(area: Path, label: str = "new/2026-02-02", size: int = 10) -> str | None:
    """Why a version of this size is not taken in."""
    model, _, version = label.partition("/")
    try:
        with incoming.admitted(area, model, version, size) as folder:
            assert folder.is_dir()
    except Refusal as refusal:
        return str(refusal)
    return None


def left(area: Path) -> list[str]:
    return sorted(str(path.relative_to(area)) for path in area.glob("*/*"))


def test_what_nobody_has_touched_for_a_week_goes(area: Path) -> None:
    for label, days in {"a/2026-01-01": 8, "a/2026-01-02": 6, "b/2026-01-01": 7.01}.items():
        lying(area, label, days)
    assert admit(area) is None
    assert left(area) == ["a/2026-01-02", "new/2026-02-02"]
    assert not (area / "b").exists()


def test_one_file_that_was_touched_keeps_it(area: Path) -> None:
    folder = lying(area, "a/2026-01-01", 30)
    (folder / "list.csv").write_bytes(b"")
    os.utime(folder, (0, 0))
    assert admit(area) is None
    assert left(area) == ["a/2026-01-01", "new/2026-02-02"]


def test_of_four_the_oldest_gives_way(area: Path) -> None:
    for day, days in {1: 2, 2: 3, 3: 0, 4: 1.5}.items():
        lying(area, f"a/2026-01-0{day}", days)
    assert admit(area) is None
    assert left(area) == ["a/2026-01-01", "a/2026-01-03", "a/2026-01-04", "new/2026-02-02"]


def test_of_four_of_the_last_hour_none_does(area: Path) -> None:
    for day in (1, 2, 3, 4):
        lying(area, f"a/2026-01-0{day}", 0.04)
    assert admit(area) == f"{area}: found 4 versions; expected room for one more; try again in an hour"
    assert not (area / "new").exists()
    assert admit(area, "a/2026-01-04") is None, "it is one of the four"
    assert len(left(area)) == 4


def test_one_that_is_being_uploaded_does_not_give_way(area: Path) -> None:
    busy = lying(area, "a/2026-01-01", 30)
    handle = os.open(busy, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for day in (2, 3, 4):
            lying(area, f"a/2026-01-0{day}", 0.04)
        assert admit(area) == f"{area}: found 4 versions; expected room for one more; try again in an hour"
        assert busy.exists()
        assert admit(area, "a/2026-01-01") == (f"{busy}: another upload of it is running; wait for that and try again")
    finally:
        os.close(handle)
    assert admit(area) is None
    assert not busy.exists()


def test_all_together_have_so_many_bytes(area: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "MOST", 100)
    lying(area, "a/2026-01-01", 2, 60)
    lying(area, "a/2026-01-02", 0, 30)
    assert admit(area, size=70) is None, "the oldest gives way"
    assert left(area) == ["a/2026-01-02", "new/2026-02-02"]
    said = f"{area}: found no room; expected at most 100 bytes in all"
    assert admit(area, size=71) == said
    (area / "new/2026-02-02/cats.bin").write_bytes(bytes(71))
    with pytest.raises(Refusal, match="found no room; expected at most 100 bytes in all"):
        incoming.require_bounds(area)
    assert admit(area, size=70) is None, "what is there of it counts once"


def test_the_disk_keeps_its_reserve(area: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free", lambda _: incoming.RESERVE + 100)
    assert admit(area, size=100) is None
    (area / "new/2026-02-02/cats.bin").write_bytes(bytes(60))
    assert admit(area, size=160) is None, "what is there need not come again"
    said = f"{area}: found no room on the disk; expected 200,000,000 bytes to stay free"
    assert admit(area, size=161) == said
    assert admit(area, "new/2026-02-03", size=101) == said
    incoming.require_bounds(area)
    monkeypatch.setattr(disk, "free", lambda _: incoming.RESERVE - 1)
    with pytest.raises(Refusal, match="found no room on the disk"):
        incoming.require_bounds(area)


def test_what_is_no_version_is_nobody_s(area: Path, tmp_path: Path) -> None:
    for label in ("Notes/2026-01-01", "a/b", "a/.2026-01-01.new"):
        lying(area, label, 30)
    lying(tmp_path, "elsewhere/2026-01-01", 30)
    (area / "linked").symlink_to(tmp_path / "elsewhere")
    (area / "a" / "2026-01-09").symlink_to(tmp_path / "elsewhere" / "2026-01-01")
    (area / "file").write_bytes(b"")
    assert admit(area) is None
    assert {"Notes/2026-01-01", "a/b", "a/.2026-01-01.new", "a/2026-01-09", "linked/2026-01-01"} <= set(left(area))
    assert (tmp_path / "elsewhere/2026-01-01/cats.bin").exists()


def test_two_at_once_make_room_one_after_the_other(area: Path) -> None:
    area.mkdir()
    handle = os.open(area, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert admit(area) == f"{area}: another upload is beginning; try again"
    finally:
        os.close(handle)


def test_a_folder_that_is_replaced_meanwhile_leads_nowhere(area: Path, tmp_path: Path) -> None:
    """Not even by a link that its own owner made, which would be followed."""
    elsewhere, moved = tmp_path / "elsewhere", tmp_path / "moved"
    elsewhere.mkdir()
    with incoming.admitted(area, "a", "2026-01-01", 10) as folder:
        folder.rename(moved)
        folder.symlink_to(elsewhere)
        with own.opened(folder / "cats.bin", incoming.FILE_MODE) as file:
            file.write(b"meow")
    assert list(elsewhere.iterdir()) == []
    assert (moved / "cats.bin").read_bytes() == b"meow"
