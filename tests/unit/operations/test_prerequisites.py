"""A host that lacks what a run needs is refused, in the prediction as in the run."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modelctl.fleet import Fleet
from operations import prerequisites
from operations.answer import Survey
from operations.node_command import Refusal
from tests.unit.cases import each
from tests.unit.operations.hosts import StubHost, make_host, plan, settled

Answer = Callable[[Survey | None], None]
MISSING: Any = {"access": ["a: not there"], "models": ["b: not there", "c: not there"], "configs": ["c: not there"]}


@pytest.fixture
def east(fleet: Fleet) -> StubHost:
    return make_host("east", fleet)


@each(
    "require, lines",
    [
        (prerequisites.require_access, "a: not there"),
        (prerequisites.require_configs, "c: not there"),
        (prerequisites.require_all, "a: not there; b: not there; c: not there"),
    ],
)
def test_a_host_that_lacks_something(east: StubHost, answer: Answer, require: Callable[..., Any], lines: str) -> None:
    """S9: predicted, in the same words."""
    east.state.failed_hosts.clear()
    answer(replace(settled(east), missing=MISSING))
    [refusal] = plan(require, east)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == f"east: {lines}; then run again"
    assert east.state.failed_hosts == [east]


@each("require", [prerequisites.require_access, prerequisites.require_configs, prerequisites.require_all])
def test_a_settled_host(east: StubHost, answer: Answer, require: Callable[..., Any]) -> None:
    answer(settled(east))
    assert plan(require, east) == []
