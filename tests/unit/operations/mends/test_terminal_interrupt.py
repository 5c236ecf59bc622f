"""Ctrl-C ends pyinfra at once and with its own exit code, wherever it comes."""

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyinfra_cli
import pytest

from modelctl.product import CHECKOUT
from operations.mends.terminal import INTERRUPTED
from operations.mends.terminal import STOPPED as TOLD

LIMIT = 20  # seconds
STOPPED = TOLD.format("modelctl status")
SLEEP = ("exec", "--", "sleep", "300")
TWO_OPERATIONS = """
from pyinfra.operations import server
server.shell(name="one", commands=["sleep 300"])
server.shell(name="two", commands=["touch {made}"])
"""
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


@pytest.fixture
def terminal() -> Iterator[int]:
    """A terminal whose keyboard nobody touches."""
    keyboard, terminal = pty.openpty()
    yield terminal
    os.close(keyboard)
    os.close(terminal)


@contextmanager
def pyinfra(
    *words: str | Path, stdin: int | IO[Any] = subprocess.DEVNULL, before: str = ""
) -> Iterator["subprocess.Popen[str]"]:
    """Run pyinfra after some lines of Python."""
    program = f"import runpy, signal\n{before}\nrunpy.run_module('pyinfra', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", program, *map(str, words)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=stdin, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what a host's command has begun here


def interrupt(process: "subprocess.Popen[str]", at: str, press: Callable[[], object] | None = None) -> None:
    """Press Ctrl-C, or something else, when this has been said."""
    assert process.stderr is not None
    said = ""
    while at not in said:
        letter = process.stderr.read(1)
        assert letter, f"ended before {at!r}: {said}"
        said += letter
    (press or partial(process.send_signal, signal.SIGINT))()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = process.communicate(timeout=LIMIT)
    return process.returncode, said


def test_pyinfra_still_exits_as_if_all_was_well() -> None:
    source = Path(pyinfra_cli.__file__).with_name("main.py").read_text()
    assert 'click.echo("Exiting upon user request!")\n        sys.exit(0)' in source


@pytest.mark.parametrize("mode", [[], ["--serial"]])
def test_while_hosts_are_deployed_to_nothing_more_is_begun(tmp_path: Path, mode: list[str]) -> None:
    made, deploy = tmp_path / "made", tmp_path / "deploy.py"
    deploy.write_text(TWO_OPERATIONS.format(made=made))
    with pyinfra("@local", deploy, "-y", *mode) as process:
        interrupt(process, "Starting operation: one")
        code, said = ended(process)
    assert code == INTERRUPTED
    assert said.endswith(STOPPED)
    assert "two" not in said
    assert not made.exists()


@pytest.mark.parametrize("moment", LOST_MOMENTS)
def test_where_what_is_raised_would_be_lost(moment: str) -> None:
    with pyinfra("@local", *SLEEP, before=LOST_MOMENTS[moment]) as process:
        code, said = ended(process)
    assert code == INTERRUPTED
    assert said.endswith(STOPPED)
    assert "Traceback" not in said


def test_while_the_inventory_is_read(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text("import signal\nsignal.raise_signal(signal.SIGINT)\nraise ValueError\n")
    with pyinfra(inventory, *SLEEP) as process:
        code, said = ended(process)
    assert code == INTERRUPTED
    assert said.endswith(TOLD.format(f"modelctl status --site {inventory}"))
    assert "Traceback" not in said


def test_when_the_terminal_is_gone(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text("""
import os, signal, sys
sys.stderr = open(os.devnull, "w")
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
signal.raise_signal(signal.SIGINT)
""")
    with pyinfra(inventory, *SLEEP) as process:
        code, said = ended(process)
    assert code == INTERRUPTED
    assert said.endswith("Loading inventory...\n")


def test_at_the_question(tmp_path: Path, terminal: int) -> None:
    made, deploy = tmp_path / "made", tmp_path / "deploy.py"
    deploy.write_text(f"from pyinfra.operations import server\nserver.shell(commands=['touch {made}'])\n")
    with pyinfra("@local", deploy, stdin=terminal) as process:
        interrupt(process, "Press enter to execute...")
        code, said = ended(process)
    assert (code, said.strip()) == (INTERRUPTED, STOPPED.strip())
    assert not made.exists()


def test_at_a_password_the_terminal_gets_its_echo_back(terminal: int) -> None:
    before = termios.tcgetattr(terminal)
    with pyinfra("@local", "--ssh-password-prompt", *SLEEP, stdin=terminal) as process:
        interrupt(process, "SSH password: ")
        code, _ = ended(process)
    assert code == INTERRUPTED
    assert termios.tcgetattr(terminal) == before
