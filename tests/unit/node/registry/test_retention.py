"""What a sweep decides: each rule for itself."""

import pytest

from node import layout
from node.protocol.retention import Unneeded
from node.registry.retention import NOBODY
from tests.unit.node.registry.deciding import NEW, OLD, OLDER, START, Timer, at, clone, host, stored

LOST = layout.roots() / "hosts" / "lab1.json"


def test_what_nobody_needs_goes_when_two_sweeps_have_found_it_so() -> None:
    timer = Timer()
    found = timer.sweep(0)
    assert found.unneeded == [Unneeded(each, "m", 10, START, at(6)) for each in (OLD, OLDER)]
    assert timer.going(5.9) == set()
    assert timer.going(6) == {OLD, OLDER}


def test_what_roots_name_stays_and_the_reasons_say_which() -> None:
    timer = Timer(hosts={"lab1": host(NEW, OLD)})
    timer.sweep(0)
    found = timer.sweep(7)
    assert found.kept == {
        NEW: [f"anna@desk:/site: current, since {START}", f"lab1: in a set of outpost, since {START}, told by anna"],
        OLD: [f"lab1: in a set of outpost, since {START}, told by anna"],
    }
    assert [each.label for each in found.unneeded] == [OLDER]


def test_the_most_recent_others_of_each_model_stay() -> None:
    """By their age, and not by their names; what is needed does not count."""
    second, tenth, dog = "cats/2025-01-01.2", "cats/2025-01-01.10", "dogs/2024-01-01"
    timer = Timer(stored(NEW, second, tenth, OLDER, dog), {"a": clone(NEW, retention=1)})
    found = timer.sweep(0)
    assert [each.label for each in found.unneeded] == [second, OLDER]
    assert found.kept[tenth] == found.kept[dog] == ["one of the 1 most recent others"]


def test_of_two_checkouts_the_larger_number_of_others_counts() -> None:
    timer = Timer(clones={"a": clone(NEW, retention=2), "b": clone(NEW, retention=0)})
    assert timer.sweep(0).unneeded == []


def test_what_no_sweep_has_removed_for_35_days_is_found_anew() -> None:
    timer = Timer()
    timer.sweep(0)
    assert timer.going(35.1, boot="2") == set()
    assert timer.going(41.1, boot="2") == {OLD, OLDER}
    again = Timer()
    again.sweep(0)
    assert again.going(35) == {OLD, OLDER}


def test_what_was_needed_meanwhile_is_counted_anew() -> None:
    timer = Timer()
    timer.sweep(0)
    timer.hosts["lab1"] = host(NEW, OLD)
    timer.sweep(3)
    timer.hosts["lab1"] = host(NEW)
    assert timer.going(7) == {OLDER}
    assert timer.going(13) == {OLD, OLDER}


def test_a_version_with_another_manifest_is_another() -> None:
    timer = Timer()
    timer.sweep(0)
    timer.stored = [*stored(NEW, OLD), *stored(OLDER, manifest="another")]
    assert timer.going(7) == {OLD}
    assert timer.going(13) == {OLD, OLDER}


@pytest.mark.parametrize("wrong_day", [0, 7])
def test_a_clock_that_is_not_synchronised_counts_nothing(wrong_day: int) -> None:
    """Neither at the first of two sweeps nor at the second."""
    timer = Timer()
    for day in (0, 7):
        found = timer.sweep(day, is_synchronised=day != wrong_day)
        is_held = found.held == "the clock is not synchronised, so no time is counted: timedatectl"
        assert is_held == (day == wrong_day)
        assert not [each for each in found.unneeded if each.due <= at(day)]
    assert timer.going(13.5) == (set() if wrong_day == 7 else {OLD, OLDER})
    assert timer.going(19.5) == {OLD, OLDER}


def test_what_a_sweep_remembers_of_a_time_that_was_not_synchronised_does_not_count() -> None:
    timer = Timer()
    timer.sweep(0)
    assert timer.last is not None
    timer.last = timer.last._replace(at=timer.last.at._replace(is_synchronised=False))
    assert timer.going(7) == set()


@pytest.mark.parametrize(
    ("boot", "uptime"),
    [
        pytest.param("1", 0.5, id="forwards"),
        pytest.param("1", 20, id="backwards"),
        pytest.param("1", 7 - 0.007, id="eleven minutes"),
    ],
)
def test_a_clock_that_was_set_counts_anew(boot: str, uptime: float) -> None:
    timer = Timer()
    timer.sweep(0)
    assert timer.going(7, boot=boot, uptime=uptime) == set()
    assert timer.going(13, boot=boot, uptime=uptime + 6) == {OLD, OLDER}


def test_a_clock_that_drifts_or_was_started_anew_was_not_set() -> None:
    timer = Timer()
    timer.sweep(0)
    assert timer.going(7, uptime=7 - 0.006) == {OLD, OLDER}
    timer.sweep(7.1)
    assert timer.going(14, boot="2", uptime=0.1) == {OLD, OLDER}


def test_a_clock_that_went_back_with_a_boot_was_set() -> None:
    timer = Timer()
    timer.sweep(0)
    timer.sweep(-1, boot="2", uptime=0.1)
    assert timer.going(5.5, boot="2", uptime=6.6) == {OLD, OLDER}, "counted from the day that it went back to"
    timer.sweep(-20, boot="3", uptime=0.1)
    assert timer.going(-15, boot="3", uptime=5.1) == set()


def test_nothing_goes_while_a_host_that_a_checkout_names_has_no_roots() -> None:
    timer = Timer(clones={"a": clone(NEW, hosts=["lab1", "east", "west"])})
    for day in (0, 7):
        found = timer.sweep(day)
        assert found.held == "east, west: nothing is known of what it needs; a deploy of it tells"
        assert (found.unneeded, found.kept) == ([], {})


def test_a_hold_does_not_lose_what_was_counted() -> None:
    timer = Timer()
    timer.sweep(0)
    roots = timer.hosts.pop("lab1")
    assert timer.going(3) == set()
    timer.hosts["lab1"] = roots
    assert timer.going(6) == {OLD, OLDER}


def test_nothing_goes_after_a_backup_was_restored_until_a_deploy() -> None:
    timer = Timer(restored={LOST: at(0)})
    for day in (0, 7):
        found = timer.sweep(day)
        assert found.held == f"{LOST}: it came from a backup; a deploy writes it anew"
        assert found.unneeded == []
    timer.restored, timer.lost = {}, at(0)
    lost = f"roots were lost, or came from a backup, at {at(0)}; who has not deployed since has %d more days to do it"
    assert timer.sweep(8).held == lost % 27
    assert timer.sweep(34.5).held == lost % 1
    assert timer.going(35) == set()
    assert timer.going(41) == {OLD, OLDER}


def test_it_is_counted_by_sweeps_how_long_roots_are_lost() -> None:
    """A clock that was wrong when the backup was brought back ends nothing early; what is lost later begins anew."""
    timer = Timer(lost=at(-300))
    assert timer.sweep(0).held
    assert timer.sweep(34).held
    assert timer.sweep(35).held is None
    timer.lost = at(36)
    assert timer.sweep(40).held
    assert timer.sweep(74).held
    assert timer.sweep(75).held is None


def test_a_restored_file_holds_nothing_when_its_roots_have_ended() -> None:
    """Of a host that no checkout names: no deploy would ever write it anew."""
    timer = Timer(
        hosts={"lab1": host(NEW), "gone": host(OLD)}, restored={layout.roots() / "hosts" / "gone.json": at(0)}
    )
    assert timer.sweep(0).held
    assert timer.sweep(30).held
    assert timer.sweep(35).held is None
    assert timer.going(41) == {OLD, OLDER}


def test_nothing_goes_where_nobody_has_deployed() -> None:
    timer = Timer(clones={})
    assert timer.sweep(0).held == NOBODY == "no checkout has deployed for 90 days; a deploy tells what must stay"


def test_roots_of_a_host_that_no_checkout_names_end_after_35_days_and_that_is_told_before() -> None:
    timer = Timer(hosts={"lab1": host(NEW), "gone": host(OLD)})
    notes = {day: timer.sweep(day).notes for day in (0, 20, 21, 34, 35)}
    called = "the roots of gone, which no checkout names"
    told = {21: f"{called}, end in 14 days", 34: f"{called}, end in 1 day", 35: f"{called}, have ended"}
    assert notes == {day: [told[day]] if day in told else [] for day in notes}
    assert OLD not in timer.going(40)
    assert OLD in timer.going(41)


def test_a_host_that_a_checkout_names_again_is_counted_anew() -> None:
    timer = Timer(hosts={"lab1": host(NEW), "gone": host(OLD)})
    timer.sweep(0)
    timer.clones["a"] = clone(NEW, hosts=["lab1", "gone"], ran=30)
    timer.sweep(30)
    timer.clones["a"] = clone(NEW, ran=32)
    timer.sweep(33)
    assert timer.sweep(67).notes == ["the roots of gone, which no checkout names, end in 1 day"]


def test_roots_of_a_clone_end_after_90_days_without_a_run_and_that_is_told_before() -> None:
    timer = Timer(clones={"a": clone(NEW), "b": clone(OLD, ran=-3)._replace(name="bert@desk:/site")})
    notes = {}
    for day in (0, 30, 60, 75, 76, 89, 90):
        timer.clones["a"] = clone(NEW, ran=day)
        notes[day] = timer.sweep(day).notes
    called = f"the roots of bert@desk:/site, which ran last at {at(-3)}"
    told = {76: f"{called}, end in 14 days", 89: f"{called}, end in 1 day", 90: f"{called}, have ended"}
    assert notes == {day: [told[day]] if day in told else [] for day in notes}
    assert OLD not in timer.going(95.9)
    assert OLD in timer.going(96)


def test_a_clone_that_runs_again_is_counted_anew() -> None:
    timer = Timer(clones={"a": clone(NEW, ran=0)})
    timer.sweep(0)
    timer.clones["a"] = clone(NEW, ran=80)
    timer.sweep(85)
    assert timer.sweep(174).notes == [f"the roots of anna@desk:/site, which ran last at {at(80)}, end in 1 day"]


def test_the_hosts_of_a_clone_that_ended_are_named_by_it_no_more() -> None:
    """Theirs end later, and a host that it named and that never was built holds nothing any more."""
    timer = Timer(clones={"a": clone(NEW), "b": clone(hosts=["east", "west"])})
    timer.hosts["east"] = host(OLD)
    timer.sweep(0)
    timer.clones["a"] = clone(NEW, ran=88)
    assert timer.sweep(89).held == "west: nothing is known of what it needs; a deploy of it tells"
    found = timer.sweep(90)
    assert found.held is None
    assert found.kept[OLD] == [f"east: in a set of outpost, since {START}, told by anna"]
    assert "the roots of east, which no checkout names, have ended" in timer.sweep(125).notes


def test_a_hold_tells_of_roots_that_end_soon() -> None:
    timer = Timer(clones={"a": clone(NEW, hosts=["lab1", "west"])}, hosts={"lab1": host(NEW), "gone": host(OLD)})
    timer.sweep(0)
    found = timer.sweep(30)
    assert found.held
    assert found.notes == ["the roots of gone, which no checkout names, end in 5 days"]
