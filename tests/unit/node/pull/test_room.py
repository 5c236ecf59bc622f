"""What a pull will need of the disk, before anything of it is made."""

from pathlib import Path

import pytest

from node.desired_state import Version
from node.protocol.facts import Room
from node.pull import face_list, room
from node.store import checksum_cache, disk
from tests.unit.node.places import LIMITS, Place

FREE = 5_000
DIGEST = disk.digest
CATS = {"cats.bin": bytes(300), "list.csv": b"seed"}


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose disk was asked for room."""
    asked: list[Path] = []

    def look(path: Path) -> int:
        asked.append(path)
        return FREE

    monkeypatch.setattr(disk, "free", look)
    monkeypatch.setattr(disk, "digest", None)  # no model bytes are read
    return asked


def of(place: Place, *versions: Version) -> Room:
    found = room.of_models(list(versions), place.desired(*versions))
    assert found is not None
    return found


def test_of_a_bare_node_all_must_come(place: Place, free: list[Path]) -> None:
    found = of(place, place.wanted("cats", "2026-01-01", CATS), place.wanted("dogs", "2026-01-01", {"d": bytes(7)}))
    assert found.needed == {"cats/2026-01-01": 304, "dogs/2026-01-01": 7}
    assert (found.folder, found.size, found.free, found.reserve) == (place.models, 311, FREE, LIMITS.reserve_bytes)
    assert free == [place.root]  # the folder of the models is still to be made


def test_what_is_staged_need_not_come_again(place: Place) -> None:
    staged = place.staging / "cats" / "2026-01-01" / "cats.bin"
    staged.parent.mkdir(parents=True)
    staged.write_bytes(bytes(100))
    assert of(place, place.wanted("cats", "2026-01-01", CATS)).size == 204


def test_nor_what_is_there(place: Place) -> None:
    """A file of another length is damaged, unless it is the node's own."""
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    assert of(place, version).needed == {}
    (version.directory / "list.csv").write_bytes(b"seed and what was gathered")
    assert of(place, version).needed == {}
    (version.directory / "cats.bin").write_bytes(bytes(20))
    assert of(place, version).needed == {"cats/2026-01-01": 300}


def test_what_is_there_and_was_never_read_may_have_to_come(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    version = place.held("cats", "2026-01-01", CATS, linked={"list.csv"})
    assert of(place, version).unread == {"cats/2026-01-01": 300}
    monkeypatch.setattr(disk, "digest", DIGEST)
    path = version.directory / "cats.bin"
    checksum_cache.put(path, checksum_cache.read(path))
    assert of(place, version).unread == {"cats/2026-01-01": 0}


def test_a_face_list(place: Place) -> None:
    lists = place.wanted("faces", "2026-01-01", {"facelist.csv": b"date,event"})._replace(directory=place.root / "f")
    desired = place.desired(face_list=lists)
    found = room.of_models([], desired)
    assert found is not None
    assert (found.folder, found.needed) == (place.root / "f", {"faces/2026-01-01": 10})
    path = face_list.path_of(lists, "facelist.csv")
    path.parent.mkdir()
    path.write_bytes(b"as it came")
    found = room.of_models([], desired)
    assert found is not None
    assert found.problem is None
    assert room.of_models([], place.desired()) is None


def test_of_a_folder_that_a_link_leads_astray_nobody_knows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def astray(_: Path) -> int:
        raise OSError(40, "Too many levels of symbolic links")

    monkeypatch.setattr(disk, "free", astray)
    version = place.wanted("cats", "2026-01-01", CATS)
    assert room.of_models([version], place.desired(version)) is None


class TestProblem:
    room = Room(Path("/m"), {"a/1": 2_000_000, "b/1": 3_000_000}, 6_000_000, 1_000_000, {"b/1": 7})

    def test_what_fits(self) -> None:
        assert self.room.problem is None

    def test_what_does_not(self) -> None:
        assert self.room._replace(free=5_999_999).problem == (
            "/m: too little space: 5.0 MB needed, 5.0 MB free beside a reserve of 1.0 MB; "
            "remove something and run again"
        )

    def test_some_of_it(self) -> None:
        some = self.room.of(["a/1"])
        assert (some.size, some.unread, some._replace(free=0).problem is None) == (2_000_000, {}, False)

    def test_where_nothing_must_come_no_room_is_needed(self) -> None:
        assert self.room.of([])._replace(free=0).problem is None
