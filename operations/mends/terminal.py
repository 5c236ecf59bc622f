"""What pyinfra does at Ctrl-C, and where it asks for enter or a password: it exits 0, or shows a traceback."""

import os
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import click
import pyinfra.connectors.local
import pyinfra.connectors.ssh
import pyinfra.connectors.ssh_util
import pyinfra.connectors.util
import pyinfra_cli.cli
from pyinfra import logger
from pyinfra.api import Config, Host, State
from pyinfra.connectors.util import CommandOutput
from pyinfra.context import ctx_state
from pyinfra_cli.exceptions import CliError

from modelctl import hints, screen
from modelctl.nodes.node_command import passwordless
from operations import closing, dry_run
from operations.mends import drawing

INTERRUPTED = 128 + signal.SIGINT  # as a shell tells it
AFTER_KEY = "\n"  # the terminal shows ^C
STOPPED = "Stopped; what has begun on a node goes on there: {}\n"

_STDIN, _STDERR = 0, 2
_confirm = pyinfra_cli.cli._do_confirm
_exit = pyinfra_cli.cli._exit
_getpass = pyinfra_cli.cli.getpass
_set_fail_prompts = pyinfra_cli.cli._set_fail_prompts
_run_with_password = pyinfra.connectors.util.execute_command_with_sudo_retry


def end_at_interrupt() -> None:
    """Let Ctrl-C end this process at once; pyinfra exits 0 then, and waits for hosts that go on meanwhile."""
    terminal = termios.tcgetattr(_STDIN) if os.isatty(_STDIN) else None
    signal.signal(signal.SIGINT, lambda *_: _stop(terminal))


def _stop(terminal: list[Any] | None) -> NoReturn:
    """End for certain, and begin nothing more; an exception would be lost where Python happens to be beside a fork. A
    node takes it for a lost connection.
    """
    if terminal is not None:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        termios.tcsetattr(_STDIN, termios.TCSANOW, terminal)  # else it stays without echo, at a password
    said = STOPPED.format(hints.modelctl("status"))
    if os.isatty(_STDERR):
        said = f"{drawing.clearing() or AFTER_KEY}{screen.fold(said, screen.width(), '  ')}"
    with suppress(OSError):  # the terminal may be gone
        os.write(_STDERR, said.encode())  # sys.stderr may be in the middle of a line
    try:
        closing.show_at_interrupt()
    finally:
        os._exit(INTERRUPTED)


def _confirm_or_refuse(msg: str) -> bool:
    """Nobody can press enter in CI: go on without failed hosts, and never start a run that nobody confirmed. Any answer
    but enter ends pyinfra as if all was done, Ctrl-D with a traceback.
    """
    if not os.isatty(_STDIN):
        if "failed" in msg:
            return True
        raise CliError("no terminal to confirm at: nothing was done; add -y to run, or --dry to predict")
    if "failed" not in msg:
        closing.foretell()
    with suppress(EOFError):
        if _confirm(msg):
            return True
    if "failed" in msg:
        return False
    raise CliError("not confirmed, so nothing was done")


def _ask_unless_dry(state: State, config: Config) -> None:
    """A prediction goes on without the hosts that failed; pyinfra wants an enter, "to execute"."""
    if not click.get_current_context().params["dry"]:
        _set_fail_prompts(state, config)


class NoTerminal(OSError):
    """Nobody can type a password for a host's sudo: that fails the host alone."""


def _has_terminal() -> bool:
    """Whether getpass would find somebody to ask: the controlling terminal, else standard input."""
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return True
    return os.isatty(_STDIN)


def _password_or(refuse: Callable[[str], Exception]) -> Callable[[str], str]:
    """Ask where somebody can type a password, and else raise what refuses the prompt."""

    def ask(prompt: str) -> str:
        if _has_terminal():
            return _getpass(prompt)
        raise refuse(prompt)

    return ask


def _no_run(prompt: str) -> CliError:
    what = prompt.strip().rstrip(":")
    return CliError(f"{what}: no terminal to type it at, so nothing was done; run this at a terminal")


def _no_key(prompt: str) -> CliError:
    key = prompt.removeprefix("Enter password for private key: ").rstrip(": ")
    return CliError(
        f"{key}: its password is wanted, and there is no terminal to type it at; add the key to your ssh-agent: ssh-add"
    )


def _run_or_tell(host: Host, *args: Any) -> tuple[int, CommandOutput]:
    """Let the host fail with a line about the password that its sudo wants."""
    try:
        return _run_with_password(host, *args)
    except NoTerminal:
        login = host.data.get("ssh_user") or "LOGIN"
        logger.error(f"{host.print_prefix}{passwordless(login)}; or run this at a terminal")
        return 1, CommandOutput([])


def _exit_as_asked() -> None:
    """All that ends in another way was broken off. pyinfra exits 0 whether or not anything would change."""
    closing.come_to_end()
    if ctx_state.isset() and dry_run.tells_of_changes(ctx_state.get()):
        sys.exit(dry_run.CHANGES)
    _exit()


MENDS = (
    (pyinfra_cli.cli, "_exit", _exit_as_asked),
    (pyinfra_cli.cli, "_do_confirm", _confirm_or_refuse),
    (pyinfra_cli.cli, "_set_fail_prompts", _ask_unless_dry),
    (pyinfra_cli.cli, "getpass", _password_or(_no_run)),
    (pyinfra.connectors.ssh_util, "getpass", _password_or(_no_key)),
    (pyinfra.connectors.util, "getpass", _password_or(NoTerminal)),
    (pyinfra.connectors.ssh, "execute_command_with_sudo_retry", _run_or_tell),
    (pyinfra.connectors.local, "execute_command_with_sudo_retry", _run_or_tell),
)
