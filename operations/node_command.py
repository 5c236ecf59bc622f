"""Commands of the node program, as pyinfra runs them: as root, with their input on standard input."""

from collections.abc import Iterator
from typing import Any

from pyinfra.api import QuoteString, StringCommand

from modelctl.closing.host_end import Standing
from modelctl.nodes.bundle import LOADER, bundle
from node import layout, protocol

PROGRAMS = str(layout.program())


class Message:
    """Standard input for a command. It prints as its size: pyinfra shows arguments when it is told to be verbose."""

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def readlines(self) -> list[str]:
        """Return all lines, as often as asked: pyinfra repeats a command when sudo wants a password."""
        return list(self)

    def __str__(self) -> str:
        return f"{sum(map(len, self._lines))} characters"


SECONDS, LONG_SECONDS = 660, 12 * 3600 + 60
"""How long an operator waits for a command: a little longer than the node lets it take (node/cli.py)."""
LONG = ("pull", "switch")


def command(name: str, *words: str, message: Any = None) -> StringCommand:
    """Return the command that runs `name` of the installed program with `message` as its JSON input."""
    return StringCommand(
        *_python(f"{PROGRAMS}/{bundle().digest}", name, *words),
        _sudo=True,
        _timeout=LONG_SECONDS if name in LONG else SECONDS,
        _stdin=Message("" if message is None else protocol.dumps(message)),
    )


def bare_command(name: str, *words: str, message: Any = None) -> StringCommand:
    """Return the command that runs `name` of the program that comes with it, installed or not."""
    lines = [bundle().line, *([] if message is None else [protocol.dumps(message)])]
    return StringCommand(*_python("-c", LOADER, name, *words), _sudo=True, _timeout=SECONDS, _stdin=Message(*lines))


class Refusal(StringCommand):
    """A command that fails with `reason`: how an operation fails one host and lets the others go on. `standing` is what
    the closing word calls that, and `shown` what is said at once, where the reason stands above already.
    """

    def __init__(self, reason: str, standing: Standing = Standing.REFUSED, shown: str | None = None) -> None:
        self.reason, self.standing, self.shown = reason, standing, shown or reason
        # not echo: dash's would read backslashes in the reason
        super().__init__("printf", QuoteString("%s\n"), QuoteString(self.shown), ">&2;", "exit", "1")


def _python(*words: str) -> list[str | QuoteString]:
    return [*layout.PYTHON, *map(QuoteString, words)]
