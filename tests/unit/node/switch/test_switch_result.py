from pathlib import Path

import pytest

from node import layout
from node.store import files, history
from node.switch import switch_result
from node.switch.switch_result import Result
from tests.unit.node.places import request

DIGEST, OLD = "0123456789abcdef" * 4, "fedcba9876543210" * 4


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (history.CHOSEN, None),
        (history.ROLLED_BACK, "engine: rolled back to fedcba987654: it is unhealthy"),
        (history.FAILED, "engine: failed, 0123456789ab stays chosen: it is unhealthy"),
        (history.REFUSED, "engine: it is unhealthy"),
        (switch_result.UNFIT, "engine: it is unhealthy"),
    ],
)
def test_a_result_is_told_written_down_and_left_for_the_operator(
    capsys: pytest.CaptureFixture[str], name: str, line: str | None
) -> None:
    reason = None if name == history.CHOSEN else "it is unhealthy"
    assert switch_result.conclude(request(DIGEST), OLD, name, reason) == Result(name, line)
    assert capsys.readouterr().err == (line + "\n" if line else "")
    [entry] = history.entries()
    written = history.REFUSED if name == switch_result.UNFIT else name
    assert (entry.outcome, entry.reason, entry.from_, entry.to) == (written, reason, OLD, DIGEST)
    assert switch_result.take("r1") == Result(name, line)


def test_a_result_is_taken_once() -> None:
    assert switch_result.take("r1") is None
    switch_result.conclude(request(DIGEST), OLD, history.CHOSEN)
    assert switch_result.take("another") is None
    assert switch_result.take("r1") is not None
    assert switch_result.take("r1") is None
    assert list(layout.RUNTIME.iterdir()) == []


def test_a_full_disk_keeps_the_history_from_being_written_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """/run is in memory."""

    def append(path: Path, _: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "append", append)
    switch_result.conclude(request(DIGEST), OLD, history.CHOSEN)
    assert capsys.readouterr().err == (f"{layout.history()}: No space left on device; this result is in no history\n")
    assert switch_result.take("r1") == Result(history.CHOSEN, None)
