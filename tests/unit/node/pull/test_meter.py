"""How far a pull is, as it is told: a short one says nothing, and nobody who listens can hold it up."""

import fcntl
import os
from collections.abc import Iterator

import pytest

from node import layout, protocol
from node.protocol.steps import PullProgress
from node.pull import meter, pull
from node.pull.meter import Meter
from node.store import files
from tests.unit.node.places import Place


class Output:
    """A pipe in place of standard output."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)

    def lines(self) -> list[PullProgress]:
        try:
            text = os.read(self.reader, 1 << 20).decode()
        except BlockingIOError:
            return []
        return [protocol.loads(PullProgress, line) for line in text.splitlines()]


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    output = Output()
    monkeypatch.setattr(meter, "_STDOUT", output.writer)
    yield output
    for handle in (output.reader, output.writer):
        os.close(handle)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as its last element."""
    time = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: time[-1])
    return time


def at(done: int) -> PullProgress:
    return PullProgress(done, 1000, 10, os.getpid())


def test_a_short_pull_says_nothing(output: Output, clock: list[float]) -> None:
    made = Meter(1000, 10)
    clock.append(101.9)
    made.show(1000)
    assert (output.lines(), meter.read()) == ([], None)


def test_a_longer_one_tells_once_a_second(output: Output, clock: list[float]) -> None:
    made = Meter(1000, 10)
    for tenth in range(45):
        clock.append(100 + tenth / 10)
        made.show(tenth)
    assert output.lines() == [at(20), at(30), at(40)]
    assert meter.read() == at(40)


def test_more_than_all_is_all(output: Output, clock: list[float]) -> None:
    """The size of a manifest is not known."""
    made = Meter(1000, 10)
    clock.append(103.0)
    made.show(1070)
    assert output.lines() == [at(1000)]


def test_whoever_does_not_read_holds_nothing_up(output: Output, clock: list[float]) -> None:
    room = fcntl.fcntl(output.writer, fcntl.F_GETPIPE_SZ)
    assert os.write(output.writer, bytes(room)) == room
    made = Meter(1000, 10)
    clock.append(103.0)
    made.show(7)
    assert meter.read() == at(7)


def test_nor_does_whoever_is_gone(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(meter, "_STDOUT", writer)
    made = Meter(1000, 10)
    clock.append(103.0)
    made.show(7)
    os.close(writer)
    assert meter.read() == at(7)


@pytest.mark.usefixtures("output")
def test_a_note_that_cannot_be_written_is_none(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write", full)
    made = Meter(1000, 10)
    clock.append(103.0)
    made.show(7)
    assert not layout.pull_progress().exists()


def test_a_pull_tells_what_an_earlier_one_left_and_what_came(
    output: Output, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "FIRST", 0.0)
    version = place.stored("cats", "2026-01-01", {"cats.bin": bytes(1000)})
    staged = place.staging / "cats" / "2026-01-01" / "cats.bin"
    staged.parent.mkdir(parents=True)
    place.staging.chmod(0o700)
    staged.write_bytes(bytes(10))
    pull.pull(place.desired(version))
    told = output.lines()
    assert {(line.size, line.before, line.pid) for line in told} == {(1000, 10, os.getpid())}
    assert 10 <= told[0].done <= told[-1].done <= 1000
