"""What sweeps remember, in a folder of the registry's owner: what is damaged there begins all counting anew."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from node import codec, layout
from node.protocol.retention import Sweeps
from node.registry import roots
from node.store import history
from tests.unit.node.hostile import NO_TEXTS, trying
from tests.unit.node.places import tree
from tests.unit.node.registry import sweeping, test_sweep
from tests.unit.node.registry.sweeping import (
    BOTH,
    CLONE,
    NOTHING_DUE,
    Depot,
    ago,
    lines,
    put,
    remember,
    remembered,
    replace,
    store,
    sweep,
    tell,
)

depot, due = test_sweep.depot, test_sweep.due


def require_counted_anew(depot: Depot) -> None:
    """The sweep removes nothing, and the memory is mended, with all counts of now."""
    before = tree(depot.registry)
    assert sweep(depot) == []
    assert tree(depot.registry) == before
    assert lines(depot)[-1] == NOTHING_DUE
    assert {count.since for count in remembered().counts.values()} == {depot.now}
    assert layout.sweeps().lstat().st_nlink == 1
    assert not layout.sweeps().is_symlink()


@pytest.mark.parametrize("kind", ["none", "link", "fifo", "huge"])
def test_what_is_no_memory(depot: Depot, due: list[Path], kind: str) -> None:
    replace(layout.sweeps(), kind)
    require_counted_anew(depot)
    assert len(remembered().counts) == len(due) + 1  # and the clone


def test_a_folder_in_its_place_is_named_and_nothing_goes(depot: Depot, due: list[Path]) -> None:
    layout.sweeps().unlink()
    (layout.sweeps() / "mine").mkdir(parents=True)
    assert sweep(depot) == [f"{layout.sweeps()}: Is a directory; mend that and run again"]
    assert all(folder.exists() for folder in due)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"null", b"\xff", b"[" * 100_000, b"[NaN]", b"\0" * 1_000])
@pytest.mark.usefixtures("due")
def test_what_is_no_json(depot: Depot, content: bytes) -> None:
    layout.sweeps().write_bytes(content)
    require_counted_anew(depot)


TIMES: list[Any] = ["", "now", "2026-11-30", "2026-02-30T00:00:00Z", "2026-11-20T00:00:00Z\n", "9" * 1000, *NO_TEXTS]


def changed(depot: Depot, *path: str, value: object) -> None:
    """A memory of which one field is another."""
    remember(depot, *BOTH)
    data = json.loads(layout.sweeps().read_text())
    place = data
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    layout.sweeps().write_text(json.dumps(data))


@pytest.mark.usefixtures("due")
def test_what_is_no_time(depot: Depot) -> None:
    for value in TIMES:
        for path in (("at", "time"), ("counts", "version cats/2019-01-01", "since")):
            with trying(path, value):
                changed(depot, *path, value=value)
                require_counted_anew(depot)


@pytest.mark.usefixtures("due")
def test_what_was_counted_after_the_last_sweep_was_not(depot: Depot) -> None:
    changed(depot, "counts", "version cats/2019-01-02", "since", value=history.later(depot.now, 1))
    require_counted_anew(depot)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**400), None, True, "7", [], -1, 0])
@pytest.mark.usefixtures("due")
def test_what_is_no_uptime(depot: Depot, value: object) -> None:
    changed(depot, "at", "uptime", value=value)
    require_counted_anew(depot)


@pytest.mark.parametrize("field", ["at", "counts", "going"])
@pytest.mark.usefixtures("due")
def test_what_lacks_a_part_or_has_another(depot: Depot, field: str) -> None:
    for value in (*NO_TEXTS, ["a"], {"a": 7}):
        if (field, value) != ("counts", {}) and (field, value) != ("going", {}):
            with trying(value):
                changed(depot, field, value=value)
                require_counted_anew(depot)


@pytest.mark.parametrize("days", [0.51, 1, 6.9])
@pytest.mark.usefixtures("due")
def test_one_of_a_backup(depot: Depot, days: float) -> None:
    """No backup brings back when a file was changed last."""
    put(remembered()._replace(at=depot.moment._replace(time=ago(depot, days), boot="boot 0")))
    require_counted_anew(depot)


def test_one_of_a_long_sweep_is_none_of_a_backup(depot: Depot, due: list[Path]) -> None:
    """It names the beginning; the program has twelve hours."""
    put(remembered()._replace(at=depot.moment._replace(time=ago(depot, 0.49), boot="boot 0")))
    assert sweep(depot) == []
    assert not any(folder.exists() for folder in due)


@pytest.mark.usefixtures("due")
def test_one_that_was_written_without_a_synchronised_clock(depot: Depot) -> None:
    put(remembered()._replace(at=depot.moment._replace(is_synchronised=False)))
    require_counted_anew(depot)


@pytest.mark.parametrize("more", [-601, 601])
@pytest.mark.usefixtures("due")
def test_one_from_before_the_clock_was_set(depot: Depot, more: float) -> None:
    put(remembered()._replace(at=depot.moment._replace(uptime=depot.moment.uptime + more)))
    require_counted_anew(depot)


def test_what_it_says_of_others_removes_nothing(depot: Depot, tmp_path: Path) -> None:
    """It counts only: what goes is a version, in the registry, that no root names."""
    kept, outside = store(depot, "2019-01-01"), tmp_path / "outside"
    (outside / "2019-01-01").mkdir(parents=True)
    tell("cats/2019-01-01")
    remember(depot, "cats/2019-01-01")
    names = ["cats/2019-01-01", "../outside", "../outside/2019-01-01", "/etc", "", "cats/..", "cats/2019-01-02"]
    put(remembered()._replace(going=dict.fromkeys(names, "removed it")))
    before = tree(tmp_path / "registry")
    assert sweep(depot) == []
    assert tree(depot.registry) == before
    assert kept.exists()
    assert (outside / "2019-01-01").exists()
    assert lines(depot) == [NOTHING_DUE]


def test_the_old_roots_of_nobody_hold_nothing_up(depot: Depot, due: list[Path]) -> None:
    """They came from a backup, and nobody deploys who could write them anew: they end as if they had not."""
    tell(name="berta@ramrod:/gone", hosts=["lab1"])
    [path] = (each for each in (layout.roots() / "clones").iterdir() if "berta" in each.read_text())
    data = json.loads(path.read_text())
    data["time"] = ago(depot, 400)
    path.write_text(json.dumps(data))
    assert sweep(depot) == []
    assert lines(depot) == [f"nothing is removed: {path}: it came from a backup; a deploy writes it anew"]
    counts = dict(remembered().counts)
    for name, days in (("clone " + path.stem, roots.CLONE_DAYS), ("lost roots", roots.LOST_DAYS)):
        counts[name] = counts[name]._replace(since=ago(depot, days))
    put(Sweeps(depot.moment, counts, {}))
    depot.log.unlink()
    assert sweep(depot) == []
    assert not any(folder.exists() for folder in due)
    assert lines(depot)[-1].startswith("the roots of berta@ramrod:/gone, which ran last at ")
    assert codec.encode(remembered().going) == {}
    assert CLONE not in lines(depot)[-1]


def test_it_is_its_sweepers_alone(depot: Depot) -> None:
    sweep(depot)
    assert (layout.sweeps().stat().st_uid, layout.sweeps().stat().st_mode & 0o777) == (os.geteuid(), 0o644)
    assert sweeping.remembered().at == depot.moment
