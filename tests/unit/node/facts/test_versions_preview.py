"""What a deploy would cost: bytes that have to come, and events that a list would unlock."""

from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.desired_state import Version
from node.facts import versions as node_versions
from node.protocol.versions import Chosen, Preview, PreviewQuestion, StackSize
from node.pull import face_list
from node.store import checksum_cache, disk, sets
from tests.unit.node.places import Place, fill, installed, service_set, sha256

MODEL, A, B = "cats", b"aaaa", b"bb"
HEAD = b"date,event,name\n"
OLD_LIST = HEAD + b"2026-01-01,e1,ann\n"
NEW_LIST = OLD_LIST + b"2026-01-01,e1,ben\n2026-01-02,e2,ben\n"


NOTHING = PreviewQuestion(versions=[], face_lists=[], configs=[], stack=None, registry=None)


def asked(*versions: Version, **more: Any) -> Preview:
    return node_versions.preview(NOTHING._replace(versions=list(versions), **more))._replace(chosen=None)


class TestBytes:
    def test_what_is_not_there_has_to_come(self, place: Place) -> None:
        version = place.wanted(MODEL, "2026-02-02", {"a": A, "b": B})
        assert asked(version) == Preview(6, [])
        fill(version.directory, b"m", {"a": A})
        assert asked(version).bytes == 2
        fill(version.directory, b"m", {"b": B})
        assert asked(version).bytes == 0
        assert asked(version, place.wanted(MODEL, "2026-03-03", {"c": A})).bytes == 4

    def test_what_another_version_holds_is_taken_from_there(self, place: Place) -> None:
        held = place.held(MODEL, "2026-01-01", {"a": A})
        version = place.wanted(MODEL, "2026-02-02", {"other": A, "b": B})
        assert asked(version).bytes == 6  # nobody has read it yet
        path = held.directory / "a"
        checksum_cache.put(path, checksum_cache.read(path))
        assert asked(version).bytes == 2
        path.write_bytes(A + A)
        assert asked(version).bytes == 6

    def test_but_a_linked_file_is_not(self, place: Place) -> None:
        path = place.held(MODEL, "2026-01-01", {"a": A}).directory / "a"
        checksum_cache.put(path, checksum_cache.read(path))
        assert asked(place.wanted(MODEL, "2026-02-02", {"a": A}, linked=["a"])).bytes == 4

    def test_no_model_bytes_are_read_for_it(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        version = place.held(MODEL, "2026-01-01", {"a": A})
        monkeypatch.setattr(disk, "digest", None)
        assert asked(version, place.wanted(MODEL, "2026-02-02", {"a": A})).bytes == 4


def test_what_is_chosen_and_by_which_commit(place: Place) -> None:
    """H11: so that a checkout which lacks the commit refuses before it commits itself."""
    assert node_versions.preview(NOTHING).chosen == {}
    digest, commit = "ab" * 32, "c0ffee" * 6 + "c0ff"
    sets.put(service_set(digest, installed(place.root / "engine.yaml", "new")), commit, "0.1.0")
    assert node_versions.preview(NOTHING).chosen == {}
    sets.choose("engine", digest, None)
    assert node_versions.preview(NOTHING).chosen == {"engine": Chosen(digest, commit)}
    (layout.sets("engine") / digest / "set.json").write_bytes(b"")
    assert node_versions.preview(NOTHING).chosen == {}


class TestFaceLists:
    @pytest.fixture
    def folder(self, place: Place) -> Path:
        folder = place.root / "face_recognition"
        folder.mkdir()
        return folder

    def listed(self, place: Place, content: bytes) -> Version:
        version = place.wanted("face_recognition", "2025-02-25", {"facelist.csv": content, "facedata.hdf5": B})
        return version._replace(directory=place.root / "face_recognition")

    def ask(self, version: Version, *configs: Path, registry: "Path | None" = None) -> Preview:
        return asked(face_lists=[version], configs=list(configs), registry=registry)

    def live(self, folder: Path, content: bytes) -> None:
        path = folder / "facelist_2026-02-02.csv"
        path.write_bytes(content)
        (folder / "facelist_current.csv").symlink_to(path.name)

    def test_a_list_that_is_here(self, place: Place, folder: Path) -> None:
        self.live(folder, NEW_LIST)
        (folder / "facelist_2025-02-25.csv").write_bytes(OLD_LIST)
        assert self.ask(self.listed(place, OLD_LIST)) == Preview(2, [1])
        (folder / "facedata_2025-02-25.hdf5").write_bytes(B)
        assert self.ask(self.listed(place, OLD_LIST)) == Preview(0, [1])

    def test_one_that_holds_all(self, place: Place, folder: Path) -> None:
        self.live(folder, OLD_LIST)
        (folder / "facelist_2025-02-25.csv").write_bytes(NEW_LIST)
        assert self.ask(self.listed(place, NEW_LIST)).unlocked == [0]

    def test_the_one_that_a_config_names_is_live(self, place: Place, folder: Path) -> None:
        (folder / "other.csv").write_bytes(NEW_LIST)
        (folder / "facelist_2025-02-25.csv").write_bytes(OLD_LIST)
        config = place.root / "datapump.yaml"
        config.write_text(f"facefile: {folder / 'other.csv'}\n")
        elsewhere = place.root / "other.yaml"
        elsewhere.write_text(config.read_text())
        assert self.ask(self.listed(place, OLD_LIST)).unlocked == [0]
        assert self.ask(self.listed(place, OLD_LIST), elsewhere).unlocked == [0]
        assert self.ask(self.listed(place, OLD_LIST), config).unlocked == [1]

    def test_one_that_only_the_registry_here_has(self, place: Place, folder: Path) -> None:
        self.live(folder, NEW_LIST)
        version = self.listed(place, OLD_LIST)
        assert self.ask(version) == Preview(len(OLD_LIST) + 2, [None])
        assert self.ask(version, registry=place.registry).unlocked == [None]
        fill(place.registry / "face_recognition" / "2025-02-25", b"m", {"facelist.csv": OLD_LIST})
        assert self.ask(version, registry=place.registry).unlocked == [1]
        (folder / "facelist_2025-02-25.csv").write_bytes(NEW_LIST)
        assert self.ask(version, registry=place.registry).unlocked == [0]  # the one here is what would be live

    def test_the_live_one_unlocks_nothing(self, place: Place, folder: Path) -> None:
        (folder / "facelist_2025-02-25.csv").write_bytes(OLD_LIST)
        (folder / face_list.CURRENT).symlink_to("facelist_2025-02-25.csv")
        assert self.ask(self.listed(place, OLD_LIST)).unlocked == [0]
        assert sha256(OLD_LIST) == self.listed(place, OLD_LIST).files[0].sha256


class TestStacks:
    def test_one_that_is_not_unpacked_has_to_come(self, place: Place) -> None:
        del place
        stack = StackSize("d" * 64, 7)
        assert asked(stack=stack).bytes == 7
        (layout.coral() / ("d" * 64)).mkdir(parents=True)
        assert (asked(stack=stack).bytes, asked(stack=None).bytes) == (0, 0)
