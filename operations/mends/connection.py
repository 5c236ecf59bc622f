"""The way to the hosts: their order, their SSH connections, and what is read over these."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import pyinfra.api.operations
import pyinfra.connectors.util
from paramiko import SSHException
from paramiko.config import SSHConfigDict
from paramiko.file import BufferedFile
from paramiko.ssh_exception import NoValidConnectionsError
from pyinfra.api import Inventory
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.sshuserclient.config import SSHConfig
from pyinfra_cli.exceptions import CliError

from modelctl.nodes import unreached
from operations.listening import hand_on, listener_of
from operations.notes import notes_of
from operations.rollout import run_order

UNANSWERED_MS = 60_000  # milliseconds that sent data may stay unacknowledged

_connect = SSHConnector._connect
_connect_at_last = SSHConnector.connect
_run = SSHConnector.run_shell_command
_read_buffer = pyinfra.connectors.util.read_buffer
_lookup: Any = SSHConfig._lookup  # type: ignore[attr-defined]
_hub = pyinfra.api.operations.gevent.get_hub()
# gevent shows a traceback of what ends a host's greenlet; pyinfra tells these in a line.
_TOLD = (*_hub.NOT_ERROR, PyinfraError, CliError)


def _hosts_in_order(self: Inventory) -> list[Any]:
    """With --serial the datasink that nodes pull from comes first, as in the inventory; pyinfra's set has no order."""
    return [host for host in run_order(self) if host in self.state.active_hosts]


def _connect_without_delay(self: SSHConnector) -> None:
    """paramiko leaves Nagle's algorithm on, some 40 ms for each command, and waits for ever for a host that is gone. Of
    one that refuses, or has no route, it names the port alone, and "[Errno None]". Of a key that it cannot use pyinfra
    would say that the fault is in this file.
    """
    try:
        _connect(self)
    except PyinfraError as error:
        raise error if isinstance(error, ConnectError) else CliError(str(error)) from None
    except NoValidConnectionsError as silent:
        reasons = [each.strerror or str(each) for each in silent.errors.values() if isinstance(each, OSError)]
        raise OSError(", ".join(dict.fromkeys(reasons))) from None
    assert self.client is not None
    transport = self.client.get_transport()
    assert transport is not None
    if isinstance(transport.sock, socket.socket):  # else a channel through a jump host
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # not on macOS, which has the keepalive alone
            transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
    transport.set_keepalive(15)


def _connect_or_note(self: SSHConnector) -> None:
    """pyinfra says why a host is not reached, and forgets it."""
    try:
        _connect_at_last(self)
    except ConnectError as error:
        notes_of(self.host).failure = f"{error}; {unreached.next_step(self.host.name, str(error))}"
        raise


def _run_on_dropped_connection(self: SSHConnector, *args: Any, **kwargs: Any) -> Any:
    """A dropped connection is EOFError to paramiko, which ends the run for all hosts; OSError fails only this one."""
    notes = notes_of(self.host)
    try:
        succeeded, output = _run(self, *args, **kwargs)
    except EOFError as error:
        notes.failure = "connection lost"
        raise OSError(notes.failure) from error
    except (OSError, SSHException) as error:
        notes.failure = _reason(error)
        raise
    if not succeeded:
        notes.failed(output.stderr_lines)
    return succeeded, output


def _reason(error: Exception) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else f"connection lost: {error}"


def _read_any_bytes(name: str, io: Iterable[str | bytes], *args: Any, **kwargs: Any) -> None:
    """A byte that is no UTF-8, as in what a login prints, ends pyinfra's reading with a traceback: the rest is lost.
    And it keeps all that comes until the command has ended; what somebody listens to is only handed on.
    """
    if isinstance(io, BufferedFile):
        io._flags |= BufferedFile.FLAG_BINARY  # type: ignore[attr-defined]
        hear = listener_of(io) if name == "stdout" else None
        if hear is not None:
            hand_on(io, hear)
            return
    lines = (line.decode(errors="replace") if isinstance(line, bytes) else line for line in io)
    _read_buffer(name, lines, *args, **kwargs)


def _lookup_of_address(self: SSHConfig, hostname: str, options: Any = None, **kwargs: Any) -> Any:
    """A HostName in the operator's ssh_config is for names. An address is the inventory's: pyinfra would deploy to
    another host under this one's name, and look for that one's key."""
    with suppress(ValueError):
        address = str(ip_address(hostname))
        options = SSHConfigDict({"hostname": address, "canonicalizehostname": "no", **(options or {})})
    return _lookup(self, hostname, options, **kwargs)


MENDS = (
    (Inventory, "get_active_hosts", _hosts_in_order),
    (_hub, "NOT_ERROR", _TOLD),
    (SSHConnector, "_connect", _connect_without_delay),
    (SSHConnector, "connect", _connect_or_note),
    (SSHConnector, "run_shell_command", _run_on_dropped_connection),
    (pyinfra.connectors.util, "read_buffer", _read_any_bytes),
    (SSHConfig, "_lookup", _lookup_of_address),
)
