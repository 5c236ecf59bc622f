"""The sweep of the registry: what nothing needs goes, with a line that says what that freed; all else stays."""

import os
from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.protocol.retention import Count
from node.registry import roots
from node.registry.sweep import freed_by
from node.store import files, lock
from tests.unit.node.places import manifest_of, sha256, tree, uid
from tests.unit.node.registry import sweeping
from tests.unit.node.registry.sweeping import (
    BOTH,
    NOTHING_DUE,
    Depot,
    ago,
    lines,
    remember,
    remembered,
    store,
    sweep,
    tell,
)


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return sweeping.make(tmp_path)


@pytest.fixture
def due(depot: Depot) -> list[Path]:
    """Two versions that are due."""
    tell()
    remember(depot, *BOTH)
    return [store(depot, "2019-01-01"), store(depot, "2019-01-02")]


def test_what_is_due_goes_with_a_line_and_the_rest_stays(depot: Depot) -> None:
    due, later, other = store(depot, "2019-01-01"), store(depot, "2019-01-02"), store(depot, "2019-01-01.2")
    in_use = store(depot, "2019-01-03")
    tell("cats/2019-01-01.2", lab1=["cats/2019-01-03"])
    remember(depot, "cats/2019-01-01", "cats/2019-01-01.2", "cats/2019-01-03")
    size = len(b"meow" * 10) + len(manifest_of("cats", "2019-01-01"))
    before = tree(depot.registry)
    assert sweep(depot) == []
    assert tree(depot.registry) == {name: content for name, content in before.items() if "2019-01-01/" not in name}
    assert sorted((depot.registry / "cats").iterdir()) == [other, later, in_use]
    assert lines(depot) == [f"removed cats/2019-01-01, {size} bytes; unneeded since {ago(depot, 7)}"]
    assert due not in (depot.registry / "cats").iterdir()


def test_what_has_gone_does_not_come_back_with_a_power_cut(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Path]] = []
    monkeypatch.setattr(files, "observer", lambda moment, path: told.append((moment, path)))
    assert sweep(depot) == []
    for each in due:
        gone = told.index(("after remove", each.with_name(f".retired-{each.name}")))
        assert told[gone + 1] == ("before sync", each.parent)


def test_again_it_does_nothing_and_says_so(depot: Depot, due: list[Path]) -> None:
    sweep(depot)
    before = lines(depot)
    assert len(before) == len(due)
    assert sweep(depot) == []
    assert lines(depot) == [*before, NOTHING_DUE]
    assert remembered().going == {}


@pytest.mark.parametrize(("days", "stays"), [(5.9, True), (6, False), (35, False), (35.1, True)])
def test_it_goes_from_the_sixth_day_to_the_thirty_fifth(depot: Depot, days: float, stays: bool) -> None:
    folder = store(depot, "2019-01-01")
    tell()
    remember(depot, "cats/2019-01-01", days=days)
    assert sweep(depot) == []
    assert folder.exists() == stays


def test_the_first_sweep_counts_and_removes_nothing(depot: Depot) -> None:
    store(depot, "2019-01-01")
    tell()
    before = tree(depot.registry)
    assert sweep(depot) == []
    assert tree(depot.registry) == before
    assert lines(depot) == [NOTHING_DUE]
    manifest = sha256(manifest_of("cats", "2019-01-01"))
    assert remembered().counts["version cats/2019-01-01"] == Count(manifest, depot.now)
    assert remembered().at == depot.moment


def test_what_is_stored_anew_is_counted_anew(depot: Depot, due: list[Path]) -> None:
    sweep(depot)
    folder = store(depot, "2019-01-01")
    assert sweep(depot) == []
    assert folder.is_dir()
    assert remembered().counts["version cats/2019-01-01"].since == depot.now
    assert not due[1].exists()


def test_without_roots_it_removes_nothing(depot: Depot) -> None:
    folder = store(depot, "2019-01-01")
    remember(depot, "cats/2019-01-01")
    assert sweep(depot) == []
    assert folder.is_dir()
    assert lines(depot) == ["nothing is removed: no checkout has deployed for 90 days; a deploy tells what must stay"]
    assert not layout.roots().exists()


def test_while_a_host_is_unknown_it_removes_nothing(depot: Depot, due: list[Path]) -> None:
    tell(hosts=["lab1", "lab2"])
    assert sweep(depot) == []
    assert all(folder.is_dir() for folder in due)
    assert lines(depot) == ["nothing is removed: lab2: nothing is known of what it needs; a deploy of it tells"]


def test_a_held_sweep_forgets_nothing(depot: Depot, due: list[Path]) -> None:
    tell(hosts=["lab1", "lab2"])
    sweep(depot)
    tell()
    sweep(depot)
    assert not any(folder.exists() for folder in due)


def test_a_root_of_the_last_moment_keeps_its_version(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came after the decision, while another version was removed."""

    def need(moment: str, _: Path) -> None:
        if moment == "after append":
            monkeypatch.setattr(files, "observer", lambda *_: None)
            tell("cats/2019-01-02")

    monkeypatch.setattr(files, "observer", need)
    assert sweep(depot) == []
    assert [folder.exists() for folder in due] == [False, True]
    assert len(lines(depot)) == 1
    tell()
    assert sweep(depot) == []
    assert due[1].exists()  # the sweep has seen that it was needed
    assert remembered().counts["version cats/2019-01-02"].since == depot.now


@pytest.mark.usefixtures("impatient")
def test_from_that_look_to_the_rename_no_root_is_written(
    depot: Depot, due: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def need(moment: str, path: Path) -> None:
        if moment == "before rename" and path.name.startswith(layout.RETIRED):
            with pytest.raises(lock.Taken, match="another is at work on the roots; run again"):
                tell("cats/2019-01-01", "cats/2019-01-02")
            tried.append(path)

    monkeypatch.setattr(files, "observer", need)
    assert sweep(depot) == []
    assert len(tried) == len(due)


@pytest.mark.usefixtures("impatient")
def test_while_roots_are_written_nothing_goes(depot: Depot, due: list[Path]) -> None:
    with roots.locked():
        taken = f"{layout.roots()}: another is at work on the roots; run again"
        assert sweep(depot) == [taken, taken]
    assert all(folder.is_dir() for folder in due)


def test_the_log_is_the_registry_owners(depot: Depot, due: list[Path]) -> None:
    os.chown(depot.log.parent, uid(), -1)
    assert sweep(depot) == []
    assert (depot.log.stat().st_uid, depot.log.stat().st_mode & 0o777) == (uid(), 0o644)
    assert len(lines(depot)) == len(due)


def test_an_old_delete_list_is_left_in_peace_and_not_obeyed(depot: Depot, due: list[Path]) -> None:
    kept, spared = store(depot, "2019-01-03"), "2019-01-01"
    old: dict[str, Any] = {
        "list.json": f'[{{"model": "cats", "version": "{kept.name}"}}]',
        "seen.json": "{",
        "spared": spared,
    }
    (layout.STATE / "cleanup").mkdir()
    for name, content in old.items():
        (layout.STATE / "cleanup" / name).write_text(content)
    before = tree(layout.STATE / "cleanup")
    depot.log.write_text("2026-11-22T00:00:00Z removed cats/2018-01-01, 7 bytes; listed by anna@ramrod\n")
    old_log = depot.log.read_text()
    assert sweep(depot) == []
    assert tree(layout.STATE / "cleanup") == before
    assert (kept.exists(), due[0].exists()) == (True, False)
    assert depot.log.read_text().startswith(old_log)


def test_damaged_roots_hold_all(depot: Depot, due: list[Path]) -> None:
    path = layout.roots() / "hosts" / "lab1.json"
    path.write_text("{")
    before, counted = tree(depot.registry), remembered().counts
    assert sweep(depot) == []
    assert (tree(depot.registry), remembered().counts.items() >= counted.items()) == (before, True)
    assert freed_by(due[0]) > 0
    [line] = lines(depot)
    assert line.startswith(f"nothing is removed: {path}: damaged (")
