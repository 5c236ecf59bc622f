"""Removing stacks, as versions of a model are removed: what goes, what stays, and what a kill leaves."""

from pathlib import Path
from typing import Any

import pytest

from node import layout, leftovers, prune
from node.coral import stack_contents, stacks
from node.desired_state import Stack, Version
from node.protocol.versions import ListVersions, Removal, Removed
from node.store import files, references, sets
from node.store.service_set import CORAL, SetStack
from tests.unit.node.disks import Disk
from tests.unit.node.places import Place, installed, service_set, sha256, tree
from tests.unit.node.simulated import quicken
from tests.unit.node.test_prune import NEW, OLD, hold, remove


def hold_stack(digest: str, version: str = OLD) -> Path:
    """A stack on the node, of two small files."""
    folder = layout.coral() / digest
    for name in ("python/a.py", "lib/libedgetpu.so.1"):
        files.folder((folder / name).parent)
        files.write(folder / name, b"code" * 10)
    pinned = Version(CORAL, version, "ab" * 32, folder, [])
    listed = {name: sha256(b"code" * 10) for name in ("python/a.py", "lib/libedgetpu.so.1")}
    rule = installed(folder / "coral.rules", "the rule", owner="root")
    stack_contents.write(folder, Stack(pinned, digest, "3.11", "bookworm", "arm64", "2.17.1", rule), listed)
    return folder


def choose_stack(digest: str, version: str) -> None:
    """A set that names a stack, as chosen; its table of models may be an older one's."""
    own = SetStack(version, "ab" * 32, digest, Path("/python"), Path("/engine"), ["/engine/lib"])
    sets.put(service_set("d1")._replace(stack=own), "c0ffee")
    sets.choose("engine", "d1", None)


def stack_entry(*digests: str, version: str = OLD) -> dict[str, Any]:
    names = ("contents.json", "python/a.py", "lib/libedgetpu.so.1")
    return {
        "model": "coral_packages", "version": version, "linked": {},
        "files": [f"{digest}/{name}" for digest in digests for name in names],
    }  # fmt: skip


def test_a_stack_that_has_gone_does_not_come_back_with_a_power_cut(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_stack("d1")
    told: list[tuple[str, Path]] = []
    monkeypatch.setattr(files, "observer", lambda moment, path: told.append((moment, path)))
    remove(place, stack_entry("d1"))
    assert told[-1] == ("after sync", layout.coral())
    assert ("after remove", layout.coral() / f".retired-{OLD}-d1") in told


def test_the_facts_tell_of_stacks_as_of_versions(place: Place) -> None:
    hold(place)
    first, _, damaged = hold_stack("d1"), hold_stack("d2", NEW), hold_stack("d3")
    (damaged / "contents.json").write_text("torn")
    (layout.coral() / ".staging").mkdir()
    (layout.coral() / ".retired-2024-01-01-d4" / "lib").mkdir(parents=True)
    (layout.coral() / ".retired-2024-01-01-d4" / "lib" / "x").write_bytes(b"half")
    (place.models / "coral_packages" / NEW).mkdir(parents=True)  # what another tool left there is no stack
    found = prune.look(ListVersions(place.models))
    assert [(each.model, each.version) for each in found.versions] == [
        ("cats", OLD), ("coral_packages", OLD), ("coral_packages", NEW),
    ]  # fmt: skip
    assert [file.name for file in found.versions[1].files] == [
        "d1/contents.json", "d1/lib/libedgetpu.so.1", "d1/python/a.py",
    ]  # fmt: skip
    assert sum(file.size for file in found.versions[1].files) == sum(map(len, tree(first).values()))
    [left] = found.leftovers
    assert (left.model, left.version) == ("coral_packages", "2024-01-01")
    assert [(file.name, file.size) for file in left.files] == [(".retired-2024-01-01-d4/lib/x", 4)]
    assert leftovers.of_models([]) == [str(layout.coral() / ".retired-2024-01-01-d4")]


def test_a_stack_goes_as_a_version_does(place: Place) -> None:
    files.folder(place.models)
    old, twin, new = hold_stack("d1"), hold_stack("d2"), hold_stack("d3", NEW)
    freed = sum(len(content) for folder in (old, twin) for content in tree(folder).values())
    left = layout.coral() / ".retired-2024-01-01-d4"
    left.mkdir()
    (left / "x").write_bytes(b"half")
    assert remove(place, stack_entry("d1", "d2")) == Removal(
        [Removed("coral_packages", "2024-01-01", 4), Removed("coral_packages", OLD, freed)], {}
    )
    assert list(layout.coral().iterdir()) == [new]
    assert stacks.is_verified("d3")
    assert remove(place, stack_entry("d1")).refused == {
        f"coral_packages/{OLD}": f"coral_packages/{OLD}: not on this node; versions of coral_packages that are: {NEW}"
    }


def test_a_stack_that_a_set_names_stays(place: Place) -> None:
    files.folder(place.models)
    old, new = hold_stack("d1"), hold_stack("d2", NEW)
    choose_stack("d2", NEW)
    assert references.of_stacks("engine") == {"d2": NEW}
    found = remove(place, stack_entry("d1"), stack_entry("d2", version=NEW))
    assert found.refused == {f"coral_packages/{NEW}": "a set names it by now; it stays"}
    assert (old.exists(), new.exists()) == (False, True)


def test_a_stack_is_called_what_the_set_that_names_it_calls_it(place: Place) -> None:
    """Two versions of the same packages are one folder."""
    files.folder(place.models)
    folder = hold_stack("d1")
    choose_stack("d1", NEW)
    assert [each.version for each in prune.look(ListVersions(place.models)).versions] == [NEW]
    assert list(remove(place, stack_entry("d1")).refused) == [f"coral_packages/{OLD}"]
    assert folder.is_dir()


def test_a_stack_with_a_file_of_somebody_stays(place: Place) -> None:
    files.folder(place.models)
    mine = hold_stack("d1") / "python" / "mine.py"
    mine.touch()
    assert remove(place, stack_entry("d1")).refused == {
        f"coral_packages/{OLD}": f"{mine}: not of this version; it stays; move that away and run again"
    }


def test_killed_at_any_point_a_stack_is_whole_or_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quicken(monkeypatch)
    disk = Disk(tmp_path / "node")
    monkeypatch.setattr(layout, "STATE", tmp_path / "node" / "state")
    place = Place(tmp_path / "node")
    files.folder(place.models)
    folder = hold_stack("d1")
    hold_stack("d2", NEW)
    before = tree(folder)
    monkeypatch.setattr(files, "observer", disk)

    def aftermath() -> None:
        assert not folder.exists() or tree(folder) == before
        remove(place, *([stack_entry("d1")] if folder.exists() else []))
        assert [path.name for path in layout.coral().iterdir()] == ["d2"]

    assert len(disk.run(lambda: remove(place, stack_entry("d1")), at_change=aftermath).states) >= 3
