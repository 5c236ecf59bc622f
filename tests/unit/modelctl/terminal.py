"""modelctl on a terminal of its own."""

import os
import pty
import subprocess
import sys
from pathlib import Path


def on_a_terminal(site: Path, *words: str, **environment: str) -> tuple[int, str]:
    """Run a command on a terminal of 80 columns. Returns its exit code and what was shown, errors included."""
    keyboard, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", "from modelctl.cli import main; main()", *words, "--site", str(site)],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **environment},
        stdin=terminal, stdout=terminal, stderr=terminal, timeout=30, check=False,
    )  # fmt: skip
    shown = os.read(keyboard, 65536).decode()
    os.close(keyboard)
    os.close(terminal)
    return done.returncode, shown.replace("\r\n", "\n")
