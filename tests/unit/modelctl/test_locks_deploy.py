import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from modelctl import locks
from modelctl.errors import OperatorError
from modelctl.locks import hold
from modelctl.product import CHECKOUT

HOLDER = """
import sys
from pathlib import Path
from modelctl import locks
sys.argv = ["/bin/pyinfra", "inventory.py", "deploys/models.py", "-y"]
locks.operator = lambda: "anna@ramrod"
locks.hold(Path(sys.stdin.readline().strip()))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    held: list[object] = []
    monkeypatch.setattr(locks, "_held", held)
    yield tmp_path / "lock"
    held.clear()


@pytest.fixture
def holder(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{lock}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def refusal(lock: Path) -> str:
    with pytest.raises(OperatorError) as caught:
        hold(lock)
    return str(caught.value)


def test_the_loser_learns_who_from_where_since_when_and_what_for(lock: Path, holder: "subprocess.Popen[str]") -> None:
    since = json.loads(lock.read_text())["since"]
    assert refusal(lock) == (
        f"{lock.parent}: another deploy of this site is running: anna@ramrod, since {since}, "
        f"process {holder.pid}: pyinfra inventory.py deploys/models.py -y; wait for it and run again"
    )


def test_a_holder_that_was_killed_is_no_obstacle(lock: Path, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait(timeout=10)
    assert "anna" in lock.read_text()
    hold(lock)
    assert json.loads(lock.read_text())["pid"] == os.getpid()


def test_the_lock_is_held_until_the_process_ends(lock: Path) -> None:
    hold(lock)
    assert f"process {os.getpid()}: " in refusal(lock)


def test_a_program_that_was_started_does_not_inherit_it(lock: Path) -> None:
    hold(lock)
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        try:
            locks._held.clear()
            hold(lock)
        finally:
            child.kill()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"operator": "x"}', "\0"])
def test_a_holder_that_does_not_say_who_it_is(
    lock: Path, holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert holder.poll() is None
    monkeypatch.setattr(locks, "WRITING_SECONDS", 0.1)
    lock.write_text(text)
    assert "another deploy of this site is running: it does not say whose; " in refusal(lock)


def test_a_holder_that_has_just_begun_is_given_time_to_say_it(
    lock: Path, holder: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    assert holder.poll() is None
    said = lock.read_text()
    lock.write_text("")
    monkeypatch.setattr(time, "sleep", lambda _: lock.write_text(said))
    assert "anna@ramrod" in refusal(lock)


def test_what_it_says_cannot_steer_a_terminal(lock: Path, holder: "subprocess.Popen[str]") -> None:
    claim = {**json.loads(lock.read_text()), "purpose": "\x1b[2J\nall is well"}
    lock.write_text(json.dumps(claim))
    assert holder.poll() is None
    assert refusal(lock).isprintable()


def test_the_next_operator_may_have_another_account(lock: Path) -> None:
    hold(lock)
    assert stat.S_IMODE(lock.stat().st_mode) == 0o666


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
)
def test_a_checkout_that_cannot_be_written_to(lock: Path, spoil: Callable[[Path], None], reason: str) -> None:
    spoil(lock)
    assert refusal(lock) == f"{lock}: {reason}; expected a folder that you can write to, since a deploy locks its site"


def test_git_ignores_it() -> None:
    ignored = (CHECKOUT / ".gitignore").read_text().splitlines()
    for name in (locks.DEPLOY, ".pins.json.lock"):  # modelctl/locks.py leaves that one when it is killed
        assert any(fnmatch(name, pattern) for pattern in ignored)
