"""Going back to the set before, which was well there: such a host has tried it itself, and waits for nobody."""

import pytest

from tests.unit.operations.engine import Engine
from tests.unit.operations.test_rollout import COLLECT, FIRST, MODES, OTHERS, OUTPOSTS, UNTOUCHED, switches


@pytest.fixture
def back(engine: Engine) -> Engine:
    """All outposts go back."""
    engine.unsettle(*OUTPOSTS)
    for name in OUTPOSTS:
        engine[name].is_known_good, engine[name].seconds = True, 0.2
    return engine


def test_it_is_one_step(back: Engine) -> None:
    run = back.run()
    assert run.predicted == run.changed == {FIRST: set(OUTPOSTS), COLLECT: {"data1"}}
    assert set(switches(back)[:3]) == {f"{name} switch" for name in OUTPOSTS}  # side by side
    assert (run.failed, run.report) == (set(), [])


@MODES
def test_no_return_keeps_what_is_under_way_from_its_end(back: Engine, mode: str) -> None:
    back["east"].ending = "returned"
    run = back.run(mode)
    assert back["lab1"].is_settled
    assert "east" in run.failed
    assert run.report[0] == "--> Rollout: east rolled back to its old set"


def test_a_return_stops_what_has_not_begun(back: Engine) -> None:
    back["lab1"].ending = "returned"
    run = back.run("serial")
    assert run.failed == set(OUTPOSTS)
    assert switches(back) == ["lab1 switch", "lab1 switch ended"]
    assert back["east"].said == [UNTOUCHED.format("east", "rolled back to its old set")]


@MODES
def test_others_have_a_first_of_their_own(back: Engine, mode: str) -> None:
    back["east"].is_known_good = back["alpha5"].is_known_good = False
    run = back.run(mode)
    for found in (run.predicted, run.changed):
        assert (found[FIRST], found[OTHERS]) == ({"lab1", "east"}, {"alpha5"})
    desired = switches(back)
    assert desired.index("east switch ended") < desired.index("alpha5 switch")


def test_its_return_stops_the_others_too(back: Engine) -> None:
    back["lab1"].ending = "returned"
    back["east"].is_known_good = back["alpha5"].is_known_good = False
    run = back.run()
    assert (run.failed, back["east"].is_settled) == ({"lab1", "alpha5"}, True)
    assert run.report[-1] == "never touched: alpha5"


@pytest.mark.parametrize("mode", ["waiting", "serial"])
def test_its_return_stops_what_has_not_begun_of_its_role(back: Engine, mode: str) -> None:
    back["lab1"].ending = "returned"
    back["east"].is_known_good = back["alpha5"].is_known_good = False
    run = back.run(mode, parallel=1)
    assert run.failed == set(OUTPOSTS)
    assert run.report[-1] == "never touched: east, alpha5"


@pytest.mark.parametrize("mode", ["waiting", "serial"])
def test_it_is_tried_whatever_became_of_another_role_s(back: Engine, mode: str) -> None:
    back.unsettle("data1")
    back["data1"].is_known_good, back["data1"].ending = True, "returned"
    run = back.run(mode, parallel=1)
    assert run.failed == {"data1"}
    assert all(back[name].is_settled for name in OUTPOSTS)


@MODES
def test_it_waits_like_any_other_when_the_operator_names_who_goes_first(back: Engine, mode: str) -> None:
    run = back.run(mode, canary="alpha5")
    for found in (run.predicted, run.changed):
        assert (found[FIRST], found[OTHERS]) == ({"alpha5"}, {"lab1", "east"})
    assert switches(back)[:2] == ["alpha5 switch", "alpha5 switch ended"]


def test_a_settled_host_goes_nowhere(back: Engine) -> None:
    back["east"].is_settled = True
    assert back.run().changed[FIRST] == {"lab1", "alpha5"}
