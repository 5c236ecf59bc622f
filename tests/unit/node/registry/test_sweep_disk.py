"""A sweep on a disk that is full, fails, or lets it not write: what that keeps is named, and the rest goes."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.errors import Refusal
from node.registry.sweep import freed_by
from node.store import files
from tests.unit.node.places import manifest_of, tree
from tests.unit.node.registry import test_sweep
from tests.unit.node.registry.sweeping import (
    BOTH,
    NOTHING_DUE,
    Depot,
    ago,
    lines,
    put,
    remember,
    remembered,
    removed,
    store,
    sweep,
    tell,
)

depot, due = test_sweep.depot, test_sweep.due
FULL = "No space left on device; mend that and run again"
RETIRED = ".retired-2019-01-01"


def failing(
    patch: pytest.MonkeyPatch, change: str, name: str = "", times: int = 1000, fault: int = errno.ENOSPC
) -> None:
    """So many changes of this kind, of what has this name, find the disk full, or otherwise at fault."""
    left = [times]

    def fail(moment: str, path: Path) -> None:
        if moment == "before " + change and name in path.name and left[0]:
            left[0] -= 1
            raise OSError(fault, os.strerror(fault))

    patch.setattr(files, "observer", fail)


def test_a_full_disk_below_the_log(depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [removed(depot, folder) for folder in due]
    with monkeypatch.context() as patch:
        failing(patch, "append", times=1)
        assert sweep(depot) == [f"{depot.log}: {FULL}"]
    assert lines(depot) == expected[1:]
    assert sweep(depot) == []
    assert lines(depot) == [*expected[1:], *expected[:1]]
    assert tree(depot.registry) == {}


def test_a_disk_that_stays_full_hides_no_problem(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the sweep says last finds it full as well."""
    expected = [removed(depot, folder) for folder in due]
    with monkeypatch.context() as patch:
        failing(patch, "append")
        assert sweep(depot) == [f"{depot.log}: {FULL}"] * 3
    assert lines(depot) == []
    assert sweep(depot) == []
    assert lines(depot) == expected


def test_a_disk_that_is_full_of_what_is_due_is_freed(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory, log and registry are on it: nothing can be written before the first version is removed."""
    expected = [removed(depot, folder) for folder in due]

    def fail(moment: str, path: Path) -> None:
        if moment in ("before write", "before append") and len(list(depot.registry.rglob("cats.bin"))) == len(due):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(files, "observer", fail)
        assert sweep(depot) == []
    assert tree(depot.registry) == {}
    assert lines(depot) == expected
    assert sweep(depot) == []
    assert lines(depot) == [*expected, NOTHING_DUE]


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT])
def test_a_memory_whose_disk_stays_full(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    """It is another than the registry's. What goes is told once, and the rest of it goes later."""
    expected = [removed(depot, folder) for folder in due]
    with monkeypatch.context() as patch:
        failing(patch, "write", "sweeps.json", fault=fault)
        assert sweep(depot) == [f"{layout.sweeps()}: {os.strerror(fault)}; mend that and run again"] * 3
    assert not any(folder.exists() for folder in due)
    assert sweep(depot) == []
    assert tree(depot.registry) == {}
    assert lines(depot)[:2] == expected
    assert not any(line.startswith("removed") for line in lines(depot)[2:])


def test_a_memory_that_cannot_be_written(depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not on record is not renamed; it stays counted."""
    before = tree(depot.registry)
    with monkeypatch.context() as patch:
        failing(patch, "write", "sweeps.json", fault=errno.EIO)
        assert sweep(depot) == [f"{layout.sweeps()}: Input/output error; mend that and run again"] * 3
    assert tree(depot.registry) == before
    assert lines(depot) == [NOTHING_DUE]
    shutil.rmtree(layout.sweeps().parent)
    assert sweep(depot) == [f"{layout.sweeps()}: No such file or directory; mend that and run again"]
    assert all(folder.exists() for folder in due)


def test_a_full_disk_below_the_registry(depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename needs room as well, at times."""
    expected = [removed(depot, folder) for folder in due]
    with monkeypatch.context() as patch:
        failing(patch, "rename", RETIRED)
        [problem] = sweep(depot)
        assert problem.endswith(FULL)
    assert [folder.exists() for folder in due] == [True, False]
    assert sweep(depot) == []
    assert lines(depot) == [*expected[1:], *expected[:1]]


def test_a_model_s_folder_that_is_another_s(depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its versions cannot be renamed there."""
    other = store(depot, "2019-01-01", model="eels")
    remember(depot, *BOTH, "eels/2019-01-01")

    def refuse(moment: str, path: Path) -> None:
        if moment == "before rename" and path.parent == other.parent:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path.name)

    monkeypatch.setattr(files, "observer", refuse)
    assert sweep(depot) == [f"{other}: Permission denied; mend that and run again"]
    assert [folder.exists() for folder in (*due, other)] == [False, False, True]


def test_what_its_user_cannot_remove_is_not_begun(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = due[0]
    before = tree(folder)
    monkeypatch.setattr(os, "access", lambda name, _, dir_fd: dir_fd and name != folder.name)
    assert sweep(depot) == [f"{folder}: not writable for the clean-up's user; chown it and run again"]
    assert tree(folder) == before
    assert not due[1].exists()


@pytest.mark.parametrize("kind", ["file", "fifo", "link", "folder"])
def test_what_is_in_the_way_of_the_rename_stays(depot: Depot, due: list[Path], kind: str) -> None:
    """None of this project's own lies there but what was renamed: here the version came again meanwhile."""
    way = due[0].with_name(RETIRED)
    make: dict[str, Callable[[], Any]] = {
        "file": way.touch,
        "fifo": lambda: os.mkfifo(way),
        "link": lambda: way.symlink_to("2019-01-02"),
        "folder": lambda: (way / "mine").mkdir(parents=True),
    }
    make[kind]()
    expected = [removed(depot, each) for each in due]
    if kind == "folder":
        assert sweep(depot) == []
        assert lines(depot) == ["removed cats/2019-01-01, 0 bytes", expected[1]]
        assert remembered().counts["version cats/2019-01-01"].since == depot.now
    else:
        assert sweep(depot) == [f"{due[0]}: Not a directory; mend that and run again"]
        assert lines(depot) == expected[1:]
    assert [each.exists() for each in due] == [True, False]


def test_bytes_of_files_with_other_links_are_not_freed(depot: Depot) -> None:
    folder = store(depot, "2019-01-01", {"a.bin": b"1" * 100, "b.bin": b"2" * 10})
    (folder / "more").mkdir()
    (folder / "more" / "c.bin").write_bytes(b"3")
    (folder / "link").symlink_to("/etc/passwd")
    kept = depot.registry / "kept.bin"
    kept.hardlink_to(folder / "a.bin")
    freed = 10 + 1 + len(manifest_of("cats", "2019-01-01"))
    assert freed_by(folder) == freed
    tell()
    remember(depot, "cats/2019-01-01")
    assert sweep(depot) == []
    assert lines(depot) == [f"removed cats/2019-01-01, {freed} bytes; unneeded since {ago(depot, 7)}"]
    assert kept.read_bytes() == b"1" * 100
    assert Path("/etc/passwd").exists()


def test_bytes_that_came_while_it_was_at_work_are_told(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def come(moment: str, _: Path) -> None:
        if moment == "after append" and due[1].exists():
            (due[1] / "notes.txt").write_bytes(b"more")

    expected = freed_by(due[1]) + len(b"more")
    monkeypatch.setattr(files, "observer", come)
    assert sweep(depot) == []
    assert lines(depot)[1].startswith(f"removed cats/2019-01-02, {expected} bytes; ")


def test_a_leftover_that_nothing_is_remembered_of_is_finished(depot: Depot) -> None:
    left = store(depot, ".retired-2019-01-01")
    mine = [store(depot, ".retired-mine"), store(depot, ".retired-2019-01-02", model="Own"), store(depot, ".staging")]
    (depot.registry / "cats" / ".retired-2019-01-03").symlink_to(mine[0])
    size = freed_by(left)
    assert sweep(depot) == []
    assert (left.exists(), [each.exists() for each in mine]) == (False, [True, True, True])
    assert lines(depot)[0] == f"removed cats/2019-01-01, {size} bytes"


def test_a_version_that_came_again_is_not_its_leftover(depot: Depot) -> None:
    """It is counted anew, however long the other was not needed."""
    left, folder = store(depot, ".retired-2019-01-01", {"a": b"1"}), store(depot, "2019-01-01")
    tell()
    remember(depot, "cats/2019-01-01")
    line = "removed cats/2019-01-01, 7 bytes; unneeded since 2026-11-01T00:00:00Z"
    put(remembered()._replace(going={"cats/2019-01-01": line}))
    assert sweep(depot) == []
    assert (left.exists(), folder.exists()) == (False, True)
    assert lines(depot) == [line]
    assert remembered().going == {}
    assert remembered().counts["version cats/2019-01-01"].since == depot.now


def test_nothing_goes_that_could_not_be_put_on_record(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        os, "access", lambda name, _, dir_fd: dir_fd and name not in (depot.log.name, depot.log.parent.name)
    )
    for _ in ("no log yet", "a log"):
        with pytest.raises(
            Refusal, match=f"^{depot.log}: not writable for the clean-up's user; chown it and run again$"
        ):
            sweep(depot)
        depot.log.touch()
    assert all(folder.is_dir() for folder in due)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder", "huge"])
def test_nothing_goes_while_something_else_is_in_the_log_s_place(depot: Depot, due: list[Path], kind: str) -> None:
    before = tree(depot.registry)
    if kind == "fifo":
        os.mkfifo(depot.log)
    elif kind == "link":
        depot.log.symlink_to("/dev/null")
    elif kind == "folder":
        depot.log.mkdir()
    else:
        depot.log.touch()
        os.truncate(depot.log, 1 << 40)
    with pytest.raises((Refusal, OSError), match=f"{depot.log}"):
        sweep(depot)
    assert tree(depot.registry) == before
    assert all(folder.is_dir() for folder in due)
