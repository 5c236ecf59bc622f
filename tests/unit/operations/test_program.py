from collections.abc import Callable
from dataclasses import replace

import pytest

from modelctl.fleet import Fleet
from operations import program, survey
from operations.bundle import bundle
from operations.survey import Survey
from tests.unit.operations.hosts import as_host, input_lines, make_host, plan, predict, settled

Answer = Callable[[Survey | None], None]


def test_a_node_without_the_program_is_sent_it(fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host("lab1", fleet)
    found = replace(settled(host), has_program=False)
    answer(found)
    monkeypatch.setitem(survey._remembered, as_host(host), (False, found))
    [install] = plan(program.install, host)
    assert install.get_raw_value().endswith(f" install-program {bundle().digest}")
    assert input_lines(install) == [bundle().to_line()]


def test_the_prediction_counts_on_the_program(fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host("lab1", fleet)
    found = replace(settled(host), has_program=False)
    monkeypatch.setitem(survey._remembered, as_host(host), (False, found))
    answer(found)
    assert predict(program.install, host) is not None
    foreseen = survey.survey(as_host(host))
    assert foreseen is not None
    assert foreseen.has_program


def test_a_node_with_the_program_is_left_alone(fleet: Fleet, answer: Answer) -> None:
    host = make_host("lab1", fleet)
    answer(settled(host))
    assert plan(program.install, host) == []
