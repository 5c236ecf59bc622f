"""Command lines as an operator's shell runs them, but each in a copy of a process that has loaded what they load.

Half of what a short run costs is the loading of its modules, the same each time. The console script itself is run, with
its own arguments, folder, environment and standard streams. A test that is about a process (signals, a terminal, what
is loaded) starts one of its own.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock

from modelctl.product import CHECKOUT

SERVER = Path(__file__).with_name("server.py")


def run(words: Sequence[str], cwd: Path, env: Mapping[str, str], limit: float) -> "subprocess.CompletedProcess[str]":
    """Run a console script, `words[0]` being its path, without a terminal.

    Raises TimeoutExpired after `limit` seconds; the command then goes on.
    """
    with tempfile.TemporaryDirectory(prefix="warm-") as name:
        folder = Path(name)
        ended = folder / "ended"
        os.mkfifo(ended)
        descriptor = os.open(ended, os.O_RDWR)  # for writing too: else it would end where the first writer does
        try:
            _server(words[0]).ask({"words": list(words), "cwd": str(cwd), "env": dict(env), "folder": name})
            if not select.select([descriptor], [], [], limit)[0]:
                raise subprocess.TimeoutExpired(list(words), limit)
            code = int(os.read(descriptor, 16))
        finally:
            os.close(descriptor)
        out, err = ((folder / each).read_text() for each in ("out", "err"))
    return subprocess.CompletedProcess(list(words), code, out, err)


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
