"""Passwords that pyinfra asks for: where nobody can type one it shows a traceback."""

import os
from contextlib import suppress
from typing import Any

import pyinfra.connectors.local
import pyinfra.connectors.ssh
import pyinfra.connectors.ssh_util
import pyinfra.connectors.util
import pyinfra_cli.cli
from pyinfra import logger
from pyinfra.api import Host
from pyinfra.connectors.util import CommandOutput
from pyinfra_cli.exceptions import CliError

from modelctl.nodes.node_command import passwordless

_STDIN = 0
_getpass = pyinfra_cli.cli.getpass
_run_with_password = pyinfra.connectors.util.execute_command_with_sudo_retry


class NoTerminal(OSError):
    """Nobody can type a password."""


def _has_terminal() -> bool:
    """Whether getpass would find somebody to ask: the controlling terminal, else standard input."""
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return True
    return os.isatty(_STDIN)


def _password_of_run(prompt: str) -> str:
    """Where nobody can type a password pyinfra shows a traceback."""
    if _has_terminal():
        return _getpass(prompt)
    what = prompt.strip().rstrip(":")
    raise CliError(f"{what}: no terminal to type it at, so nothing was done; run this at a terminal")


def _password_of_key(prompt: str) -> str:
    """Likewise, for an encrypted SSH key."""
    if _has_terminal():
        return _getpass(prompt)
    key = prompt.removeprefix("Enter password for private key: ").rstrip(": ")
    raise CliError(
        f"{key}: its password is wanted, and there is no terminal to type it at; add the key to your ssh-agent: ssh-add"
    )


def _password_of_host(prompt: str) -> str:
    """Likewise, for a host's sudo: it fails that host alone."""
    if _has_terminal():
        return _getpass(prompt)
    raise NoTerminal(prompt)


def _run_or_tell(host: Host, *args: Any) -> tuple[int, CommandOutput]:
    """Let the host fail with a line about the password that its sudo wants."""
    try:
        return _run_with_password(host, *args)
    except NoTerminal:
        login = host.data.get("ssh_user") or "LOGIN"
        logger.error(f"{host.print_prefix}{passwordless(login)}; or run this at a terminal")
        return 1, CommandOutput([])


MENDS = (
    (pyinfra_cli.cli, "getpass", _password_of_run),
    (pyinfra.connectors.ssh_util, "getpass", _password_of_key),
    (pyinfra.connectors.util, "getpass", _password_of_host),
    (pyinfra.connectors.ssh, "execute_command_with_sudo_retry", _run_or_tell),
    (pyinfra.connectors.local, "execute_command_with_sudo_retry", _run_or_tell),
)
