"""Retention over generated histories: nothing needed is ever removed, and all else is in the end."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.modelctl.checkouts import Node
from tests.unit.modelctl.histories import VERSIONS, World
from tests.unit.modelctl.told import tell

ANNA, BERT, CARL = range(3)
LAB1, EAST, WEST = 0, 1, 2
JANUARY, SECOND, TENTH, NEXT, FEBRUARY, MARCH = range(6)
"""Versions of the first model, cats."""


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_many_histories(memory: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    numbers = itertools.count()
    assert tell(count, lambda: World(memory / str(next(numbers)), monkeypatch)) > count, "else they prove little"


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where the machine has such."""
    shared = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Both operators have deployed `NEXT` to all hosts."""
    return World(tmp_path, monkeypatch)


def go_on_to(world: World, who: int, where: int, *versions: int) -> None:
    """Somebody commits one version after the other, and deploys the last to one host."""
    for version in versions:
        world.commit(who, version)
    world.limit(who, where)


def cats(world: World, host: str) -> tuple[int, int]:
    """What the chosen set of a host names, and its previous one."""
    node = world.nodes[host]
    return VERSIONS.index(node.chosen["cats"]), VERSIONS.index(node.previous["cats"])


def test_the_history_that_comes_nearest_to_removing_a_needed_version(world: World) -> None:
    """Anna's run tells the datasink of a version and dies. A backup makes the datasink forget that.

    Bert's run reads all hosts: none needs the version. Now the datasink cannot be reached, but Anna's control node
    knows that it was told, and brings the version to a host. Then her checkout goes on, and her next runs leave that
    host out.
    No run has read the host since, no checkout names the version, no other host has it: only that Anna's clone tells
    again what it could rely on, of this host and of one that was to get it too, keeps it.
    """
    world.wait(0)
    world.commit(ANNA, FEBRUARY)
    world.begin(ANNA)
    world.wait(0)
    world.restore(2, 0)
    world.deploy(BERT)
    world.lose_sink()
    world.limit(ANNA, LAB1)
    assert cats(world, "lab1") == (FEBRUARY, NEXT)
    world.lose_sink()
    go_on_to(world, ANNA, EAST, JANUARY, SECOND)
    world.publish(0, MARCH)
    for _ in range(8):
        world.week(2, 0)
    why = world.sink.decide().kept["cats/2025-02-01"]
    assert [each.partition(", since")[0] for each in why] == ["lab1: wanted before", "west: wanted before"]
    for version in (NEXT, JANUARY, JANUARY):
        world.commit(ANNA, version)
        world.deploy(ANNA)
    for _ in range(2):
        world.week(2, 0)
    assert "cats/2025-02-01" not in world.sink.stored, "a run has read the host"


def test_the_history_that_comes_nearest_to_never_removing_anything(world: World) -> None:
    """Bert has planned a host that never is built, and gives up: nobody can ever tell what it needs.

    His checkout keeps versions with the hosts that Anna reads each week, too. All of that ends 90 days after his last
    run, and two sweeps later the registry is clean.
    """
    world.nodes["west"] = Node(is_up=False)
    del world.sink.files["hosts/west"]
    world.change_hosts(ANNA, WEST)
    world.commit(BERT, FEBRUARY)
    world.deploy(BERT)
    for version in (JANUARY, SECOND):
        world.commit(ANNA, version)
        world.deploy(ANNA)
    world.publish(0, MARCH)
    everything = set(world.sink.stored)
    assert world._quiet([ANNA], 7, sweeps=13)
    assert set(world.sink.stored) == everything
    assert not world._quiet([ANNA], 7, sweeps=1)
    assert set(world.sink.stored) == everything
    assert not world._quiet([ANNA], 7, sweeps=1)
    left = {VERSIONS.index(label[5:]) for label in world.sink.stored if label.startswith("cats/")}
    assert left == {JANUARY, SECOND, MARCH}


@pytest.mark.parametrize("lose", [World.restore, World.forget])
def test_nothing_goes_while_an_operator_may_want_it_whose_roots_were_lost(
    world: World, lose: Callable[[World, int, int], None]
) -> None:
    """Carl came after the backup, and his last run died; all others have deployed since, so that nobody misses his."""
    world.join()
    world.commit(CARL, JANUARY)
    world.begin(CARL)
    world.wait(0)
    world.publish(0, MARCH)
    lose(world, 2, 0)
    for who in (ANNA, BERT):
        world.deploy(who)
    for _ in range(5):
        world.week(0, 0)
        assert "cats/2025-01-01" in world.sink.stored
    assert "roots were lost, or came from a backup, at 2026-01-" in (world.sink.decide().held or "")
    for _ in range(6):
        world.week(0, 0)
    assert "cats/2025-01-01" not in world.sink.stored


def test_what_the_datasink_was_told_before_the_last_change_is_brought_to_no_host(world: World) -> None:
    """Anna's checkout named it, went on, and names it again; between, Bert's run has read the host, which lacks it."""
    for version in (FEBRUARY, JANUARY):
        go_on_to(world, ANNA, EAST, version)
        go_on_to(world, BERT, LAB1, version)
    world.limit(BERT, LAB1)
    go_on_to(world, ANNA, EAST, NEXT)
    world.lose_sink()
    world.limit(ANNA, LAB1)
    assert cats(world, "lab1") == (JANUARY, FEBRUARY), "Anna's run is refused there"
    world.limit(ANNA, EAST)
    assert cats(world, "east") == (NEXT, JANUARY), "and goes on where it has told"


def test_a_host_that_cannot_tell_what_it_needs_holds_the_sweeps(world: World) -> None:
    """Its disk keeps a set that nobody can read, and the datasink's has lost what was known of it."""
    del world.sink.files["hosts/lab1"]
    world.grow_dumb(LAB1)
    for who in (ANNA, BERT):
        world.commit(who, FEBRUARY)
        world.commit(who, JANUARY)
    world.limit(ANNA, LAB1)
    world.limit(BERT, LAB1)
    assert cats(world, "lab1") == (JANUARY, NEXT)
    world.week(2, 0)
    assert (world.sink.decide().held or "").startswith("lab1: nothing is known of what it needs")
    world.grow_dumb(LAB1)
    world.limit(ANNA, LAB1)
    assert world.sink.decide().held is None
    for _ in range(2):
        world.week(2, 0)
    assert "cats/2025-01-02" in world.sink.stored


def test_a_host_that_a_checkout_names_no_more_is_told_again_by_no_run(world: World) -> None:
    world.change_hosts(ANNA, WEST)
    world.limit(ANNA, LAB1)
    anna = world.checkouts[ANNA].folder
    told = [each for _, each in world.told.values() if each.clone.name.endswith(str(anna))]
    assert {name: each.is_complete for name, each in told[0].hosts.items()} == {"lab1": True, "east": False}
