from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from modelctl.fleet import Fleet
from operations import program, survey
from operations.bundle import bundle
from operations.survey import Survey
from tests.unit.operations.hosts import as_host, make_host, plan, settled

Answer = Callable[[Survey | None], None]


def test_a_node_without_the_program_is_sent_it(
    fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_host("lab1", fleet)
    found = replace(settled(host), has_program=False)
    answer(found)
    monkeypatch.setitem(survey._remembered, as_host(host), (False, found))
    [install] = plan(program.install, host)
    assert install.get_raw_value().endswith(f" install-program {bundle().digest}")
    arguments = cast(dict[str, Any], install.connector_arguments)
    assert arguments["_sudo"] is True
    assert arguments["_stdin"].readlines() == [bundle().to_line()]


def test_the_prediction_counts_on_the_program(
    fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_host("lab1", fleet)
    found = replace(settled(host), has_program=False)
    monkeypatch.setitem(survey._remembered, as_host(host), (False, found))
    answer(found)
    next(program.install._inner.__closure__[0].cell_contents(as_host(host), found))  # type: ignore[attr-defined]
    foreseen = survey.survey(as_host(host))
    assert foreseen is not None
    assert foreseen.has_program


def test_a_node_with_the_program_is_left_alone(fleet: Fleet, answer: Answer) -> None:
    host = make_host("lab1", fleet)
    answer(settled(host))
    assert plan(program.install, host) == []
