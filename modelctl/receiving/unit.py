"""A receive as a transient unit of its user, systemd-run(1): a lost connection does not end it, asking again attaches.

Its output goes to a log, which whoever attaches is shown from its beginning.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from modelctl import locks
from modelctl.errors import OperatorError
from modelctl.faults import one_line

MOST_SECONDS = 7200  # a receive may wait for another one, and for a rollout
PAUSE = 0.2  # seconds between looks
ENDED = ("exited", "failed", "dead")
EXITED = "1"  # CLD_EXITED, waitid(2)
NO_SYSTEMD = "expected a systemd of this user: loginctl enable-linger"


def run(words: Sequence[str], name: str, output: TextIO) -> int:
    """Run a program as the unit `name`, unless it runs already; copy what it prints, and return its exit code.

    Raises OperatorError where there is no systemd of the user.
    """
    log = _log(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    with locks.held(log):
        if _state(name)["SubState"] in ENDED:
            _systemctl("stop", name)
            _systemctl("reset-failed", name)
            _start(words, name, log)
    return _follow(name, log, output)


def _start(words: Sequence[str], name: str, log: Path) -> None:
    done = subprocess.run(
        [
            "systemd-run", "--user", "--quiet", "--service-type=exec", f"--unit={name}",
            f"--working-directory={Path.cwd()}", "--setenv=PYTHONUNBUFFERED=1", "--property=RemainAfterExit=yes",
            f"--property=RuntimeMaxSec={MOST_SECONDS}", f"--property=StandardOutput=truncate:{log}",
            "--property=StandardError=inherit", "--", *words,
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_environment(),
    )  # fmt: skip
    if done.returncode:
        raise OperatorError(f"systemd-run: {one_line(done.stderr)}; {NO_SYSTEMD}")


def _follow(name: str, log: Path, output: TextIO) -> int:
    shown = 0
    while True:
        state = _state(name)
        shown += _show(log, shown, output)
        if state["SubState"] in ENDED:
            break
        time.sleep(PAUSE)
    if state["ExecMainCode"] != EXITED:
        raise OperatorError(f"{name}: it was ended before it was done; ask again")
    return int(state["ExecMainStatus"])


def _show(log: Path, start: int, output: TextIO) -> int:
    """Copy what was written since; return its bytes."""
    try:
        with log.open("rb") as file:
            file.seek(start)
            content = file.read()
    except FileNotFoundError:
        return 0
    output.write(content.decode(errors="replace"))
    output.flush()
    return len(content)


def _state(name: str) -> Mapping[str, str]:
    done = _systemctl("show", "--property=SubState,ExecMainCode,ExecMainStatus", name)
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    if done.returncode or "SubState" not in found:
        raise OperatorError(f"systemctl --user: {one_line(done.stderr)}; {NO_SYSTEMD}")
    return found


def _systemctl(*words: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            ["systemctl", "--user", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=_environment(),
        )  # fmt: skip
    except FileNotFoundError:  # as on macOS
        raise OperatorError("systemctl: no such program; expected a control node with systemd") from None


def _environment() -> Mapping[str, str]:
    """A connection with a forced command may come without a session of its own."""
    return {"XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}", **os.environ}


def _log(name: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "sentinelcam" / f"{name}.log"
