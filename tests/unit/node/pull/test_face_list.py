import os
from pathlib import Path

import pytest

from node.desired_state import DesiredState, File, Options, Version
from node.errors import Refusal
from node.pull import face_list, pull
from node.store import checksum_cache, files, sets
from node.store.sets import StoredSet
from tests.unit.node.places import NO_OPTIONS, Place, fill, installed, service_set, sha256

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
    listed = [File(name, sha256(each), len(each), linked=False) for name, each in contents.items()]
    return Version("face_recognition", version, sha256(b"m"), place.root / "face_recognition", listed)


def desired(place: Place, version: Version, options: Options = NO_OPTIONS) -> DesiredState:
    config = installed(place.root / "datapump.yaml", "facefile: new\n")
    return place.desired(face_list=version, sets=[service_set("d", config)], options=options)


def bring(place: Place, version: str, content: bytes) -> Version:
    """A list that is there, verified."""
    found = wanted(place, version, content)
    for name, each in {"facelist.csv": content, "facedata.hdf5": DATA}.items():
        face_list.path_of(found, name).write_bytes(each)
    pull.pull_face_list(desired(place, found))
    return found


def refusal(made: DesiredState) -> str:
    with pytest.raises(Refusal) as caught:
        face_list.require_switchable(made)
    return str(caught.value)


@pytest.mark.usefixtures("folder")
class TestFetch:
    def test_files_carry_the_version_in_their_names(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02.2", TWO)
        pull.pull_face_list(desired(place, version))
        assert sorted(path.name for path in folder.iterdir()) == [
            "facedata_2026-02-02.2.hdf5",
            "facelist_2026-02-02.2.csv",
        ]
        assert (folder / "facelist_2026-02-02.2.csv").read_bytes() == TWO
        assert face_list.missing(version) == []

    def test_a_list_that_is_there_is_adopted_as_it_is(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        (folder / "facelist_2026-02-02.csv").write_bytes(TWO)
        inode = (folder / "facelist_2026-02-02.csv").stat().st_ino
        assert face_list.missing(version) == ["facelist.csv", "facedata.hdf5"]
        pull.pull_face_list(desired(place, version))
        assert (folder / "facelist_2026-02-02.csv").stat().st_ino == inode
        assert face_list.missing(version) == []

    def test_only_a_reading_of_every_byte_finds_what_rotted(self, place: Place, folder: Path) -> None:
        version = bring(place, "2026-02-02", TWO)
        assert face_list.flaws(version) == []
        path = folder / "facedata_2026-02-02.hdf5"
        time = path.stat().st_mtime_ns
        path.write_bytes(DATA[::-1])
        os.utime(path, ns=(time, time))
        checksum_cache.put(
            path, checksum_cache.read(path)._replace(sha256=sha256(DATA))
        )  # a disk that rots tells nobody
        assert (face_list.missing(version), face_list.flaws(version)) == ([], ["facedata.hdf5"])
        path.unlink()
        assert face_list.flaws(version) == ["facedata.hdf5"]
        (place.root / "facedata.hdf5").write_bytes(DATA)
        path.symlink_to(place.root / "facedata.hdf5")
        assert face_list.flaws(version) == ["facedata.hdf5"]

    def test_what_changes_before_it_is_recorded_is_not_held(
        self, place: Place, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        version = wanted(place, "2026-02-02", TWO)
        read = checksum_cache.read

        def read_and_change(path: Path) -> checksum_cache.Reading:
            reading = read(path)
            if path.parent == folder:
                path.write_bytes(path.read_bytes() + b"more")
            return reading

        monkeypatch.setattr(checksum_cache, "read", read_and_change)
        pull.pull_face_list(desired(place, version))
        assert face_list.missing(version) == ["facelist.csv", "facedata.hdf5"]

    def test_another_list_of_that_name_stays_and_is_refused(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        (folder / "facelist_2026-02-02.csv").write_bytes(ONE)
        with pytest.raises(Refusal) as caught:
            pull.pull_face_list(desired(place, version))
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
            pull.pull_face_list(desired(place, version))

    def test_wrong_bytes_are_never_placed(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        (place.registry / "face_recognition" / "2026-02-02" / "facelist.csv").write_bytes(ONE)
        with pytest.raises(Refusal, match=r"^face_recognition/2026-02-02/facelist\.csv: the registry's copy has"):
            pull.pull_face_list(desired(place, version))
        assert not (folder / "facelist_2026-02-02.csv").exists()


def make_current(version: Version) -> None:
    """What a switch of the data pump's set does."""
    files.link(version.directory / face_list.CURRENT, face_list.path_of(version, "facelist.csv").name)


@pytest.mark.usefixtures("folder")
class TestRequireSwitchable:
    def test_a_first_list_unlocks_nothing(self, place: Place) -> None:
        face_list.require_switchable(desired(place, bring(place, "2026-02-02", TWO)))

    def test_a_list_that_was_never_pulled(self, place: Place, folder: Path) -> None:
        version = wanted(place, "2026-02-02", TWO)
        assert refusal(desired(place, version)) == (
            f"{folder}/facelist_2026-02-02.csv: not there or not verified; run deploys/models.py"
        )

    def test_a_superset_locks_all_that_was_locked(self, place: Place) -> None:
        make_current(bring(place, "2026-01-01", ONE))
        face_list.require_switchable(desired(place, bring(place, "2026-02-02", TWO)))

    def test_lost_events_are_counted_and_refused(self, place: Place) -> None:
        make_current(bring(place, "2026-01-01", TWO))
        new = bring(place, "2026-02-02", HEAD)
        assert refusal(desired(place, new)) == (
            "face list 2026-02-02: lacks 2 events that the live list locks, so their recordings could be deleted; "
            "expected a list that holds them, or allow it with --data unlock=yes"
        )

    def test_the_same_event_id_of_another_day_is_another_event(self, place: Place) -> None:
        make_current(bring(place, "2026-01-01", ONE))
        new = bring(place, "2026-02-02", HEAD + b"2026-09-09,e1,ann\n")
        assert "lacks 1 event" in refusal(desired(place, new))

    def test_unlocking_is_allowed_to_whom_asks_for_it(self, place: Place) -> None:
        make_current(bring(place, "2026-01-01", TWO))
        new = bring(place, "2026-02-02", ONE)
        refusal(desired(place, new))
        face_list.require_switchable(desired(place, new, NO_OPTIONS._replace(unlock=True)))

    @pytest.mark.parametrize("quote", ["", '"', "'"])
    def test_the_list_that_the_data_pump_reads_is_live_too(self, place: Place, quote: str) -> None:
        (place.root / "by-hand.csv").write_bytes(TWO)
        named = f"{quote}{place.root}/by-hand.csv{quote}"
        (place.root / "datapump.yaml").write_text(f"port: 1\nfacefile: {named}  # mine\n")
        new = bring(place, "2026-02-02", ONE)
        make_current(new)
        assert "lacks 1 event" in refusal(desired(place, new))

    def test_a_config_that_is_no_text_names_no_list(self, place: Place) -> None:
        (place.root / "datapump.yaml").write_bytes(b"facefile: \xff\n")
        face_list.require_switchable(desired(place, bring(place, "2026-02-02", ONE)))

    def test_a_link_to_nothing_locks_nothing(self, place: Place, folder: Path) -> None:
        (folder / face_list.CURRENT).symlink_to("gone.csv")
        face_list.require_switchable(desired(place, bring(place, "2026-02-02", ONE)))

    def test_a_file_where_the_link_should_be_is_live(self, place: Place, folder: Path) -> None:
        (folder / face_list.CURRENT).write_bytes(TWO)
        assert "lacks 1 event" in refusal(desired(place, bring(place, "2026-02-02", ONE)))

    @pytest.mark.parametrize("column", ["date", "event"])
    def test_a_list_without_its_columns(self, place: Place, folder: Path, column: str) -> None:
        make_current(bring(place, "2026-01-01", ONE))
        bad = (HEAD + b"1,2,3\n").replace(column.encode(), b"other")
        (folder / "facelist_2026-01-01.csv").write_bytes(bad)
        assert refusal(desired(place, bring(place, "2026-02-02", TWO))) == (
            f"{folder}/facelist_2026-01-01.csv: no column '{column}'; expected a face list with date and event"
        )

    def test_a_list_that_is_no_csv(self, place: Place, folder: Path) -> None:
        make_current(bring(place, "2026-01-01", ONE))
        (folder / "facelist_2026-01-01.csv").write_bytes(HEAD + b'"' + b"x" * 200_000)
        assert refusal(desired(place, bring(place, "2026-02-02", TWO))) == (
            f"{folder}/facelist_2026-01-01.csv: field larger than field limit (131072); expected a face list in CSV"
        )

    def test_a_list_in_another_encoding_is_compared_byte_by_byte(self, place: Place) -> None:
        make_current(bring(place, "2026-01-01", HEAD + b"2026-01-01,\xe9,ann\n"))
        same = bring(place, "2026-02-02", HEAD + b"2026-01-01,\xe9,ben\n")
        face_list.require_switchable(desired(place, same))
        other = bring(place, "2026-03-03", HEAD + b"2026-01-01,\xe8,ben\n")
        assert "lacks 1 event" in refusal(desired(place, other))


@pytest.mark.usefixtures("folder")
class TestUnlockedBy:
    """What going back to a stored set would unlock."""

    def stored(self, place: Place, name: str | None) -> StoredSet:
        text = f"facefile: {place.root}/face_recognition/facelist_{name}.csv\n" if name else "port: 1\n"
        config = installed(place.root / "datapump.yaml", text)
        sets.put(service_set("d1", installed(place.root / "other.yaml", "x"), config), "c0ffee")
        return sets.load("engine", "d1")

    def test_the_events_that_the_current_list_alone_locks(self, place: Place) -> None:
        bring(place, "2026-01-01", HEAD)
        make_current(bring(place, "2026-02-02", TWO))
        assert face_list.unlocked_by(self.stored(place, "2026-01-01")) == 2

    def test_the_events_that_the_data_pumps_list_alone_locks(self, place: Place, folder: Path) -> None:
        make_current(bring(place, "2026-01-01", ONE))
        bring(place, "2026-02-02", TWO)
        (place.root / "datapump.yaml").write_text(f"facefile: {folder}/facelist_2026-02-02.csv\n")
        assert face_list.unlocked_by(self.stored(place, "2026-01-01")) == 1

    def test_a_list_that_holds_them_all_unlocks_none(self, place: Place) -> None:
        bring(place, "2026-02-02", TWO)
        make_current(bring(place, "2026-01-01", ONE))
        assert face_list.unlocked_by(self.stored(place, "2026-02-02")) == 0

    def test_a_set_without_a_list_unlocks_none(self, place: Place) -> None:
        make_current(bring(place, "2026-02-02", TWO))
        assert face_list.unlocked_by(self.stored(place, None)) == 0


def test_hosts_without_a_face_list_have_nothing_to_do(place: Place) -> None:
    pull.pull_face_list(place.desired())
    face_list.require_switchable(place.desired())
