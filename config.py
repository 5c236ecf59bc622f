"""pyinfra's own settings, and what is mended in it until an upgrade does (tests/unit/test_config*.py)."""

import logging
import os
import signal
import socket
import sys
import termios
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pyinfra
import pyinfra.api.operations
import pyinfra.connectors.util
import pyinfra_cli.cli
import pyinfra_cli.inventory
from paramiko.config import SSHConfigDict
from paramiko.file import BufferedFile
from pyinfra.api import Host, Inventory, State
from pyinfra.api.exceptions import PyinfraError
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.sshuserclient.config import SSHConfig
from pyinfra_cli.exceptions import CliError

from modelctl import hints
from modelctl.errors import exit_with_message
from modelctl.groups import groups
from modelctl.inventory_file import load
from modelctl.product import CHECKOUT
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
_run_host = pyinfra.api.operations._run_host_ops
_hub = pyinfra.api.operations.gevent.get_hub()


def _connect_without_delay(self: SSHConnector) -> None:
    """paramiko leaves Nagle's algorithm on, some 40 ms for each command, and waits for ever for a host that is gone."""
    _connect(self)
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


def _confirm_or_refuse(msg: str) -> bool:
    """Nobody can press enter in CI: go on without failed hosts, and never start a run that nobody confirmed."""
    if sys.stdin.isatty():
        return bool(_confirm(msg))
    if "failed" in msg:
        return True
    raise CliError("no terminal to confirm at: nothing was done; add -y to run, or --dry to predict")


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


def _run_and_fail(state: State, host: Host, *args: Any, **kwargs: Any) -> None:
    """With --no-wait pyinfra does not note which hosts have failed, and exits 0; gevent shows a traceback of each."""
    try:
        _run_host(state, host, *args, **kwargs)
    except PyinfraError:
        state.failed_hosts.add(host)
        raise


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
pyinfra_cli.inventory._get_groups_from_filename = _groups_of_site
Inventory.get_active_hosts = _hosts_in_order  # type: ignore[method-assign]
pyinfra.api.operations._run_host_ops = _run_and_fail
_hub.NOT_ERROR = (*_hub.NOT_ERROR, PyinfraError)
# Where nobody listens Python shows what paramiko logs, a traceback of what pyinfra says in a line.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
if pyinfra.is_cli:
    if Path(__file__).resolve().parent != CHECKOUT:
        raise SystemExit(
            f"{__file__}: found modelctl of {CHECKOUT}, expected it beside this file; "
            f"cd {CHECKOUT}, or install it here: pip install --no-deps --editable ."
        )
    signal.signal(signal.SIGINT, _stop)
