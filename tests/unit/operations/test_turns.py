"""Who waits for whom among the hosts of a role."""

import pytest
from pyinfra.api.operations import gevent

from operations.turns import Turns

SECONDS = 5


@pytest.fixture
def turns() -> Turns:
    return Turns(["a", "b", "c"])


def test_the_first_waits_for_nobody(turns: Turns) -> None:
    assert turns.wait("a", 0)
    assert not turns.wait("b", 0)
    assert not turns.wait_for_all(0)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_whoever_decides_last_wakes_who_waits(turns: Turns, order: str) -> None:
    waiting = gevent.spawn(turns.wait, "c", SECONDS)
    turns.decide(order[0], moves=False)
    gevent.sleep(0)
    assert not waiting.ready()
    turns.decide(order[1], moves=False)
    assert waiting.get(timeout=SECONDS)
    assert not turns.wait_for_all(0)
    turns.decide("c", moves=False)
    assert turns.wait_for_all(0)


def test_the_first_is_the_first_that_moves(turns: Turns) -> None:
    turns.decide("c", moves=True)
    assert turns.is_first("c")
    turns.decide("b", moves=True)
    assert (turns.is_first("b"), turns.is_first("c")) == (True, False)
    turns.decide("b", moves=False)
    assert turns.is_first("c")


def test_who_leaves_is_waited_for_no_more_but_keeps_its_word(turns: Turns) -> None:
    turns.decide("a", moves=True)
    for name in ("a", "b"):
        turns.leave(name)
    assert turns.wait("c", 0)
    assert not turns.is_first("c")
