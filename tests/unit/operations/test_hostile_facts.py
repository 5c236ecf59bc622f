"""Whatever a node says to a deploy fails that node at most, in a line, and no other one."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyinfra.api.exceptions import FactProcessError

from node import codec
from node.protocol.facts import History
from operations import pulls
from operations.facts import parse, parse_history
from tests.unit.hostile_texts import FRAGMENTS, hostile_texts
from tests.unit.operations.engine import Engine, entry
from tests.unit.operations.test_facts_answer import ANSWER, STATE

LINE = re.compile(r"\S+ lab1#\d{1,9} ")  # of the deployment log
LIMIT = 600  # characters of a line
SURVEY = {**ANSWER, "sets": {"imagenode": STATE}}
HISTORY = codec.encode(History([entry("lab1", 1), entry("lab1", 2)]))
ANYTHING = ["", "Last login: today", "x" * 1_000_000, "[" * 100_000, *FRAGMENTS]


def require_line(error: FactProcessError) -> None:
    assert str(error).isprintable(), repr(str(error)[:LIMIT])
    assert len(str(error)) <= LIMIT


def gather(text: str) -> None:
    try:
        found = parse(text.split("\n"), ["imagenode"])
    except FactProcessError as error:
        require_line(error)
    else:
        for state in found.sets.values() if found else []:
            assert state.in_short.isprintable()
        if found and found.room:
            assert str(found.room.problem).isprintable()
            assert pulls._forecast(found.room).isprintable()


def history(text: str) -> None:
    try:
        found = parse_history(text)
    except FactProcessError as error:
        require_line(error)
    else:
        assert all(str(value).isprintable() for each in found for value in each)
        assert all(LINE.match(f"{each.time} {each.host}#{each.n} ") for each in found if each.host == "lab1")


@given(text=hostile_texts(SURVEY))
def test_any_facts(text: str) -> None:
    """H1."""
    gather(text)


@given(text=hostile_texts(HISTORY))
def test_any_history(text: str) -> None:
    """H8."""
    history(text)


def test_anything_for_a_facts_or_a_history() -> None:
    """H1."""
    for text in ANYTHING:
        gather(text)
        history(text)


@settings(max_examples=settings().max_examples // 6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(hostile_texts(SURVEY), st.sampled_from(ANYTHING)))
def test_no_other_host_hears_of_it(engine: Engine, text: str) -> None:
    """H1: sentinel, of another role, is switched in the same run."""
    engine.events.clear()
    engine["sentinel"].is_settled = False
    engine["lab1"].text = text
    run = engine.run()
    assert run.error is None
    assert run.failed <= {"lab1"}
    assert "sentinel switch ended" in engine.events
    assert not [event for event in engine.events if event.split()[0] not in ("sentinel", "data1")]
    assert all(said.isprintable() for said in engine["lab1"].said)


@pytest.mark.parametrize("field", SURVEY)
def test_a_field_with_all_kinds_of_things_in_it(field: str) -> None:
    """H1."""
    for fragment in FRAGMENTS:
        gather(json.dumps({**SURVEY, field: "@"}).replace('"@"', fragment))
