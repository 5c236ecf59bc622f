"""Waiting for apt: whoever holds a lock of it is waited for, within a limit, and named."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.errors import Refusal
from node.machine import apt_lock

HOLD = "import fcntl, sys\nfile = open(sys.argv[1], 'w')\nfcntl.lockf(file, fcntl.LOCK_EX)\nprint(flush=True)\ninput()"


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """apt's locks, of which the first is there."""
    found = (tmp_path / "lock-frontend", tmp_path / "lock")
    found[0].touch()
    monkeypatch.setattr(apt_lock, "LOCKS", found)
    return found


@pytest.fixture
def holder(locks: tuple[Path, Path]) -> Iterator["subprocess.Popen[str]"]:
    """A program that holds the lock until it is told something."""
    words = [sys.executable, "-c", HOLD, str(locks[0])]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_nobody_is_waited_for_where_nobody_holds_it(locks: tuple[Path, Path]) -> None:
    apt_lock.wait(0)
    assert apt_lock.holder() is None
    assert not locks[1].exists()


def test_the_holder_is_named_at_the_limit(locks: tuple[Path, Path], holder: "subprocess.Popen[str]") -> None:
    name = Path(f"/proc/{holder.pid}/comm").read_text().strip()
    with pytest.raises(Refusal) as refused:
        apt_lock.wait(0.01)
    said = f"{locks[0]}: held by process {holder.pid} ({name}), waited 0.01 s; run again when that has ended"
    assert str(refused.value) == said


def test_it_goes_on_when_the_holder_ends(holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        holder.communicate("\n")

    monkeypatch.setattr("node.machine.apt_lock.time.sleep", wait)
    apt_lock.wait(60)
    assert waits == [apt_lock.PAUSE]
    assert apt_lock.holder() is None


def test_it_takes_no_lock_itself(locks: tuple[Path, Path]) -> None:
    apt_lock.wait(0)
    pid = os.fork()
    if pid == 0:
        with locks[0].open("w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
