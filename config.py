"""pyinfra's own settings, and what is mended in it until an upgrade does (tests/unit/test_config*.py)."""

import logging
import os
import signal
import socket
import termios
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, cast

import click
import pyinfra
import pyinfra.api.operations
import pyinfra.connectors.local
import pyinfra.connectors.ssh
import pyinfra.connectors.ssh_util
import pyinfra.connectors.util
import pyinfra_cli.cli
import pyinfra_cli.inventory
from paramiko.config import SSHConfigDict
from paramiko.file import BufferedFile
from pyinfra import logger
from pyinfra.api import Host, Inventory, State
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.sshuserclient.config import SSHConfig
from pyinfra.connectors.util import CommandOutput
from pyinfra_cli.exceptions import CliError

from modelctl import hints
from modelctl.errors import exit_with_message
from modelctl.groups import groups
from modelctl.inventory_file import load
from modelctl.nodes.node_command import passwordless
from modelctl.outside import require_checkout
from modelctl.product import CHECKOUT
from operations import whom
from operations.command_line import check
from operations.rollout import run_order

REQUIRE_PYINFRA_VERSION = ">=3.10,<3.11"
CONNECT_TIMEOUT = 10  # seconds
UNANSWERED_MS = 60_000  # milliseconds that sent data may stay unacknowledged
INTERRUPTED = 128 + signal.SIGINT  # as a shell tells it
STOPPED = "Stopped; what has begun on a node goes on there: {}\n"

_STDIN, _STDERR = 0, 2
_terminal = termios.tcgetattr(_STDIN) if os.isatty(_STDIN) else None
_connect = SSHConnector._connect
_run = SSHConnector.run_shell_command
_read_buffer = pyinfra.connectors.util.read_buffer
_lookup: Any = SSHConfig._lookup  # type: ignore[attr-defined]
_confirm = pyinfra_cli.cli._do_confirm
_is_group = pyinfra_cli.inventory._is_inventory_group
_make_inventory = pyinfra_cli.cli.make_inventory
_set_data = pyinfra_cli.cli._set_override_data
_prepare = pyinfra_cli.cli._prepare_func_operations
_gather = pyinfra_cli.cli._run_fact_operations
_exclude = pyinfra_cli.cli._apply_inventory_exclude
_getpass = pyinfra_cli.cli.getpass
_run_with_password = pyinfra.connectors.util.execute_command_with_sudo_retry
_hub = pyinfra.api.operations.gevent.get_hub()


def _connect_without_delay(self: SSHConnector) -> None:
    """paramiko leaves Nagle's algorithm on, some 40 ms for each command, and waits for ever for a host that is gone.

    Of a key that it cannot use pyinfra would say that the fault is in this file.
    """
    try:
        _connect(self)
    except PyinfraError as error:
        raise error if isinstance(error, ConnectError) else CliError(str(error)) from None
    assert self.client is not None
    transport = self.client.get_transport()
    assert transport is not None
    if isinstance(transport.sock, socket.socket):  # else a channel through a jump host
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
    transport.set_keepalive(15)


def _run_on_dropped_connection(self: SSHConnector, *args: Any, **kwargs: Any) -> Any:
    """A dropped connection is EOFError to paramiko, which ends the run for all hosts; OSError fails only this one."""
    try:
        return _run(self, *args, **kwargs)
    except EOFError as error:
        raise OSError("connection lost") from error


def _read_any_bytes(name: str, io: Iterable[str | bytes], *args: Any, **kwargs: Any) -> None:
    """A byte that is no UTF-8, as in what a login prints, ends pyinfra's reading with a traceback: the rest is lost."""
    if isinstance(io, BufferedFile):
        io._flags |= BufferedFile.FLAG_BINARY  # type: ignore[attr-defined]
    lines = (line.decode(errors="replace") if isinstance(line, bytes) else line for line in io)
    _read_buffer(name, lines, *args, **kwargs)


def _lookup_of_address(self: SSHConfig, hostname: str, options: Any = None, **kwargs: Any) -> Any:
    """A HostName in the operator's ssh_config is for names. An address is the inventory's: pyinfra would deploy to
    another host under this one's name, and look for that one's key."""
    with suppress(ValueError):
        address = str(ip_address(hostname))
        options = SSHConfigDict({"hostname": address, "canonicalizehostname": "no", **(options or {})})
    return _lookup(self, hostname, options, **kwargs)


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


def _confirm_or_refuse(msg: str) -> bool:
    """Nobody can press enter in CI: go on without failed hosts, and never start a run that nobody confirmed.

    Any answer but enter ends pyinfra as if all was done, Ctrl-D with a traceback.
    """
    if not os.isatty(_STDIN):
        if "failed" in msg:
            return True
        raise CliError("no terminal to confirm at: nothing was done; add -y to run, or --dry to predict")
    with suppress(EOFError):
        if _confirm(msg):
            return True
    if "failed" in msg:
        return False
    raise CliError("not confirmed, so nothing was done")


def _values_or_refuse(data: tuple[str, ...], *args: Any) -> Any:
    """pyinfra shows a traceback of a `--data` without a value."""
    with exit_with_message():
        whom.require_values(data)
    return _set_data(data, *args)  # type: ignore[no-untyped-call]


def _hosts_or_refuse(inventory: str, **settings: Any) -> Inventory:
    """Where pyinfra finds no inventory it goes on with no host, and exits 0."""
    with exit_with_message():
        words = click.get_current_context().params
        operations = words["operations"]
        whom.require_numbers(words)
        whom.require_waiting(words)
        whom.require(inventory, operations, has_address="ssh_hostname" in settings["override_data"])
        whom.require_work(operations)
    return cast("Inventory", _make_inventory(inventory, **settings))


def _operation_or_refuse(state: State, config: Any, operation: Any, words: tuple[str, ...]) -> Any:
    """pyinfra shows a traceback of an argument that an operation does not take."""
    call, (args, named) = operation
    with exit_with_message():
        whom.require_arguments(words[0], call, args, named)
    return _prepare(state, config, operation, words)  # type: ignore[no-untyped-call]


def _facts_or_refuse(state: State, config: Any, facts: Any) -> Any:
    """Likewise of a fact."""
    with exit_with_message():
        for kind, args, named in facts:
            if callable(kind.command):
                whom.require_arguments(kind.name, kind().command, args, named)
    return _gather(state, config, facts)  # type: ignore[no-untyped-call]


def _left_or_refuse(*args: Any) -> list[Host] | None:
    """Likewise where `--exclude` leaves nobody."""
    left: list[Host] | None = _exclude(*args)
    if left is not None and not left:
        raise SystemExit("--limit and --exclude leave no host; expected one at least")
    return left


def _hosts_in_order(self: Inventory) -> list[Any]:
    """With --serial the datasink that nodes pull from comes first, as in the inventory; pyinfra's set has no order."""
    return [host for host in run_order(self) if host in self.state.active_hosts]


def _groups_of_site(inventory_filename: str) -> dict[str, Any]:
    """pyinfra shows a traceback of what a site's files do wrong, and checks nothing that an operator has typed."""
    with exit_with_message():
        inventory = load(Path(inventory_filename))
        named = {name: value for name, value in inventory.values.items() if _is_group(name, value)}
        named |= groups(inventory.fleet, inventory.folder)
        check(inventory, named)
        inventory.connect()
    return named


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """pyinfra exits 0 at Ctrl-C, as if the hosts had been deployed to, and first waits for hosts that go on meanwhile.

    An exit that is raised where Python happens to be may be lost, as beside a fork. This one is not, and nothing more
    is begun. A node takes it for a lost connection.
    """
    if _terminal is not None:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        termios.tcsetattr(_STDIN, termios.TCSANOW, _terminal)  # else it stays without echo, at a password
    line = STOPPED.format(hints.modelctl("status")).encode()
    with suppress(OSError):  # the terminal may be gone
        os.write(_STDERR, line)  # sys.stderr may be in the middle of a line
    os._exit(INTERRUPTED)


SSHConnector._connect = _connect_without_delay  # type: ignore[method-assign]
SSHConnector.run_shell_command = _run_on_dropped_connection  # type: ignore[method-assign]
pyinfra.connectors.util.read_buffer = _read_any_bytes
SSHConfig._lookup = _lookup_of_address  # type: ignore[attr-defined]
pyinfra_cli.cli._do_confirm = _confirm_or_refuse
pyinfra_cli.cli.getpass = _password_of_run  # type: ignore[assignment]
pyinfra.connectors.ssh_util.getpass = _password_of_key  # type: ignore[assignment]
pyinfra.connectors.util.getpass = _password_of_host  # type: ignore[assignment]
pyinfra.connectors.ssh.execute_command_with_sudo_retry = _run_or_tell  # type: ignore[assignment]
pyinfra.connectors.local.execute_command_with_sudo_retry = _run_or_tell  # type: ignore[assignment]
pyinfra_cli.cli._set_override_data = _values_or_refuse
pyinfra_cli.cli.make_inventory = _hosts_or_refuse  # type: ignore[assignment]
pyinfra_cli.cli._prepare_func_operations = _operation_or_refuse
pyinfra_cli.cli._run_fact_operations = _facts_or_refuse
pyinfra_cli.cli._apply_inventory_exclude = _left_or_refuse  # type: ignore[assignment]
pyinfra_cli.inventory._get_groups_from_filename = _groups_of_site
Inventory.get_active_hosts = _hosts_in_order  # type: ignore[method-assign]
_hub.NOT_ERROR = (*_hub.NOT_ERROR, PyinfraError, CliError)
# Where nobody listens Python shows what paramiko logs, a traceback of what pyinfra says in a line.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
if pyinfra.is_cli:
    if Path(__file__).resolve().parent != CHECKOUT:
        raise SystemExit(
            f"{__file__}: found modelctl of {CHECKOUT}, expected it beside this file; "
            f"cd {CHECKOUT}, or install it here: pip install --no-deps --editable ."
        )
    require_checkout(Path.cwd())
    signal.signal(signal.SIGINT, _stop)
