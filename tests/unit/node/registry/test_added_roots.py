"""What a run leaves in the roots: of its clone, and of the hosts that it reached."""

from collections.abc import Sequence
from pathlib import Path

from node import layout
from node.protocol.retention import AddRoots, Clone, CloneRoots, HostReferences, HostRoots, Reference
from node.registry.roots import Roots, added, clone_id
from tests.unit.node.registry.deciding import NEW, OLD, OLDER, START, at, clone, host

ANNA = "anna@desk:/site"
OWN = clone_id(ANNA)


def told(
    *labels: str, hosts: dict[str, HostReferences] | None = None, named: Sequence[str] = ("lab1",), retention: int = 0
) -> AddRoots:
    return AddRoots(Clone(ANNA, dict.fromkeys(labels, "current"), list(named), retention), hosts or {}, "anna")


def complete(*labels: str) -> HostReferences:
    return HostReferences(dict.fromkeys(labels, "in a set of outpost"), is_complete=True)


def partly(*labels: str) -> HostReferences:
    return HostReferences(dict.fromkeys(labels, "wanted"), is_complete=False)


def host_after(
    before: HostRoots | None, said: HostReferences, day: float = 7, others: dict[str, CloneRoots] | None = None
) -> HostRoots | None:
    old = Roots(others or {}, {"lab1": before} if before else {}, {})
    return added(old, told(NEW, hosts={"lab1": said}), at(day))[1].get("lab1")


def labels(roots: HostRoots | None) -> set[str]:
    return set(roots.versions) if roots else set()


def test_a_clone_says_what_it_references_and_whom_it_gives_services() -> None:
    clones, hosts = added(Roots({}, {}, {}), told(NEW, OLD, named=["west", "east"], retention=3), at(2))
    versions = {NEW: Reference("current", at(2)), OLD: Reference("current", at(2))}
    assert clones == {OWN: CloneRoots(ANNA, at(2), versions, ["east", "west"], 3)}
    assert hosts == {}


def test_a_clone_names_no_more_what_it_named_before_and_since_stays() -> None:
    clones, _ = added(Roots({OWN: clone(NEW, OLD)}, {}, {}), told(NEW, OLDER), at(5))
    assert clones[OWN].versions == {NEW: Reference("current", START), OLDER: Reference("current", at(5))}
    assert clones[OWN].time == at(5)


def test_roots_that_say_the_same_are_written_once_a_day() -> None:
    old = Roots({OWN: clone(NEW, ran=1)}, {"lab1": host(NEW)._replace(time=at(1))}, {})
    for day, written in ((1.99, at(1)), (2, at(2)), (0.5, at(0.5))):
        clones, hosts = added(old, told(NEW, hosts={"lab1": complete(NEW)}), at(day))
        assert {clones[OWN].time, hosts["lab1"].time} == {written}, "and where the clock went back"


def test_roots_that_say_something_else_are_written_at_once() -> None:
    old = Roots({OWN: clone(NEW, ran=1)}, {"lab1": host(NEW)._replace(time=at(1))}, {})
    clones, hosts = added(old, told(NEW, hosts={"lab1": complete(NEW, OLD)}, retention=1), at(1.1))
    assert {clones[OWN].time, hosts["lab1"].time} == {at(1.1)}
    assert hosts["lab1"].by == "anna"


def test_what_was_read_of_a_host_is_all_that_it_needs() -> None:
    after = host_after(host(NEW, OLD), complete(NEW, OLDER))
    assert after is not None
    assert after.versions == {
        NEW: Reference("in a set of outpost", START),
        OLDER: Reference("in a set of outpost", at(7)),
    }


def test_a_host_that_was_not_wholly_read_keeps_what_it_had() -> None:
    after = host_after(host(OLD), partly(NEW, OLD))
    assert after is not None
    assert after.versions == {OLD: Reference("in a set of outpost", START), NEW: Reference("wanted", at(7))}


def test_a_part_does_not_pass_for_the_whole() -> None:
    """Nothing would hold the sweeps any more, and nobody knows what else the host's sets name."""
    assert host_after(None, partly(NEW)) is None
    assert labels(host_after(None, complete(NEW))) == {NEW}


def test_what_came_from_a_backup_is_not_made_good_by_a_part() -> None:
    old = Roots({}, {"lab1": host(OLD), "east": host(OLD)}, {layout.roots() / "hosts" / "lab1.json": at(6)})
    _, hosts = added(old, told(NEW, hosts={"lab1": partly(NEW), "east": partly(NEW)}), at(7))
    assert {name: labels(each) for name, each in hosts.items()} == {"east": {OLD, NEW}}
    _, hosts = added(old, told(NEW, hosts={"lab1": complete(NEW)}), at(7))
    assert {name: labels(each) for name, each in hosts.items()} == {"lab1": {NEW}}


def test_the_clone_of_a_restored_file_says_nothing_of_the_host_of_that_name() -> None:
    old = Roots({}, {"lab1": host(OLD)}, {Path("clones") / "lab1.json": at(6)})
    _, hosts = added(old, told(NEW, hosts={"lab1": partly(NEW)}), at(7))
    assert labels(hosts["lab1"]) == {OLD, NEW}


def test_what_another_clone_references_stays_with_a_host() -> None:
    """That one's run may be about to bring it there. Its own clone knows that it does not."""
    assert labels(host_after(host(OLD), complete(NEW), others={"b": clone(OLD, ran=6)})) == {NEW, OLD}
    assert labels(host_after(host(OLD), complete(NEW), others={OWN: clone(OLD, ran=6)})) == {NEW}


def test_the_reason_is_what_was_read_last() -> None:
    before = HostRoots("bert", START, {OLD: Reference("wanted", START)})
    after = host_after(before, complete(NEW, OLD), others={"b": clone(OLD, ran=6)})
    assert after is not None
    assert after.versions[OLD] == Reference("in a set of outpost", START)


def test_what_another_clone_references_comes_to_no_host_that_lacked_it() -> None:
    assert labels(host_after(host(NEW), complete(NEW), others={"b": clone(OLD, ran=6)})) == {NEW}


def test_a_clone_that_ended_keeps_nothing_with_a_host() -> None:
    others = {"b": clone(OLD, ran=0)}
    assert labels(host_after(host(OLD), complete(NEW), 89.9, others)) == {NEW, OLD}
    assert labels(host_after(host(OLD), complete(NEW), 90, others)) == {NEW}


def test_only_the_clone_and_the_hosts_of_a_run_are_written() -> None:
    old = Roots({"b": clone(OLD)}, {"lab1": host(NEW), "east": host(OLD)}, {})
    clones, hosts = added(old, told(NEW, hosts={"lab1": complete(NEW)}), at(7))
    assert (set(clones), set(hosts)) == ({OWN}, {"lab1"})
