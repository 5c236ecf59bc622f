"""Ctrl-C ends pyinfra with its own exit code, wherever it comes: config.py mends it."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyinfra_cli
import pytest

import config

FOLDER = Path(config.__file__).parent
LIMIT = 30  # seconds; a command that has begun is waited for
STOPPED = config.STOPPED.decode()
SLEEP = ("exec", "--", "sleep", "3")
LOST_MOMENTS = {
    "where a host's command is forked": """
import os
os.register_at_fork(after_in_parent=lambda: signal.raise_signal(signal.SIGINT))
""",
    "while a line is written": """
import io, os, sys
class Terminal(io.RawIOBase):
    def writable(self):
        return True
    def write(self, text):
        if b"Starting operation" in bytes(text):
            signal.raise_signal(signal.SIGINT)
        return os.write(2, text)
sys.stderr = io.TextIOWrapper(io.BufferedWriter(Terminal()), line_buffering=True)
""",
}


def test_pyinfra_still_exits_as_if_all_was_well() -> None:
    source = Path(pyinfra_cli.__file__).with_name("main.py").read_text()
    assert 'click.echo("Exiting upon user request!")\n        sys.exit(0)' in source


@contextmanager
def pyinfra(*words: str | Path, stdin: int | IO[Any] = subprocess.DEVNULL) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "pyinfra", *map(str, words)]
    with subprocess.Popen(command, cwd=FOLDER, stdin=stdin, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupt(process: "subprocess.Popen[str]", at: str) -> None:
    """Press Ctrl-C when this has been said."""
    assert process.stderr is not None
    said = ""
    while at not in said:
        letter = process.stderr.read(1)
        assert letter, f"ended before {at!r}: {said}"
        said += letter
    process.send_signal(signal.SIGINT)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = process.communicate(timeout=LIMIT)
    return process.returncode, said


def test_while_hosts_are_deployed_to() -> None:
    with pyinfra("@local", *SLEEP) as process:
        interrupt(process, "Starting operation")
        code, said = ended(process)
    assert code == config.INTERRUPTED
    assert STOPPED in said


@pytest.mark.parametrize("moment", LOST_MOMENTS)
def test_where_what_is_raised_would_be_lost(tmp_path: Path, moment: str) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text(f"import signal\n{LOST_MOMENTS[moment]}\nhosts = ['@local']\n")
    with pyinfra(inventory, *SLEEP) as process:
        code, said = ended(process)
    assert code == config.INTERRUPTED
    assert said.count(STOPPED) == 1
    assert "Results:" not in said
    assert "Traceback" not in said


def test_when_the_terminal_is_gone(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text("""
import os, signal, sys
sys.stderr = open(os.devnull, "w")
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
signal.raise_signal(signal.SIGINT)
hosts = ["@local"]
""")
    with pyinfra(inventory, *SLEEP) as process:
        code, said = ended(process)
    assert code == config.INTERRUPTED
    assert said.endswith("Loading inventory...\n")


def test_at_the_question_nothing_is_waited_for(tmp_path: Path) -> None:
    made = tmp_path / "made"
    deploy = tmp_path / "deploy.py"
    deploy.write_text(f"from pyinfra.operations import server\nserver.shell(commands=['touch {made}'])\n")
    keyboard, terminal = pty.openpty()
    with pyinfra("@local", deploy, stdin=terminal) as process:
        interrupt(process, "Press enter to execute...")
        code, said = ended(process)
    os.close(keyboard)
    os.close(terminal)
    assert code == config.INTERRUPTED
    assert STOPPED in said
    assert not made.exists()


def test_the_second_one_waits_for_nothing(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text("import sys\nprint('asking', file=sys.stderr)\nhosts = [input()]\n")
    with pyinfra(inventory, *SLEEP, stdin=subprocess.PIPE) as process:
        interrupt(process, "asking\n")
        interrupt(process, STOPPED)
        code, said = ended(process)
    assert code == config.INTERRUPTED
    assert said.endswith(STOPPED)
