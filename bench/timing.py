"""How long a command takes."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from modelctl.errors import OperatorError

RUN_SECONDS = 300


def seconds_of(command: Sequence[str], checkout: Path) -> float:
    """Run a command in a checkout and return how long it took. Raises OperatorError when it fails."""
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=checkout, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, timeout=RUN_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise OperatorError(f"{as_typed(command)}: no end after {RUN_SECONDS} s") from None
    if done.returncode:
        raise OperatorError(f"{as_typed(command)}: exit {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    return time.monotonic() - start


def as_typed(command: Sequence[str]) -> str:
    """A command as an operator types it."""
    return " ".join([Path(command[0]).name, *command[1:]])
