"""Running programs of the control node: a failure is one line that holds what the program said."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence

from modelctl.errors import OperatorError


def run(*argv: str, stdin: str = "", limit: float = 60.0) -> str:
    """Run a program and return its standard output.

    :param limit: seconds after which it counts as failed.
    :raises OperatorError: when it cannot be started, fails or exceeds the limit.
    """
    command = shlex.join(argv[:6])
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as late:
        raise OperatorError(f"{command}: no end after {limit:.0f} s") from late
    except OSError as fault:
        raise OperatorError(f"{command}: {fault.strerror}") from fault
    if done.returncode:
        raise OperatorError(f"{command}: exit {done.returncode}: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def succeeds(argv: Sequence[str]) -> bool:
    """Whether a program that only answers a question says yes (exit 0)."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def last_line(text: str) -> str:
    """The last line that holds something, or a note that there is none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
