"""An rsync that hangs is ended; one that is at work here, though nothing comes, is not."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import pytest

from lab.machine import wait_until
from node.machine import processes
from node.pull import transfer
from tests.unit.node.places import Place

NAME = "cats/2026-01-01/cats.bin"
PATIENCE = 10
MB = 1_000_000


@dataclass
class Clock:
    """A look at the clock takes a second."""

    now: float = 0.0

    def monotonic(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(transfer, "time", clock)
    monkeypatch.setattr(transfer, "SYNC_PAUSE", 0.001)
    return clock


@pytest.fixture
def staging(place: Place) -> Path:
    (place.staging / NAME).parent.mkdir(parents=True)
    (place.staging / NAME).write_bytes(b"torn")
    return place.staging


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """An rsync that never ends by itself, and at once when it is ended."""
    end = processes.kill
    with subprocess.Popen(["sleep", "600"]) as process:

        def end_and_wait(pid: int) -> None:
            end(pid)
            process.wait()

        monkeypatch.setattr(processes, "kill", end_and_wait)
        yield process
        process.kill()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say how much the rsync has read, look by look; the last stays."""

    def set_them(*sizes: int) -> None:
        looks = chain(sizes, repeat(sizes[-1]))
        monkeypatch.setattr(processes, "bytes_read", lambda _: next(looks))

    return set_them


def follow(process: "subprocess.Popen[bytes]", staging: Path) -> int:
    transfer._follow(process, [NAME], staging, transfer._progress([NAME], staging), PATIENCE, lambda _: None)
    return int(process.returncode)


def test_one_that_hangs_is_ended(
    clock: Clock, hanging: "subprocess.Popen[bytes]", staging: Path, reads: Callable[..., None]
) -> None:
    reads(20 * MB)
    assert follow(hanging, staging) == -9
    assert PATIENCE <= clock.now < 2 * PATIENCE


def test_the_words_of_a_shell_that_waits_for_an_answer_are_no_work(
    clock: Clock, hanging: "subprocess.Popen[bytes]", staging: Path, reads: Callable[..., None]
) -> None:
    reads(20 * MB, 20 * MB + 3000)
    follow(hanging, staging)
    assert clock.now < 2 * PATIENCE


def test_one_that_compares_a_long_file_goes_on_until_it_hangs(
    clock: Clock, hanging: "subprocess.Popen[bytes]", staging: Path, reads: Callable[..., None]
) -> None:
    reads(*range(0, 2000 * MB, 200 * MB))
    assert follow(hanging, staging) == -9
    assert clock.now > 5 * PATIENCE


def test_what_it_and_those_that_it_began_have_read_is_counted() -> None:
    within = "head -c 3000000 /dev/zero >/dev/null; echo; sleep 600 & wait"
    script = f"head -c 2000000 /dev/zero >/dev/null; ({within}) & wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = processes.bytes_read(process.pid)
        subprocess.run(["pkill", "-KILL", "--session", str(process.pid)], check=True)
    assert 5_000_000 <= found < 6_000_000


def test_a_process_that_is_gone_has_read_nothing() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
        assert processes.bytes_read(process.pid) == 0


def test_with_one_that_is_ended_goes_all_that_it_began() -> None:
    """A part of rsync that is stopped, or waits for a disk, would hold the lock of the pull."""
    script = "sleep 600 & echo $!; kill -STOP $!; wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = Path("/proc", process.stdout.readline().strip())
        processes.kill(process.pid)
        assert process.wait() == -9
    wait_until(lambda: not child.exists() or ") Z " in (child / "stat").read_text(), 10, "end of the child")


def test_one_that_has_ended_is_no_trouble() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
        processes.kill(process.pid)
