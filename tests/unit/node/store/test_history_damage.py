"""Lines of a history that cannot be told as they are: they keep no host from answering."""

import json
from typing import Any

import pytest

from node import codec, layout
from node.protocol.facts import HistoryEntry
from node.store import history
from tests.unit.node.places import request


@pytest.mark.parametrize(
    "changes",
    [{"n": True}, {"n": 7.0}, {"service": None}, {"time": None}, {"host": None}, {"outcome": None}, {"dirty": 1}],
)
def test_a_line_of_another_kind_is_left_out(changes: dict[str, Any]) -> None:
    """Else it would be in the answer to every survey, and no deploy could read that."""
    history.add(request("d1"), None, history.CHOSEN, None)
    [line] = history.entries()
    with layout.history().open("a") as file:
        file.write(json.dumps({**codec.encode(line), **changes}) + "\n")
    assert history.entries() == [line]


def test_a_line_with_odd_words_in_it_is_told_in_plain_ones() -> None:
    history.add(request("d2"), None, history.REFUSED, "it\n\tended\x00\ud800\x1b[2J")
    [line] = history.entries()
    assert line.reason == "it ended???[2J"
    assert line == HistoryEntry(
        1, line.time, "node", "engine", "anna@ramrod", "pyinfra inventory.py", None, "d2", "c0ffee", False, "refused",
        "it ended???[2J",
    )  # fmt: skip
