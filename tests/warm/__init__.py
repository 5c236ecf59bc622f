"""Command lines as an operator's shell runs them, but each in a copy of a process that has loaded what they load.

Half of what a short run costs is the loading of its modules, the same each time. The console script itself is run, with
its own arguments, folder, environment and standard streams. A test that is about a terminal, or about what is
loaded, starts one of its own.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import IO, Self

from modelctl.product import CHECKOUT

SERVER = Path(__file__).with_name("server.py")
BEGINNING = 60.0  # seconds in which one begins, on a busy machine that has still to load what it loads


class Process:
    """A console script that was begun, without a terminal. Spoken to as a subprocess.Popen is."""

    def __init__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        self.args = list(words)
        """The console script's path and its arguments."""
        self.returncode: int | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="warm-"))
        os.mkfifo(self._folder / "told")
        for name in ("out", "err"):
            (self._folder / name).touch()  # one that is killed early has said nothing
        # For writing too: else it would end where the first writer does.
        self._told = os.fdopen(os.open(self._folder / "told", os.O_RDWR), "rb", 0)
        weakref.finalize(self, _forget, self._told, self._folder)
        _server(words[0]).ask({"words": self.args, "cwd": str(cwd), "env": dict(env), "folder": str(self._folder)})
        pid = self._number(BEGINNING)
        if pid is None:
            raise subprocess.TimeoutExpired(self.args, BEGINNING)
        self.pid = pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.communicate()

    def poll(self) -> int | None:
        """The exit code, and None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, at its end. Raises TimeoutExpired after so many seconds; it then goes on."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it said, at its end. Raises TimeoutExpired as `wait`."""
        self.wait(timeout)
        out, err = ((self._folder / each).read_text() for each in ("out", "err"))
        return out, err

    def send_signal(self, number: signal.Signals) -> None:
        """Tell it, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self.returncode = self._number(timeout)
        return self.returncode

    def _number(self, timeout: float | None) -> int | None:
        return int(self._told.readline()) if select.select([self._told], [], [], timeout)[0] else None


def _forget(told: IO[bytes], folder: Path) -> None:
    told.close()
    shutil.rmtree(folder)


def run(words: Sequence[str], cwd: Path, env: Mapping[str, str], limit: float) -> "subprocess.CompletedProcess[str]":
    """Run a console script, `words[0]` being its path, without a terminal.

    Raises TimeoutExpired after `limit` seconds; the command then goes on.
    """
    process = Process(words, cwd, env)
    out, err = process.communicate(limit)
    return subprocess.CompletedProcess(process.args, process.wait(), out, err)


class _Server:
    def __init__(self, program: str) -> None:
        self._lock = Lock()
        command, env = [sys.executable, "-P", str(SERVER), program], {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        # It ends with the tests: at the end of its input.
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE)

    def ask(self, request: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()


@cache
def _server(program: str) -> _Server:
    return _Server(program)
