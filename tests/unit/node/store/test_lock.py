import fcntl
import json
import os
import re
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from node.errors import Refusal
from node.store import lock
from node.store.lock import Holder

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def path(state: Path) -> Path:
    return state / "sets" / "engine" / "lock"


def hold(path: Path) -> AbstractContextManager[None]:
    return lock.held(path, "switch", "anna@ramrod", "pyinfra inventory.py deploys/models.py -y")


def test_the_loser_is_told_who_since_when_and_what_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.store.history.now", lambda: "2026-11-22T23:40:00Z")
    words = (
        f"another switch is running here: anna@ramrod, since 2026-11-22T23:40:00Z, process {os.getpid()}: "
        "pyinfra inventory.py deploys/models.py -y; wait for it and run again"
    )
    with hold(path), pytest.raises(lock.Taken, match=f"^{re.escape(words)}$"), hold(path):
        pass


def test_the_lock_is_free_again_after_a_failure(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(path):
        raise ZeroDivisionError
    assert path.read_text() == ""
    with hold(path):
        pass


def test_what_a_dead_holder_left_is_no_lock(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"operator": "ben", "purpose": "a longer one than the next will be", "since": "x", "pid": 1}' * 9)
    with hold(path):
        assert json.loads(path.read_text())["operator"] == "anna@ramrod"


@pytest.mark.parametrize("content", ["", "1", "{}", '{"operator": "ann'])
def test_an_unnamed_holder_is_unknown(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Refusal, match=r"^another switch is running here: nobody knows whose; wait"), hold(path):
            pass


def test_a_mere_look_at_the_lock_does_not_keep_it_from_being_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 60)
    path.parent.mkdir(parents=True)
    path.touch()
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(file, fcntl.LOCK_UN))
        with hold(path):
            assert lock.holder(path).startswith("anna@ramrod, since ")


def test_is_held(path: Path) -> None:
    assert not lock.is_held(path)
    with hold(path):
        assert lock.is_held(path)
    assert path.exists()
    assert not lock.is_held(path)


def test_who_holds_it_now(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.store.history.now", lambda: "2026-11-22T23:40:00Z")
    assert lock.holder_now(path) is None
    with hold(path):
        assert lock.holder_now(path) == Holder(
            "anna@ramrod", "pyinfra inventory.py deploys/models.py -y", "2026-11-22T23:40:00Z", os.getpid(), "switch"
        )
    assert lock.holder_now(path) is None


@pytest.mark.parametrize("content", ["", "1", "{}", "[" * 9999, '{"operator": 7}', '{"operator": "ann'])
def test_of_a_holder_who_has_written_nothing_useful_nothing_is_known(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert lock.holder_now(path) is None
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert lock.holder_now(path) == Holder()


def test_a_child_that_outlives_the_holder_keeps_the_lock(path: Path) -> None:
    """An rsync writes to the same files as the next pull would."""
    with hold(path):
        program = "import sys; print(flush=True); sys.stdin.read()"
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"\n"  # before it has begun it may hold what it closes as it begins
    assert lock.is_held(path)
    child.communicate()
    assert not lock.is_held(path)


def test_a_full_disk_keeps_nobody_from_the_work(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with lock.held(path, "switch", "anna@ramrod", "pyinfra"):
        assert lock.is_held(path)
