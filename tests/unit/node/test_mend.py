"""What is damaged of a node's own state is mended, or goes aside: nothing of it keeps a deploy from its work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node import layout, mend
from node.desired_state import DesiredState
from node.pull import access
from node.store import files, history, pending_switch, sets
from tests.unit.node.places import Place, begun, installed, request, service_set

Damage = Callable[[Path], object]


def _folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere")


@pytest.fixture
def desired(place: Place) -> DesiredState:
    """A node whose chosen set, d2, is wanted, and which could go back to d1."""
    wanted = [service_set(digest, installed(place.root / "engine.yaml", digest)) for digest in ("d1", "d2")]
    for each in wanted:
        sets.put(each, "c0ffee")
    sets.choose("engine", "d2", "d1")
    history.add(request("d2"), "d1", history.CHOSEN, None)
    access.make_key("node")
    access.install("certificate\n", "host key\n")
    files.folder(layout.roots() / "hosts")
    for path in (layout.switch_lock("engine"), layout.pull_lock(), layout.roots() / "hosts" / "lab1.json"):
        path.write_text("[]")
    return place.desired(sets=[wanted[1]])


def mended(desired: DesiredState) -> list[str]:
    """What is told, once."""
    told = mend.look(desired)
    mend.mend(desired)
    assert mend.look(desired) == []
    return told


def all_files() -> Iterator[Path]:
    return (path for path in sorted(layout.STATE.rglob("*")) if path.is_file() and not path.is_symlink())


def test_where_nothing_is_damaged_nothing_is_done(desired: DesiredState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "observer", lambda moment, path: pytest.fail(f"{moment} {path}"))
    assert mended(desired) == []


def test_a_bare_node_has_nothing_to_mend(place: Place) -> None:
    assert mended(place.desired()) == []


@pytest.mark.parametrize("damage", [_folder, _link])
def test_what_is_of_another_kind_goes_aside(desired: DesiredState, damage: Damage) -> None:
    """H1, H2, H6."""
    paths = [path for path in all_files() if "d1" not in path.parts]
    assert len(paths) == 10
    for path in paths:
        damage(path)
        told = mended(desired)
        assert told[0] == f"{path}: no file; it is set aside"
        assert [each.name for each in path.parent.glob(f".{path.name}.damaged-*")]
        assert path.parent.name != "files" or path.is_file()  # the set is stored anew at once
    sets.load("engine", "d2")


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 300])
def test_a_chosen_set_that_is_wanted_is_stored_anew(desired: DesiredState, content: bytes) -> None:
    for path in [path for path in all_files() if "d2" in path.parts]:
        path.write_bytes(content)
        assert mended(desired) == [f"{layout.sets('engine')}/d2: damaged; it is stored anew"]
        sets.load("engine", "d2")


def test_a_chosen_set_that_is_not_wanted_is_left_to_the_switch(desired: DesiredState) -> None:
    sets.choose("engine", "d1", "d2")
    (layout.sets("engine") / "d1" / "set.json").write_bytes(b"")
    assert mended(desired) == []


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 300])
def test_a_damaged_previous_set_is_no_set_to_go_back_to(desired: DesiredState, content: bytes) -> None:
    """H6."""
    (layout.sets("engine") / "d1" / "set.json").write_bytes(content)
    told = mended(desired)
    assert told == [f"{layout.sets('engine')}/previous: damaged; until the next switch there is no set to go back to"]
    assert sets.digest_of("engine", sets.PREVIOUS) is None
    assert sets.digest_of("engine", sets.CHOSEN) == "d2"


@pytest.mark.parametrize("target", ["nowhere", "/etc", "../engine"])
def test_a_previous_link_to_no_set(desired: DesiredState, target: str) -> None:
    link = layout.sets("engine") / "previous"
    link.unlink()
    link.symlink_to(target)
    assert len(mended(desired)) == 1
    assert not link.is_symlink()


@pytest.mark.parametrize("name", ["chosen", "previous", "installed"])
def test_a_file_in_the_place_of_a_link_goes_aside(desired: DesiredState, name: str) -> None:
    path = layout.sets("engine") / name
    files.remove(path)
    path.write_text("d1")
    assert mended(desired)[0] == f"{path}: no link; it is set aside"


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 300])
def test_a_note_of_a_switch_that_nobody_can_read_goes_aside(desired: DesiredState, content: bytes) -> None:
    pending_switch.put(begun("d2", "d1"))
    layout.pending("engine").write_bytes(content)
    [told] = mended(desired)
    assert told.endswith("; a deploy sets it aside")
    assert pending_switch.read("engine") is None
    assert sets.digest_of("engine", sets.CHOSEN) == "d2"


def test_a_file_in_the_place_of_a_folder_goes_aside(desired: DesiredState) -> None:
    for path in (layout.backups(), layout.checksum_cache(), layout.coral(), layout.coral() / layout.STAGING):
        files.remove(path)
        files.folder(path.parent)
        path.write_text("")
        assert mended(desired) == [f"{path}: no folder; it is set aside"]


def test_a_link_that_leads_a_folder_to_another_disk_is_none_of_it(desired: DesiredState, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    layout.backups().symlink_to(tmp_path / "elsewhere")
    assert mended(desired) == []
