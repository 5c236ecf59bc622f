"""Retention over generated histories: nothing referenced is ever removed, and what was shown is what happens."""

import pytest

from tests.unit.modelctl.histories import VERSIONS, PureDepot, World
from tests.unit.modelctl.told import tell


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.long)])
def test_many_histories(count: int) -> None:
    assert tell(count, lambda: World(PureDepot())) > count / 50, "else they prove little"


def test_a_host_that_was_moved_since_it_was_last_seen_and_went_away() -> None:
    """It runs a version that neither registry.py names nor any clean-up has seen there."""
    world = World(PureDepot())
    world.write(0, 0)
    world.promote(0, 0)
    world.go_away(0, 0)
    world.promote(0, 1)
    world.promote(0, 2)
    world.promote(0, 4)
    world.finish()
    assert world.nodes["lab1"].chosen["cats"] == "2025-01-01"
    assert ("cats", "2025-01-01") in world.depot.listing().versions
    assert ("cats", "2025-01-02") in world.depot.listing().versions  # its previous set's


def test_a_version_that_is_current_again_and_wanted_by_no_host_of_the_run() -> None:
    """The one host that is up has an override."""
    world = World(PureDepot())
    world.override(1, 1)
    world.write(0, 0)
    world.go_away(0, 0)
    world.promote(0, 0)
    world.wait(8, 0)
    assert ("cats", VERSIONS[0]) in world.depot.listing().versions
