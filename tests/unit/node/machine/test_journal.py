import re
import time
import tracemalloc
from pathlib import Path

import pytest

from node.errors import Refusal, Unknown
from node.machine import commands, journal
from node.machine.services import Status
from tests.unit.node.machine.test_services import stub

NUMBER = "0123456789abcdef" * 2
FAILURES = re.compile("LensTasking (failure|ended)|Traceback")


UP = Status("active", "running", 4711, "enabled", 0, is_outdated=False, invocation=NUMBER)


def test_this_start_is_asked_for_by_its_number(programs: Path) -> None:
    stub(programs, "journalctl", 'printf "%s\\n" "$@"')
    assert journal.lines("engine.service", UP, 7) == [
        "--lines=7", "--boot", "--output=cat", "--no-pager", "--quiet",
        f"_SYSTEMD_INVOCATION_ID={NUMBER}", "+", "_PID=1", f"INVOCATION_ID={NUMBER}",
    ]  # fmt: skip


def test_the_last_words_of_a_process_that_ended_at_once_are_asked_for_by_its_pid(programs: Path) -> None:
    stub(programs, "journalctl", 'printf "%s\\n" "$@"')
    assert journal.lines("engine.service", UP._replace(last_pid=4711))[-3:] == [
        "+",
        "_PID=4711",
        "_SYSTEMD_UNIT=engine.service",
    ]


@pytest.mark.parametrize("invocation", ["", "--all", NUMBER[1:]])
def test_a_unit_that_was_never_started_said_nothing(programs: Path, invocation: str) -> None:
    stub(programs, "journalctl", "echo of others")
    assert journal.lines("engine.service", UP._replace(invocation=invocation)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LensTasking started.\nLensTasking ended.\nTraceback (most", "LensTasking ended."),
        ("LensTasking started.", None),
        ("", None),
    ],
)
def test_a_pattern(programs: Path, text: str, found: str | None) -> None:
    stub(programs, "journalctl", f"printf '{text}'")
    assert journal.find("engine.service", UP, FAILURES) == found


@pytest.mark.parametrize("script", ["exit 3", "exec sleep 60"])
def test_a_journal_that_cannot_be_read_is_no_good_sign(
    programs: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(journal, "SECONDS", 0.3)
    stub(programs, "journalctl", script)
    with pytest.raises(Unknown, match=r"^the journal could not be read: journalctl "):
        journal.find("engine.service", UP, FAILURES)


class TestTail:
    """Whatever a program says, and for as long as it likes."""

    def test_the_end_of_it(self) -> None:
        assert commands.tail(["seq", "1000000"], 20, 15) == "999999\n1000000\n"
        assert commands.tail(["printf", "abcdef"], 20, 3) == "def"
        assert commands.tail(["printf", r"a\377b"], 20, 15) == "a\ufffdb"

    def test_the_rest_is_not_kept(self) -> None:
        tracemalloc.start()
        try:
            assert commands.tail(["head", "--bytes=50000000", "/dev/zero"], 20, 1000) == "\0" * 1000
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()

    def test_its_failure(self) -> None:
        with pytest.raises(Refusal, match=r"^sh -c echo a; exit 4: exit status 4$"):
            commands.tail(["sh", "-c", "echo a; exit 4"], 20, 100)

    @pytest.mark.parametrize("script", ["yes", "sleep 60", "exec >&-; exec sleep 60", "yes & exec sleep 60"])
    def test_one_that_does_not_end(self, script: str) -> None:
        started = time.monotonic()
        with pytest.raises(commands.Overdue, match=r": not done within 0\.3 s;"):
            commands.tail(["sh", "-c", script], 0.3, 1 << 20)
        assert time.monotonic() - started < 5
