"""What is said of a pull, by what its node says: numbers alone, whatever that is."""

import json
from typing import Any

import pytest

from modelctl.pull_meter import PullMeter
from node import protocol
from node.protocol.steps import PullProgress
from tests.unit.hostile_texts import FRAGMENTS

SIZE = 23_100_000
ALL = 200  # columns


def said(done: Any, **more: Any) -> str:
    return json.dumps({"done": done, "size": SIZE, "format": 1, **more})


def meter(*lines: tuple[float, str]) -> PullMeter:
    """One that began at 100 s, and has heard these lines at their times."""
    made = PullMeter(100.0)
    for now, line in lines:
        made.hear(line, now)
    return made


def test_nothing_is_said_before_the_node_says_something() -> None:
    assert meter().text(200.0, ALL) == ""


def test_bytes_time_and_rate() -> None:
    made = meter((102.0, said(4_000_000)))
    assert made.text(102.0, ALL) == "4.0 of 23.1 MB, 9.6 s left, 2.0 MB/s"


def test_what_an_earlier_pull_left_has_not_come_now() -> None:
    made = meter((102.0, said(12_000_000, before=10_000_000)))
    assert made.text(102.0, ALL) == "12.0 of 23.1 MB, 11 s left, 1.0 MB/s"


def test_the_rate_is_of_the_last_seconds() -> None:
    fast = [(100.0 + second, said(1_000_000 * second)) for second in range(1, 6)]
    slow = [(105.0 + second, said(5_000_000 + 100_000 * second)) for second in range(1, 21)]
    assert meter(*fast, *slow).text(125.0, ALL) == "7.0 of 23.1 MB, 2 min 41 s left, 100.0 kB/s"


def test_a_link_on_which_nothing_comes() -> None:
    made = meter((102.0, said(4_000_000)), (103.0, said(4_000_000)))
    assert made.text(107.0, ALL) == "4.0 of 23.1 MB, 33 s left, 571.4 kB/s"
    made.hear(said(4_000_000), 130.0)
    assert made.text(131.0, ALL) == "4.0 of 23.1 MB, nothing came for 29 s"
    made.hear(said(5_000_000), 132.0)
    assert made.text(132.0, ALL).startswith("5.0 of 23.1 MB, ")


def test_when_all_is_there() -> None:
    assert meter((102.0, said(SIZE))).text(150.0, ALL) == "23.1 of 23.1 MB, being checked"


def test_what_there_is_no_room_for_is_left_out() -> None:
    made = meter((102.0, said(4_000_000)))
    assert made.text(102.0, 34) == "4.0 of 23.1 MB, 9.6 s left"
    assert made.text(102.0, 20) == "4.0 of 23.1 MB"
    assert made.text(102.0, 10) == ""


def test_another_size_is_of_another_part() -> None:
    made = meter((102.0, said(SIZE)), (104.0, said(2, size=10)))
    assert made.text(104.0, ALL) == "2 of 10 B, 16 s left, 0 B/s"


class TestLies:
    @pytest.mark.parametrize("done", [-1, 10**15, 1e300, "7", None, True, [], {"a": 1}])
    def test_what_is_no_size_counts_for_nothing(self, done: Any) -> None:
        assert meter((102.0, said(done))).text(103.0, ALL) == ""

    def test_more_than_all_is_all(self) -> None:
        assert meter((102.0, said(10**14))).text(103.0, ALL) == "23.1 of 23.1 MB, being checked"

    def test_nothing_of_nothing(self) -> None:
        assert meter((102.0, said(0, size=0))).text(103.0, ALL) == "0 of 0 B, being checked"

    def test_less_than_before(self) -> None:
        assert meter((102.0, said(9_000_000)), (103.0, said(7))).text(103.0, ALL).startswith("7 B of 23.1 MB, ")
        assert meter((102.0, said(7, before=SIZE))).text(103.0, ALL) == "7 B of 23.1 MB"

    def test_a_time_that_nobody_waits_is_not_said(self) -> None:
        made = meter((102.0, said(10, size=10**15 - 1)))
        assert made.text(102.0, ALL) == "10 B of 1000.0 TB, 5 B/s"

    @pytest.mark.parametrize("text", FRAGMENTS)
    def test_any_text_at_all(self, text: str) -> None:
        for line in (text, f'{{"done": {text}, "size": 7}}', f'{{"done": 1, "size": 7, "before": {text}}}'):
            assert meter((102.0, line)).text(103.0, ALL).isprintable()

    def test_one_that_never_ends_is_hardly_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[str] = []

        def loads(_: type, line: str) -> PullProgress:
            read.append(line)
            return PullProgress(1, 7)

        monkeypatch.setattr(protocol, "loads", loads)
        made = PullMeter(100.0)
        for line in range(100_000):
            made.hear("x", 100.0 + line / 100_000)
        assert len(read) == 5
