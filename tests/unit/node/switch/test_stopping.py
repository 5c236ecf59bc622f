"""A service is stopped, and the lists that its tasks write in place are whole afterwards: D3."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from node import layout
from node.machine import services
from node.store import disk, files, history
from node.store.service_set import Named
from node.switch import stopping
from tests.unit.node.places import Place, request, tree, uid

LIST = "date,event,name\n" + "".join(f"2026-01-01,e{n},anna\n" for n in range(50))


@pytest.fixture
def path(place: Place) -> Path:
    """The live list, and face data beside it."""
    folder = place.models / "faces" / "2026-02-02"
    folder.mkdir(parents=True)
    (folder / "data.hdf5").write_bytes(b"rows")
    (folder / "list.csv").write_text(LIST)
    os.chown(folder / "list.csv", uid(), uid())
    return folder / "list.csv"


@pytest.fixture
def stop(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Stop the service while one of its tasks leaves this in the list."""

    def run(left: str) -> None:
        monkeypatch.setattr(services, "stop", lambda *_: path.write_text(left))
        named = [Named(path, "ab", linked=True), Named(path.with_name("data.hdf5"), "cd", linked=True)]
        stopping.stop("engine.service", named, request("d1"))

    return run


@pytest.mark.parametrize(
    "left",
    ["", LIST[:700], LIST[: LIST.index("e30")], LIST[: LIST.index("2026-01-01,e30")], LIST[:-3], LIST + "2026-01\n"],
)
def test_a_list_that_was_cut_short_is_put_back_and_told(
    path: Path, stop: Callable[[str], None], left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stop(left)
    assert (path.read_text(), path.stat().st_uid, path.stat().st_mode & 0o777) == (LIST, uid(), 0o644)
    [entry] = history.entries()
    assert (entry.outcome, entry.service) == (history.RESTORED, "engine")
    assert entry.reason is not None
    aside = entry.reason.rpartition(" ")[2]
    assert entry.reason == f"{path}: cut short by the stop; it is again as it was just before; what was left: {aside}"
    assert Path(aside).read_text() == left
    assert not capsys.readouterr().out


@pytest.mark.parametrize("left", [LIST, LIST + "2026-01-02,e50,ben\n", LIST.replace("anna", "ben")])
def test_one_that_a_task_had_finished_stays(path: Path, stop: Callable[[str], None], left: str) -> None:
    stop(left)
    assert path.read_text() == left
    assert history.entries() == []


def test_a_list_that_is_gone_is_put_back_too(
    path: Path, stop: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_text", lambda there, _: there.unlink())
    stop("")
    assert path.read_text() == LIST
    [entry] = history.entries()
    assert str(entry.reason).endswith("; what was left: nothing")


def test_one_that_is_too_long_to_be_read_does_not_keep_it_from_stopping(
    path: Path, stop: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it did, a return would not end, and the service would stay down."""
    monkeypatch.setattr(disk, "MOST", 100)
    stop("half")
    assert (path.read_text(), history.entries()) == ("half", [])


def test_lists_alone_are_copied_and_the_copy_of_a_whole_one_goes(path: Path, stop: Callable[[str], None]) -> None:
    """What is held open for as long as it is written is waited for instead."""
    stop(LIST[:700])
    assert sorted(tree(layout.backups()).values()) == sorted([LIST.encode(), LIST[:700].encode()])
    stop(LIST)
    assert len(tree(layout.backups())) == 2
    path.write_text(LIST.replace("anna", "ben"))
    stop(LIST.replace("anna", "ben"))
    assert len(tree(layout.backups())) == 2


def test_a_full_disk_does_not_keep_it_from_stopping(
    path: Path, stop: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "copy", full)
    stop("half")
    assert path.read_text() == "half"


def test_a_restored_list_does_not_make_a_set_one_that_was_not_healthy() -> None:
    history.add(request("d1"), None, history.CHOSEN, None)
    history.add(request("d1"), "d1", history.RESTORED, "list.csv")
    assert history.was_healthy("engine", "d1")


def test_what_is_no_list_at_all_counts_as_cut_short(path: Path, stop: Callable[[str], None]) -> None:
    stop('"' + "x" * 200_000 + "\n")
    assert path.read_text() == LIST
