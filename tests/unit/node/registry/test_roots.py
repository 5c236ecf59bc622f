"""The roots: what a clone and its hosts need, and since when. A damaged file lets nothing go, and nothing be added."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from node import codec, layout
from node.errors import Refusal
from node.protocol.retention import AddRoots, Clone, HostReferences, Reference
from node.registry import roots
from node.registry.roots import Roots, clone_id
from node.store import files, history
from tests.unit.node.hostile import trying
from tests.unit.node.registry.sweeping import CLONE, replace, tell

ID = clone_id(CLONE)
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> str:
    """It stands still."""
    now = history.now()
    monkeypatch.setattr(history, "now", lambda: now)
    return now


def add(versions: Mapping[str, str], hosts: Mapping[str, HostReferences], name: str = CLONE) -> None:
    roots.add(AddRoots(Clone(name, dict(versions), sorted(hosts), 3), dict(hosts), "anna@ramrod"))


def sets(*labels: str, is_complete: bool = True) -> HostReferences:
    return HostReferences(dict.fromkeys(labels, "in a set"), is_complete)


def needed(host: str = "lab1") -> list[str]:
    return list(roots.read().hosts[host].versions)


def file_of(host: str) -> Path:
    return layout.roots() / "hosts" / (host + ".json")


def older(path: Path, by: str) -> str:
    """A file says that it was written earlier than it was, as one of a backup does. Returns what it says."""
    data = json.loads(path.read_text())
    data["time"] = by
    path.write_text(json.dumps(data))
    return by


def test_where_there_are_none() -> None:
    assert roots.read() == Roots({}, {}, {})
    with pytest.raises(FileNotFoundError), roots.locked():
        pass
    assert not layout.roots().exists()


def test_what_was_written_is_read(now: str) -> None:
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2025-01-01.2"), "east": sets()})
    found = roots.read()
    assert found.clones[ID]._replace(versions={}) == (CLONE, now, {}, ["east", "lab1"], 3)
    assert found.clones[ID].versions == {"cats/2026-01-01": Reference("current", now)}
    assert found.hosts["lab1"] == ("anna@ramrod", now, {"cats/2025-01-01.2": Reference("in a set", now)})
    assert (sorted(found.hosts), found.restored) == (["east", "lab1"], {})


def test_everybody_can_read_them_and_root_alone_write_them() -> None:
    add({}, {"lab1": sets()})
    folders = {layout.roots(), layout.roots() / "hosts", layout.roots() / "clones"}
    found = [*folders, *(path for folder in folders for path in folder.glob("*.json"))]
    assert len(found) == 5
    for path in found:
        assert (path.stat().st_mode & 0o7777, path.stat().st_uid) == (0o755 if path in folders else 0o644, 0)


def test_what_does_not_change_is_not_written() -> None:
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01")})
    before = {path: path.stat().st_ino for path in layout.roots().rglob("*")}
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01")})
    assert {path: path.stat().st_ino for path in layout.roots().rglob("*")} == before


def test_after_a_day_it_is_told_anew_and_since_when_it_is_needed_stays(
    monkeypatch: pytest.MonkeyPatch, now: str
) -> None:
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01")})
    for seconds, time in ((DAY - 1, now), (DAY, history.later(now, DAY))):
        monkeypatch.setattr(history, "now", lambda seconds=seconds: history.later(now, seconds))
        add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01")})
        found = roots.read()
        assert (found.clones[ID].time, found.hosts["lab1"].time) == (time, time)
    assert found.clones[ID].versions["cats/2026-01-01"].since == now
    assert found.hosts["lab1"].versions["cats/2026-01-01"].since == now


def test_a_host_s_roots_are_narrowed_by_who_has_read_its_sets_alone() -> None:
    add({}, {"lab1": sets("cats/2025-01-01")})
    add({}, {"lab1": sets("cats/2026-01-01", is_complete=False)})
    assert needed() == ["cats/2025-01-01", "cats/2026-01-01"]
    add({}, {"lab1": sets("cats/2026-01-01")})
    assert needed() == ["cats/2026-01-01"]


def test_what_another_clone_references_stays_with_a_host() -> None:
    add({"cats/2025-01-01": "current"}, {"lab1": sets("cats/2025-01-01", "dogs/2025-01-01")})
    add({}, {"lab1": sets()}, "berta@ramrod:/site")
    assert needed() == ["cats/2025-01-01"]
    add({}, {"lab1": sets()})
    assert needed() == []


def test_a_host_that_is_not_told_of_keeps_its_roots() -> None:
    add({}, {"lab1": sets("cats/2025-01-01")})
    before = file_of("lab1").read_bytes()
    add({}, {"east": sets()})
    assert file_of("lab1").read_bytes() == before


def test_of_a_host_whose_sets_were_not_read_no_file_is_made() -> None:
    """It would look as if all that it needs were known."""
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01", is_complete=False)})
    assert roots.read().hosts == {}
    assert list(roots.read().clones) == [ID]


def changed(path: Path) -> str:
    """When a file was changed last: no test sets that, either."""
    return history.at(path.stat().st_ctime)


@pytest.mark.parametrize("seconds", [-3600, -660, 660, 2 * DAY])
def test_what_came_from_a_backup_is_told_of_and_written_anew(now: str, seconds: int) -> None:
    """No backup brings back when a file was changed last."""
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01")})
    paths = [layout.roots() / "clones" / (ID + ".json"), file_of("lab1")]
    for path in paths:
        older(path, history.later(now, -seconds))
    times = [changed(path) for path in paths]
    assert roots.read().restored == dict(zip(paths, times, strict=True))
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01", is_complete=False)})
    assert roots.read().restored == {paths[1]: times[1]}
    add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01")})
    assert roots.read().restored == {}
    assert roots.read().lost == max(times), "that others may have told of more, stays known"


@pytest.fixture
def later(now: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A moment that is told from `now`, as long as a test does."""
    later = history.later(now, 60)
    monkeypatch.setattr(history, "now", lambda: later)
    return later


def lose(path: Path) -> None:
    path.unlink()


def tear(path: Path) -> None:
    path.write_text("{")


@pytest.mark.parametrize(
    ("has_told", "harm", "is_lost"), [(True, lose, True), (False, lose, False), (True, tear, False)]
)
def test_what_a_clone_has_told_and_is_not_there_was_lost(
    later: str, has_told: bool, harm: Callable[[Path], None], is_lost: bool
) -> None:
    """And with it perhaps what others told. A damaged file held all sweeps until now."""
    add({"cats/2026-01-01": "current"}, {})
    assert roots.read().lost is None
    harm(layout.roots() / "clones" / (ID + ".json"))
    roots.add(AddRoots(Clone(CLONE, {}, [], 3, has_told), {}, "anna@ramrod"))
    assert roots.read().lost == (later if is_lost else None)


def test_what_was_noted_of_the_lost_ones_is_kept_until_more_are_lost(now: str, later: str) -> None:
    lost = layout.roots() / "lost.json"
    add({}, {})
    lost.write_text(json.dumps({"time": now, "since": history.later(now, -7 * DAY)}))
    add({}, {"lab1": sets()})
    assert roots.read().lost == history.later(now, -7 * DAY)
    older(file_of("lab1"), history.later(now, -DAY))
    since = changed(file_of("lab1"))
    add({}, {})
    assert json.loads(lost.read_text()) == {"time": later, "since": since}


def test_a_damaged_note_of_the_lost_ones_holds_until_a_deploy(later: str) -> None:
    add({}, {})
    lost = layout.roots() / "lost.json"
    lost.write_text("{")
    lost.with_name("another.json").write_text("of somebody else's")
    assert list(roots.read().damaged) == [lost]
    add({}, {})
    assert (roots.read().damaged, roots.read().lost) == ({}, later)


@pytest.mark.parametrize("seconds", [-540, 0, 540])
def test_a_file_that_says_when_it_was_written_came_from_no_backup(now: str, seconds: int) -> None:
    add({}, {"lab1": sets()})
    older(file_of("lab1"), history.later(now, -seconds))
    assert roots.read().restored == {}


LABELS = ["", "cats", "cats/", "/2026-01-01", "cats/2026-02-30", "cats/2026-01-01.1", "cats/../2026-01-01"]
LABELS += ["Cats/2026-01-01", "cats/2026-01-01/x", "cats\n/2026-01-01", "cats/2026-01-01\n", "cats/２026-01-01"]


def test_a_label_that_is_none_is_not_written() -> None:
    for label in LABELS:
        with trying(label):
            for versions, host in (({label: "current"}, sets()), ({}, sets(label))):
                with pytest.raises(Refusal, match=r"^roots: found "):
                    add(versions, {"lab1": host})
            assert not layout.roots().exists()


@pytest.mark.parametrize("host", ["", ".", "..", "../lab1", "/etc", ".lab1", "a b", "lab1\n"])
def test_a_host_that_is_none_is_not_written(host: str) -> None:
    with pytest.raises(Refusal, match=r"^roots: found .*; expected MODEL/VERSION, names of hosts, and lines$"):
        add({}, {host: sets()})
    with pytest.raises(Refusal, match=r"^roots: found .*; expected MODEL/VERSION, names of hosts, and lines$"):
        roots.add(AddRoots(Clone(CLONE, {}, [host], 3), {}, "anna@ramrod"))
    assert not layout.roots().exists()


@pytest.mark.usefixtures("impatient")
def test_two_at_once() -> None:
    add({}, {"lab1": sets("cats/2025-01-01")})
    with roots.locked(), pytest.raises(Refusal, match="another is at work on the roots; run again"):
        add({}, {"lab1": sets()})
    assert needed() == ["cats/2025-01-01"]


DAMAGE = [
    "folder",
    "fifo",
    "link",
    "huge",
    "",
    "[" * 100_000,
    '{"by": "anna',
    '{"by": "a", "time": "now", "versions": {}}',
]


@pytest.mark.parametrize("kind", DAMAGE, ids=lambda kind: kind[:20])
def test_a_damaged_file_is_named_and_written_anew_by_a_run_of_its_host(kind: str) -> None:
    add({}, {"lab1": sets("cats/2025-01-01"), "east": sets()})
    replace(file_of("lab1"), kind)
    assert list(roots.read().damaged) == [file_of("lab1")]
    add({"cats/2026-01-01": "current"}, {"east": sets("cats/2026-01-01")})
    assert list(roots.read().damaged) == [file_of("lab1")]
    if kind != "folder":  # which node/mend.py sets aside
        add({}, {"lab1": sets("cats/2026-01-01")})
        assert (roots.read().damaged, list(roots.read().hosts["lab1"].versions)) == ({}, ["cats/2026-01-01"])


def test_while_a_clone_s_file_is_damaged_no_host_s_is_narrowed() -> None:
    """That clone may be about to bring it there."""
    add({}, {"lab1": sets("cats/2025-01-01")}, name="anna@ramrod:/site")
    [path] = (layout.roots() / "clones").iterdir()
    path.write_text("{")
    add({}, {"lab1": sets()}, name="bert@ramrod:/site")
    assert list(roots.read().hosts["lab1"].versions) == ["cats/2025-01-01"]


def test_what_a_power_cut_left_of_a_write_and_what_is_no_root_is_left_out() -> None:
    add({}, {"lab1": sets("cats/2025-01-01")})
    for name in (".lab1.json.new", "notes.txt"):
        file_of("lab1").with_name(name).write_text("{")
    assert list(roots.read().hosts) == ["lab1"]


def test_what_a_newer_program_adds_is_read_over() -> None:
    tell("cats/2026-01-01", lab1=["cats/2026-01-01"])
    data = json.loads(file_of("lab1").read_text())
    file_of("lab1").write_text(json.dumps({**data, "more": 1}))
    assert codec.encode(roots.read().hosts["lab1"]) == data


def test_a_full_disk_leaves_the_old_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clone's are written first: what is about to be needed is never less known than what was."""
    add({}, {"lab1": sets("cats/2025-01-01")})

    def full(moment: str, path: Path) -> None:
        if moment == "before sync" and path.name == ".lab1.json.new":
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "observer", full)
    with pytest.raises(OSError, match="No space left"):
        add({"cats/2026-01-01": "current"}, {"lab1": sets("cats/2026-01-01")})
    assert needed() == ["cats/2025-01-01"]
    assert list(roots.read().clones[ID].versions) == ["cats/2026-01-01"]
