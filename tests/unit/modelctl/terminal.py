"""modelctl on a terminal of its own."""

import os
import pty
import select
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from modelctl.cli import main
from tests.unit.modelctl import copies

SILENCE = 30  # seconds


def on_a_terminal(site: Path, *words: str, typed: str = "", **environment: str) -> tuple[int, str]:
    """Run a command on a terminal of 80 columns. Returns its exit code and what was shown, errors included."""

    pid, keyboard = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": "80", **environment})
        copies.end(lambda: main([*words, "--site", str(site)]))
    os.write(keyboard, typed.encode())
    shown = b"".join(_shown(keyboard))
    os.close(keyboard)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, shown.decode().replace("\r\n", "\n")


def _shown(keyboard: int) -> Iterator[bytes]:
    """All of it, as it comes: a terminal that nobody reads takes only some of it. Its end is an error."""
    with suppress(OSError):
        while select.select([keyboard], [], [], SILENCE)[0]:
            yield os.read(keyboard, 65536)
