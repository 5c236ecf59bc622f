"""What takes collected files in on the datasink: never over anything, whole or not at all."""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from node.protocol.registry import (
    CheckCollected,
    Collected,
    FindParts,
    FinishCollected,
    FinishedCollected,
    FoundParts,
    Measured,
    ReceiveCollected,
)
from node.registry import own
from node.store import files
from tests.unit.node.registry.asking import ask, killed_at, refusal, travel

CONTENT = b"date,event\n" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NAME = f"facelist.csv.{DIGEST[:12]}"
PLACE = "sentinel/faces/2026-01-01"


def desired(folder: Path) -> ReceiveCollected:
    return ReceiveCollected(folder / "collected" / PLACE, "facelist.csv", Measured(DIGEST, len(CONTENT)))


def receive(folder: Path, content: bytes = CONTENT) -> str | None:
    return refusal("receive-collected", desired(folder), content)


def checking(folder: Path) -> CheckCollected:
    return CheckCollected(folder / "collected" / PLACE, {"facelist.csv": DIGEST})


def check(folder: Path) -> Collected:
    return ask("check-collected", checking(folder), Collected)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "collected" / "sentinel" / "faces" / "2026-01-01"


def test_it_needs_nothing_but_the_program(tmp_path: Path, place: Path) -> None:
    done = travel("receive-collected", desired(tmp_path), CONTENT)
    assert (done.stdout, done.stderr) == (b'{"format": 1}\n', b"")
    assert [path.name for path in place.iterdir()] == [NAME]
    assert (place / NAME).read_bytes() == CONTENT


def test_who_may_read(tmp_path: Path, place: Path) -> None:
    before = os.umask(0)
    try:
        assert receive(tmp_path) is None
    finally:
        os.umask(before)
    assert (place / NAME).stat().st_mode & 0o777 == 0o640
    folders = (place, *place.parents[:3])
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o750}


def test_never_over_anything(tmp_path: Path, place: Path) -> None:
    place.mkdir(parents=True)
    (place / NAME).write_text("mine")
    assert receive(tmp_path) == f"{place}/{NAME}: it came there meanwhile; run it again"
    assert [(path.name, path.read_text()) for path in place.iterdir()] == [(NAME, "mine")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT[:-1], "10999 of 11000 bytes came; run it again"),
        (b"", "0 of 11000 bytes came; run it again"),
        (CONTENT + b"x", "11001 of 11000 bytes came; run it again"),
        (b"D" + CONTENT[1:], "other bytes came than were announced; run it again"),
    ],
)
def test_what_did_not_come_whole_leaves_nothing(tmp_path: Path, place: Path, content: bytes, said: str) -> None:
    assert receive(tmp_path, content) == f"{place}/{NAME}: {said}"
    assert list(place.iterdir()) == []


def test_one_at_a_time(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    fill = own.fill

    def fill_and_begin_another(*words: Any) -> Measured:
        found = fill(*words)
        monkeypatch.setattr(own, "fill", fill)
        said.append(receive(tmp_path))
        return found

    monkeypatch.setattr(own, "fill", fill_and_begin_another)
    assert receive(tmp_path) is None
    assert said == [f"{place}/{NAME}: it is being collected by another; wait for that and run again"]
    assert (place / NAME).read_bytes() == CONTENT


def test_one_that_has_just_been_renamed_is_not_cut_off(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another may end its work between the opening of the file and its lock."""
    flock, part = fcntl.flock, place / f".{NAME}.part"

    def rename_first(*words: Any) -> None:
        part.write_bytes(CONTENT)
        part.rename(place / NAME)
        flock(*words)

    monkeypatch.setattr(fcntl, "flock", rename_first)
    assert receive(tmp_path, b"") == f"{place}/{NAME}: it is being collected by another; wait for that and run again"
    assert (place / NAME).read_bytes() == CONTENT


def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is flushed and renamed from here on, by its name."""
    seen: list[str] = []

    def note(moment: str, path: Path) -> None:
        if moment in ("after sync", "after rename"):
            seen.append(f"{moment} {path.name}")

    monkeypatch.setattr(files, "observer", note)
    return seen


def test_bytes_are_flushed_before_the_rename_and_the_folder_after_it(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.mkdir(parents=True)
    seen = steps(monkeypatch)
    assert receive(tmp_path) is None
    assert seen == [f"after sync .{NAME}.part", f"after rename {NAME}", "after sync 2026-01-01"]


def test_a_check_says_what_is_collected_and_changes_nothing(tmp_path: Path) -> None:
    before = check(tmp_path)
    assert (before.collected, before.free > 0) == ([], True)
    assert not (tmp_path / "collected").exists()
    receive(tmp_path)
    assert check(tmp_path).collected == ["facelist.csv"]


LEFT = ".facedata.hdf5.ab12ab12ab12.part"


def finish(folder: Path) -> FinishedCollected:
    return ask("finish-collected", FinishCollected(folder / "collected" / PLACE), FinishedCollected)


def fault(folder: Path) -> str:
    """Why it does not finish."""
    return refusal("finish-collected", FinishCollected(folder / "collected" / PLACE)) or ""


def parts(folder: Path) -> list[str]:
    return ask("find-parts", FindParts(folder / "collected"), FoundParts).parts


class TestWhatKilledOnesLeft:
    @pytest.fixture(autouse=True)
    def made(self, place: Path) -> None:
        place.mkdir(parents=True)

    def test_a_part_is_told_and_stays(self, tmp_path: Path, place: Path) -> None:
        (place / LEFT).touch()
        (place / ".mine").touch()
        assert parts(tmp_path) == [f"sentinel/faces/2026-01-01/{LEFT}"]
        assert finish(tmp_path) == ([], [str(place / LEFT)])
        assert sorted(path.name for path in place.iterdir()) == [LEFT, ".mine"]

    def test_what_is_whole_gets_its_name(self, tmp_path: Path, place: Path) -> None:
        for _ in range(2):  # the second time it is there already
            (place / f".{NAME}.part").write_bytes(CONTENT)
            assert finish(tmp_path) == ([str(place / NAME)], [])
            assert [(path.name, path.read_bytes()) for path in place.iterdir()] == [(NAME, CONTENT)]

    def test_it_is_flushed_before_it_gets_that_and_the_folder_after_it(
        self, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (place / f".{NAME}.part").write_bytes(CONTENT)
        seen = steps(monkeypatch)
        finish(tmp_path)
        assert seen == [f"after sync .{NAME}.part", f"after rename {NAME}", "after sync 2026-01-01"]

    def test_what_is_whole_stays_beside_one_that_is_not(self, tmp_path: Path, place: Path) -> None:
        (place / f".{NAME}.part").write_bytes(CONTENT)
        (place / NAME).write_text("rotten")
        assert fault(tmp_path).endswith(f", expected {DIGEST}; move it away and run it again")
        assert (place / f".{NAME}.part").read_bytes() == CONTENT
        other = place / f"a.{DIGEST[:12]}"
        other.with_name(f".{other.name}.part").write_bytes(CONTENT)
        last = place / f"z.{DIGEST[:12]}"
        last.with_name(f".{last.name}.part").write_bytes(CONTENT)
        assert "expected" in fault(tmp_path)
        assert other.read_bytes() == last.read_bytes() == CONTENT

    @pytest.mark.parametrize("name", [".facelist.csv.part", ".facelist.csv..part", "..part"])
    def test_a_name_of_nobody_s_stays(self, tmp_path: Path, place: Path, name: str) -> None:
        (place / name).write_bytes(CONTENT)
        assert finish(tmp_path) == ([], [])
        assert (place / name).exists()

    def test_what_another_is_at_stays(self, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fill, said = own.fill, []

        def fill_and_finish(*words: Any) -> Measured:
            found = fill(*words)
            said.append((parts(tmp_path), finish(tmp_path)))
            return found

        monkeypatch.setattr(own, "fill", fill_and_finish)
        assert receive(tmp_path) is None
        assert said == [([], ([], []))]
        assert (place / NAME).read_bytes() == CONTENT

    def test_one_that_came_whole_meanwhile_stays(
        self, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        part = place / f".{NAME}.part"
        part.write_bytes(CONTENT)
        monkeypatch.setattr(fcntl, "flock", lambda *_: part.rename(place / NAME))
        assert finish(tmp_path) == ([], [])
        assert (place / NAME).read_bytes() == CONTENT

    def test_what_is_no_file_is_none_of_ours(self, tmp_path: Path, place: Path) -> None:
        (tmp_path / "mine").touch()
        (place / ".link.ab12ab12ab12.part").symlink_to(tmp_path / "mine")
        (place / ".folder.ab12ab12ab12.part").mkdir()
        os.mkfifo(place / ".fifo.ab12ab12ab12.part")
        assert finish(tmp_path) == ([], [])
        assert (parts(tmp_path), len(list(place.iterdir()))) == ([], 3)

    def test_a_name_that_is_no_text(self, tmp_path: Path, place: Path) -> None:
        Path(os.fsdecode(bytes(place) + b"/.\xff.ab12ab12ab12.part")).touch()
        assert parts(tmp_path) == ["sentinel/faces/2026-01-01/.\\udcff.ab12ab12ab12.part"]

    def test_where_nothing_was_collected(self, tmp_path: Path, place: Path) -> None:
        for path in (place, *place.parents[:3]):
            path.rmdir()
        assert (parts(tmp_path), finish(tmp_path)) == ([], ([], []))
        assert not (tmp_path / "collected").exists()


def test_what_lies_in_a_file_s_place(tmp_path: Path, place: Path) -> None:
    place.mkdir(parents=True)
    (place / NAME).symlink_to("/etc/hostname")
    assert refusal("check-collected", checking(tmp_path)) == (
        f"{place}/{NAME}: found no plain file; expected one that was collected; move it away and run it again"
    )
    (place / NAME).unlink()
    (place / f".{NAME}.part").symlink_to(tmp_path / "elsewhere")
    assert "Too many levels of symbolic links" in str(receive(tmp_path))
    assert not (tmp_path / "elsewhere").exists()


def test_killed_anywhere_nothing_is_lost(tmp_path: Path, place: Path) -> None:
    """At each change to the disk of the step that names what had come whole."""
    moment, was_killed = 0, True
    while was_killed:
        moment += 1
        place.mkdir(parents=True, exist_ok=True)
        (place / f".{NAME}.part").write_bytes(CONTENT)
        was_killed = killed_at(moment, "finish-collected", FinishCollected(tmp_path / "collected" / PLACE))
        finish(tmp_path)
        assert {path.name: path.read_bytes() for path in place.iterdir()} == {NAME: CONTENT}
        (place / NAME).unlink()
    assert moment > 4
