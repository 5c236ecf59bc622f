"""Histories are told by random numbers: other ones in each run of the tests."""

import os
import random
from collections.abc import Callable

from hypothesis import HealthCheck, example, given, seed, settings
from hypothesis import strategies as st

from tests.unit.modelctl.histories import World

History = list[tuple[int, int, int]]

NUMBER = st.integers(0, 30)
HISTORY = st.lists(st.tuples(NUMBER, NUMBER, NUMBER), max_size=30)
WEEK = (30, 2, 0)
SEED = "HISTORIES_SEED"


def tell(count: int, begin: Callable[[], World]) -> int:
    """Tell so many histories, each of a world of its own; returns how many versions they removed.

    One that fails is told with the seed: in the environment it gives the same histories again.
    """
    removed: list[int] = []

    def history(told: History) -> None:
        world = begin()
        for step in told:
            world.step(*step)
        world.finish()
        removed.append(world.removed)

    number = int(os.environ.get(SEED) or random.SystemRandom().randrange(10**9))
    chosen = settings(
        max_examples=count, derandomize=False, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    try:
        chosen(seed(number)(example([WEEK, WEEK])(given(HISTORY)(history))))()
    except BaseException as error:
        error.add_note(f"the same histories again: {SEED}={number}")
        raise
    return sum(removed)
