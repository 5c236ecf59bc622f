"""Who waits for whom among the hosts of a role."""

import pytest
from pyinfra.api.operations import gevent

from modelctl.inventory.fleet import Fleet
from operations import rollout
from operations.rollout import Move, Rollout, rollout_of
from tests.unit.operations.hosts import as_host, make_hosts

A, B, C = "lab1", "east", "alpha5"


@pytest.fixture
def turns(fleet: Fleet) -> Rollout:
    hosts = make_hosts([A, B, C], fleet)
    return rollout_of(as_host(hosts[0]).state)


@pytest.fixture
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "ANSWER_SECONDS", 0)


@pytest.mark.usefixtures("_no_patience")
def test_the_first_waits_for_nobody(turns: Rollout) -> None:
    for name in (A, B):
        turns.moves[name] = Move.NEW
    assert turns.goes_with_canaries(A)
    assert not turns.goes_with_canaries(B)
    assert not turns._wait([A, B, C])


@pytest.mark.parametrize("order", [(A, B), (B, A)])
def test_whoever_decides_last_wakes_who_waits(turns: Rollout, order: tuple[str, str]) -> None:
    turns.moves[C] = Move.NEW
    waiting, all_of_them = gevent.spawn(turns.goes_with_canaries, C), gevent.spawn(turns._wait, [A, B, C])
    turns.decide(order[0], Move.NONE)
    gevent.sleep(0)
    assert not waiting.ready()
    turns.decide(order[1], Move.NONE)
    assert waiting.get(timeout=5)
    gevent.sleep(0)
    assert not all_of_them.ready()
    turns.decide(C, Move.NONE)
    assert all_of_them.get(timeout=5)


def test_the_first_is_the_first_that_moves(turns: Rollout) -> None:
    turns.decide(C, Move.NEW)
    assert turns._is_first(C)
    turns.decide(B, Move.NEW)
    assert (turns._is_first(B), turns._is_first(C)) == (True, False)
    turns.decide(B, Move.NONE)
    assert turns._is_first(C)


@pytest.mark.usefixtures("_no_patience")
def test_who_leaves_is_waited_for_no_more_but_keeps_its_word(turns: Rollout) -> None:
    turns.decide(A, Move.NEW)
    for name in (A, B):
        turns.leave(name)
    assert turns._wait([A, B])
    assert not turns._is_first(C)
