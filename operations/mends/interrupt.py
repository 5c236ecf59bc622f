"""Ctrl-C. pyinfra exits 0 then, as if the hosts had been deployed to, and waits for hosts that go on meanwhile."""

import os
import signal
import termios
from contextlib import suppress
from typing import Any, NoReturn

from modelctl import hints

INTERRUPTED = 128 + signal.SIGINT  # as a shell tells it
STOPPED = "Stopped; what has begun on a node goes on there: {}\n"

_STDIN, _STDERR = 0, 2


def end_at_interrupt() -> None:
    """Let Ctrl-C end this process at once, with the exit code of an interrupt."""
    terminal = termios.tcgetattr(_STDIN) if os.isatty(_STDIN) else None
    signal.signal(signal.SIGINT, lambda *_: _stop(terminal))


def _stop(terminal: list[Any] | None) -> NoReturn:
    """End for certain, and begin nothing more; an exception would be lost where Python happens to be beside a fork. A
    node takes it for a lost connection.
    """
    if terminal is not None:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        termios.tcsetattr(_STDIN, termios.TCSANOW, terminal)  # else it stays without echo, at a password
    line = STOPPED.format(hints.modelctl("status")).encode()
    with suppress(OSError):  # the terminal may be gone
        os.write(_STDERR, line)  # sys.stderr may be in the middle of a line
    os._exit(INTERRUPTED)
