from pathlib import Path

import pytest

from node import facelist
from node.errors import Refusal
from node.orders import File, Order, Version
from tests.unit.node.places import Place, fill, installed, service_set, sha256

HEAD = b"date,event,name\n"
ONE = HEAD + b"2026-01-01,e1,ann\n"
TWO = ONE + b"2026-01-01,e1,ben\n2026-01-02,e2,ben\n"
DATA = b"\x89HDF"


@pytest.fixture
def folder(place: Place) -> Path:
    folder = place.root / "face_recognition"
    folder.mkdir()
    return folder


def wanted(place: Place, version: str, content: bytes) -> Version:
    """A version whose list the registry stores."""
    contents = {"facelist.csv": content, "facedata.hdf5": DATA}
    fill(place.registry / "face_recognition" / version, b"m", contents)
    files = [File(name, sha256(each), len(each), linked=False) for name, each in contents.items()]
    return Version("face_recognition", version, sha256(b"m"), place.root / "face_recognition", files)


def order(place: Place, version: Version, **options: object) -> Order:
    config = installed(place.root / "datapump.yaml", "facefile: new\n")
    return place.order(face_list=version, sets=[service_set("d", config)], **options)


def bring(place: Place, version: str, content: bytes) -> Version:
    """A list that is there, verified."""
    found = wanted(place, version, content)
    for name, each in {"facelist.csv": content, "facedata.hdf5": DATA}.items():
        facelist.path_of(found, name).write_bytes(each)
    facelist.fetch(order(place, found))
    return found


def refusal(made: Order) -> str:
    with pytest.raises(Refusal) as caught:
        facelist.make_current(made)
    return str(caught.value)


@pytest.mark.usefixtures("folder")
class TestFetch:
    def test_files_carry_the_version_in_their_names(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02.2", TWO)
        facelist.fetch(order(place, version))
        assert sorted(path.name for path in folder.iterdir()) == [
            "facedata_2026-02-02.2.hdf5",
            "facelist_2026-02-02.2.csv",
        ]
        assert (folder / "facelist_2026-02-02.2.csv").read_bytes() == TWO
        assert facelist.lacking(version) == []

    def test_a_list_that_is_there_is_adopted_as_it_is(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        (folder / "facelist_2026-02-02.csv").write_bytes(TWO)
        inode = (folder / "facelist_2026-02-02.csv").stat().st_ino
        assert facelist.lacking(version) == ["facelist.csv", "facedata.hdf5"]
        facelist.fetch(order(place, version))
        assert (folder / "facelist_2026-02-02.csv").stat().st_ino == inode
        assert facelist.lacking(version) == []

    def test_another_list_of_that_name_stays_and_is_refused(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        (folder / "facelist_2026-02-02.csv").write_bytes(ONE)
        with pytest.raises(Refusal) as caught:
            facelist.fetch(order(place, version))
        assert str(caught.value) == (
            f"{folder}/facelist_2026-02-02.csv: SHA-256 {sha256(ONE)[:12]}, expected the pinned {sha256(TWO)[:12]}; it "
            "holds what exists nowhere else, so it stays: move it away and run again"
        )
        assert (folder / "facelist_2026-02-02.csv").read_bytes() == ONE

    def test_a_link_in_its_place_is_refused(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        (place.root / "old.csv").write_bytes(TWO)
        (folder / "facelist_2026-02-02.csv").symlink_to(place.root / "old.csv")
        with pytest.raises(Refusal, match=r"facelist_2026-02-02\.csv: a link, expected a file; move it away"):
            facelist.fetch(order(place, version))

    def test_wrong_bytes_are_never_placed(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        (place.registry / "face_recognition" / "2026-02-02" / "facelist.csv").write_bytes(ONE)
        with pytest.raises(Refusal, match=r"^face_recognition/2026-02-02/facelist\.csv: the registry's copy has"):
            facelist.fetch(order(place, version))
        assert not (folder / "facelist_2026-02-02.csv").exists()


@pytest.mark.usefixtures("folder")
class TestMakeCurrent:
    def test_a_first_list_becomes_current(self, place: Place, folder: Path) -> None:
        version = bring(place, "2026-02-02", TWO)
        assert not facelist.is_current(version)
        facelist.make_current(order(place, version))
        assert (folder / "facelist_current.csv").read_bytes() == TWO
        assert facelist.is_current(version)

    def test_a_list_that_was_never_pulled_does_not(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        assert refusal(order(place, version)) == (
            f"{folder}/facelist_2026-02-02.csv: not there or not verified; run deploys/models.py"
        )
        assert not (folder / "facelist_current.csv").is_symlink()

    def test_a_superset_locks_all_that_was_locked(self, place: Place) -> None:
        facelist.make_current(order(place, bring(place, "2026-01-01", ONE)))
        new = bring(place, "2026-02-02", TWO)
        facelist.make_current(order(place, new))
        assert facelist.is_current(new)

    def test_lost_events_are_counted_and_refused(self, place: Place) -> None:
        old = bring(place, "2026-01-01", TWO)
        facelist.make_current(order(place, old))
        new = bring(place, "2026-02-02", HEAD)
        assert refusal(order(place, new, unlock=False)) == (
            "face list 2026-02-02: lacks 2 event(s) that the live list locks, so their recordings could be deleted; "
            "expected a list that holds them, or allow it with --data unlock=yes"
        )
        assert facelist.is_current(old)

    def test_the_same_event_id_of_another_day_is_another_event(self, place: Place) -> None:
        facelist.make_current(order(place, bring(place, "2026-01-01", ONE)))
        new = bring(place, "2026-02-02", HEAD + b"2026-09-09,e1,ann\n")
        assert "lacks 1 event(s)" in refusal(order(place, new))

    def test_unlocking_is_allowed_by_name_only(self, place: Place) -> None:
        facelist.make_current(order(place, bring(place, "2026-01-01", TWO)))
        new = bring(place, "2026-02-02", ONE)
        refusal(order(place, new, unlock="yes"))
        facelist.make_current(order(place, new, unlock=True))
        assert facelist.is_current(new)

    @pytest.mark.parametrize("quote", ["", '"', "'"])
    def test_the_list_that_the_data_pump_reads_is_live_too(self, place: Place, quote: str) -> None:
        (place.root / "by-hand.csv").write_bytes(TWO)
        named = f"{quote}{place.root}/by-hand.csv{quote}"
        (place.root / "datapump.yaml").write_text(f"port: 1\nfacefile: {named}  # mine\n")
        new = bring(place, "2026-02-02", ONE)
        assert "lacks 1 event(s)" in refusal(order(place, new))

    def test_a_config_that_is_no_text_names_no_list(self, place: Place) -> None:
        (place.root / "datapump.yaml").write_bytes(b"facefile: \xff\n")
        new = bring(place, "2026-02-02", ONE)
        facelist.make_current(order(place, new))
        assert facelist.is_current(new)

    @pytest.mark.parametrize("column", ["date", "event"])
    def test_a_list_without_its_columns_is_refused(self, place: Place, folder: Path, column: str) -> None:
        facelist.make_current(order(place, bring(place, "2026-01-01", ONE)))
        bad = (HEAD + b"1,2,3\n").replace(column.encode(), b"other")
        (folder / "facelist_2026-01-01.csv").write_bytes(bad)
        assert refusal(order(place, bring(place, "2026-02-02", TWO))) == (
            f"{folder}/facelist_2026-01-01.csv: no column '{column}'; expected a face list with date and event"
        )

    def test_a_list_in_another_encoding_is_compared_byte_by_byte(self, place: Place) -> None:
        facelist.make_current(order(place, bring(place, "2026-01-01", HEAD + b"2026-01-01,\xe9,ann\n")))
        same = bring(place, "2026-02-02", HEAD + b"2026-01-01,\xe9,ben\n")
        facelist.make_current(order(place, same))
        other = bring(place, "2026-03-03", HEAD + b"2026-01-01,\xe8,ben\n")
        assert "lacks 1 event(s)" in refusal(order(place, other))

    def test_a_file_where_the_link_should_be_stays(self, place: Place, folder: Path) -> None:
        (folder / "facelist_current.csv").write_bytes(ONE)
        assert refusal(order(place, bring(place, "2026-02-02", TWO))) == (
            f"{folder}/facelist_current.csv: a file, expected a link; move it away and run again"
        )
        assert (folder / "facelist_current.csv").read_bytes() == ONE


def test_the_link_may_be_current_while_the_data_pump_reads_another_list(place: Place, folder: Path) -> None:
    new = bring(place, "2026-02-02", ONE)
    facelist.make_current(order(place, new))
    (folder / "older.csv").write_bytes(TWO)
    (place.root / "datapump.yaml").write_text(f"facefile: {folder}/older.csv\n")
    with pytest.raises(Refusal, match=r"lacks 1 event\(s\)"):
        facelist.check_locks(order(place, new))
    facelist.check_locks(order(place, new, unlock=True))


def test_hosts_without_a_face_list_have_nothing_to_do(place: Place) -> None:
    facelist.fetch(place.order())
    facelist.make_current(place.order())
    facelist.check_locks(place.order())
