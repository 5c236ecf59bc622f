"""A switch and an automatic rollback are killed at every change to the disk, and the power cut there.

After each: every named file is complete and verified, the live files are wholly one set, the service runs it, and
linked files are byte for byte what they were. Between one change and the next the disk stays as it is: one kill there
stands for "after" the one and "before" the other.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from node import layout
from node.store import checksum_cache, disk, history, pending_switch, sets
from node.store.pending_switch import PendingSwitch
from node.switch import automatic_rollback
from tests.unit.node.disks import Aftermath, Points
from tests.unit.node.places import at
from tests.unit.node.simulated import BAD, Node, look, quicken
from tests.unit.node.stories import (
    COMMIT,
    ENGINE,
    SERVICE,
    STORIES,
    Story,
    bare,
    fewer_files,
    healthy,
    other_link,
    unhealthy_after_an_older_tool,
    unhealthy_both,
)

Tell = Callable[[Node], Story]
Begin = Callable[[Tell], Story]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quicken(monkeypatch)


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begin a story on a node of its own; each has the same paths, for an adopted set's digest holds them."""
    numbers = itertools.count()

    def begin(tell: Tell) -> Story:
        with suppress(FileNotFoundError):
            (tmp_path / "node").rename(tmp_path / str(next(numbers)))
        return tell(Node(tmp_path / "node", monkeypatch))

    return begin


def undisturbed(begin: Begin, tell: Tell) -> Points:
    story = begin(tell)
    return story.node.run(story.switch)


def both(first: Aftermath, second: Aftermath) -> Aftermath:
    def both() -> None:
        first()
        second()

    return both


def after_a_kill(node: Node, aftermath: Aftermath | None = None) -> None:
    """The switch's unit failed: its OnFailure= runs. When that is killed too, systemd goes on before the aftermath."""
    settled = aftermath and both(node.systemd.settle, aftermath)
    node.run(lambda: automatic_rollback.recover(SERVICE), at_change=settled, at_flush=settled)
    node.systemd.settle()


def after_a_power_cut(node: Node, aftermath: Aftermath | None = None) -> None:
    node.cut_power()
    node.run(node.boot, at_change=aftermath, at_flush=aftermath)


def check(story: Story, pending: PendingSwitch | None) -> None:
    """All that is promised. `pending` is the note that the kill left."""
    assert pending_switch.read(SERVICE) is None
    chosen = sets.digest_of(SERVICE, sets.CHOSEN)
    assert chosen in (story.chosen, story.old, story.new.digest)
    is_new = chosen == story.new.digest
    expected_previous = story.old if is_new and chosen != story.chosen else story.previous
    assert sets.digest_of(SERVICE, sets.PREVIOUS) == expected_previous
    assert story.node.live() in (story.wanted if is_new else story.live, story.live if pending is None else None)
    _check_history(story, pending, chosen)
    _check_process(story, chosen, is_untouched=pending is None and chosen == story.chosen)
    _check_models(story, chosen)
    if not is_new:
        assert not story.node.systemd.enabled - story.enabled


def _check_history(story: Story, pending: PendingSwitch | None, chosen: str | None) -> None:
    last, wish = history.last(SERVICE), pending.request.digest if pending else story.new.digest
    if last is None or last.to != wish:
        assert (pending, chosen) == (None, story.chosen)
    elif chosen == wish:
        assert last.outcome in (history.CHOSEN, history.FAILED)
    else:
        assert last.outcome == history.ROLLED_BACK


def _check_process(story: Story, chosen: str | None, *, is_untouched: bool) -> None:
    """The live process has read the live files, all of them after the last of them was put."""
    process, home = story.node.systemd.unit(ENGINE), look(story.node.home)
    is_bad = any(BAD in text for text in home.values()) or (chosen == story.new.digest and not story.is_good)
    is_to_run = story.is_running if is_untouched else story.new.is_to_run and not is_bad
    assert (process.active == "active") == is_to_run
    if is_to_run:
        assert process.text == story.node.live()["units/" + ENGINE]
        assert process.read == home or (is_untouched and chosen == story.new.digest)
        if "ExecStartPre" in process.text:
            assert layout.started(SERVICE).read_text() == chosen


def _check_models(story: Story, chosen: str | None) -> None:
    assert {path: path.read_bytes() for path in story.linked} == story.linked
    for path in layout.backups().rglob("list.csv.*"):
        assert (
            path.read_bytes()
            == story.linked[story.node.models / path.parent.relative_to(layout.backups()) / "list.csv"]
        )
    if chosen is not None:
        for named in sets.load(SERVICE, chosen).content.named_files:
            assert named.linked or disk.sha256(named.path) == named.sha256
            assert named.linked or checksum_cache.holds(named.path, named.sha256)


def check_repeated(story: Story) -> None:
    """The same switch again ends as if nothing had been."""
    story.node.run(story.switch)
    story.node.systemd.settle()
    check(story, None)
    if story.is_good:
        assert sets.digest_of(SERVICE, sets.CHOSEN) == story.new.digest
        assert story.node.live() == story.wanted
        assert {ENGINE, *story.new.timers} <= story.node.systemd.enabled or not story.new.is_to_run
    copies = [path.read_bytes() for path in layout.backups().rglob("list.csv.*")]
    assert sorted(copies) == sorted(story.linked.values())


@pytest.mark.parametrize("tell", STORIES)
def test_a_switch_killed_at_any_point(begin: Begin, tell: Tell) -> None:
    story = begin(tell)

    def aftermath() -> None:
        pending = pending_switch.read(SERVICE)
        after_a_kill(story.node)
        check(story, pending)
        after_a_power_cut(story.node)
        check(story, pending)
        check_repeated(story)

    story.node.run(story.switch, at_change=aftermath)


@pytest.mark.parametrize("tell", STORIES)
def test_a_power_cut_at_any_point_of_a_switch(begin: Begin, tell: Tell) -> None:
    story = begin(tell)

    def aftermath() -> None:
        pending = pending_switch.read(SERVICE)
        after_a_power_cut(story.node)
        check(story, pending)

    story.node.run(story.switch, at_change=aftermath, at_flush=aftermath)


@pytest.mark.parametrize("end", [after_a_kill, after_a_power_cut])
@pytest.mark.parametrize("tell", [bare, fewer_files, unhealthy_both, unhealthy_after_an_older_tool])
def test_a_recovery_killed_at_any_point(begin: Begin, tell: Tell, end: Callable[..., None]) -> None:
    story = begin(tell)
    story.node.run(story.switch, COMMIT)
    pending = pending_switch.read(SERVICE)

    def aftermath() -> None:
        end(story.node)
        check(story, pending)

    end(story.node, aftermath)


@pytest.mark.parametrize("tell", [healthy, other_link])
def test_a_start_killed_at_any_point_is_a_start_that_failed(begin: Begin, tell: Tell) -> None:
    points = undisturbed(begin, tell).all
    first, last = (points.index(f"{when} start {ENGINE} (1)") for when in ("before", "after"))
    for point in points[first + 1 : last]:
        with at(point):
            story = begin(tell)
            story.node.systemd.is_start_to_die = True
            story.node.run(story.switch, point)
            check(story, None)
            assert sets.digest_of(SERVICE, sets.CHOSEN) == story.old


def test_more_than_two_hundred_points_are_killed(begin: Begin) -> None:
    """Each before and after a change; the tests above let none of them out."""
    points = {(tell.__name__, point) for tell in STORIES for point in undisturbed(begin, tell).all}
    changes = {" ".join(point.split()[:2]) for _, point in points}
    assert {f"{when} {change}" for when in ("before", "after") for change in ("write", "sync", "rename")} <= changes
    assert len(points) >= 200
