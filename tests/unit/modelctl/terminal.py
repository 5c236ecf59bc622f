"""modelctl on a terminal of its own."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SILENCE = 30  # seconds


def on_a_terminal(site: Path, *words: str, **environment: str) -> tuple[int, str]:
    """Run a command on a terminal of 80 columns. Returns its exit code and what was shown, errors included."""
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from modelctl.cli import main; main()", *words, "--site", str(site)],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **environment},
        stdin=terminal, stdout=terminal, stderr=terminal,
    ) as process:  # fmt: skip
        os.close(terminal)
        shown = b"".join(_shown(keyboard))
    os.close(keyboard)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def _shown(keyboard: int) -> Iterator[bytes]:
    """All of it, as it comes: a terminal that nobody reads takes only some of it. Its end is an error."""
    with suppress(OSError):
        while select.select([keyboard], [], [], SILENCE)[0]:
            yield os.read(keyboard, 65536)
