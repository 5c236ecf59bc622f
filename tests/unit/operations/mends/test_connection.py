"""What is mended of connections, and that it is still broken: an upgrade that mends it fails a test here."""

import errno
import inspect
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest.mock import Mock

import paramiko
import pytest
from paramiko.ssh_exception import NoValidConnectionsError
from pyinfra.api import facts, operations
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import ConnectError
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra_cli.exceptions import WrappedError

from modelctl.product import CHECKOUT
from operations.mends import connection
from operations.notes import notes_of


class Welcoming(paramiko.ServerInterface):
    def check_auth_none(self, _: str) -> int:
        return paramiko.common.AUTH_SUCCESSFUL

    def get_allowed_auths(self, _: str) -> str:
        return "none"


@pytest.fixture
def port() -> Iterator[int]:
    """The port of an SSH server that lets anybody in."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        transports: list[paramiko.Transport] = []

        def serve() -> None:
            accepted, _ = server.accept()
            transport = paramiko.Transport(accepted)
            transports.append(transport)
            transport.add_server_key(paramiko.ECDSAKey.generate())
            transport.start_server(server=Welcoming())

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(timeout=10)
        for transport in transports:
            transport.close()


class NoAuth(paramiko.auth_strategy.AuthStrategy):
    def get_sources(self) -> Iterator[paramiko.auth_strategy.AuthSource]:
        yield paramiko.auth_strategy.NoneAuth("ops")


def connector(port: int) -> SSHConnector:
    words = {
        "hostname": "127.0.0.1",
        "port": port,
        "username": "ops",
        "auth_strategy": NoAuth(ssh_config=paramiko.SSHConfig()),
        "_pyinfra_ssh_strict_host_key_checking": "no",
        "_pyinfra_ssh_config_file": "/dev/null",
        "_pyinfra_ssh_known_hosts_file": "/dev/null",
    }
    return cast("SSHConnector", SimpleNamespace(make_paramiko_kwargs=lambda: words, host="lab1", client=None))


def options_of(made: SSHConnector) -> tuple[int, int]:
    assert made.client is not None
    transport = made.client.get_transport()
    assert transport is not None
    sock = transport.sock
    assert isinstance(sock, socket.socket)
    return (
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    )


class TestDelay:
    def test_paramiko_still_leaves_the_delay_on(self, port: int) -> None:
        made = connector(port)
        connection._connect(made)
        assert options_of(made) == (0, 0)

    def test_mended(self, port: int) -> None:
        made = connector(port)
        SSHConnector._connect(made)
        assert options_of(made) == (1, connection.UNANSWERED_MS)


class TestDroppedConnection:
    @pytest.fixture
    def dropped(self) -> SSHConnector:
        """A connector whose host is gone."""

        def exec_command(*_: object, **__: object) -> None:
            raise EOFError

        settings = SimpleNamespace(SHELL="sh")
        host = Mock(connector_data={}, print_prefix="")
        client = SimpleNamespace(exec_command=exec_command)
        state = SimpleNamespace(config=settings)
        return cast("SSHConnector", SimpleNamespace(state=state, host=host, client=client))

    def test_pyinfra_still_passes_it_on_and_nobody_catches_it(self, dropped: SSHConnector) -> None:
        with pytest.raises(EOFError):
            connection._run(dropped, StringCommand("true"))
        assert "EOFError" not in inspect.getsource(facts) + inspect.getsource(operations)

    def test_mended(self, dropped: SSHConnector) -> None:
        with pytest.raises(OSError, match=r"^connection lost$"):
            SSHConnector.run_shell_command(dropped, StringCommand("true"))
        assert notes_of(dropped.host).failure == "connection lost"


class TestWhatFailed:
    """pyinfra prints why a host failed, and forgets it; the closing word repeats it."""

    HOST = Mock()
    CONNECTOR = cast("SSHConnector", SimpleNamespace(host=HOST))

    def test_the_last_words_of_a_command_that_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = CommandOutput([OutputLine("stderr", "a: rolled back: why"), OutputLine("stderr", "")])
        monkeypatch.setattr(connection, "_run", lambda *_: (False, said))
        SSHConnector.run_shell_command(self.CONNECTOR, StringCommand("true"))
        assert notes_of(self.HOST).failure == "a: rolled back: why"

    @pytest.mark.parametrize(
        ("error", "failure"),
        [
            (TimeoutError(), "no answer in time"),
            (OSError("reset by peer"), "connection lost: reset by peer"),
            (paramiko.SSHException("closed"), "connection lost: closed"),
        ],
    )
    def test_no_answer(self, monkeypatch: pytest.MonkeyPatch, error: Exception, failure: str) -> None:
        monkeypatch.setattr(connection, "_run", Mock(side_effect=error))
        with pytest.raises(type(error)):
            SSHConnector.run_shell_command(self.CONNECTOR, StringCommand("true"))
        assert notes_of(self.HOST).failure == failure

    def test_a_host_that_is_not_reached(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "_connect_at_last", Mock(side_effect=ConnectError("Could not connect (no)")))
        with pytest.raises(ConnectError):
            SSHConnector.connect(self.CONNECTOR)
        repeat = "look at its power and its cable, then run again"
        assert notes_of(self.HOST).failure == f"Could not connect (no); {repeat}"

    def test_a_host_that_nothing_answers_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """paramiko says "[Errno None] Unable to connect to port 22 on ..."."""
        silent = NoValidConnectionsError({("192.168.10.20", 22): OSError(errno.EHOSTUNREACH, "No route to host")})
        monkeypatch.setattr(connection, "_connect", Mock(side_effect=silent))
        with pytest.raises(OSError, match=r"^No route to host$"):
            SSHConnector._connect(self.CONNECTOR)


class TestBrokenHandshake:
    @pytest.fixture
    def deaf(self) -> Iterator[int]:
        """The port of a server that hangs up."""
        with socket.create_server(("127.0.0.1", 0)) as server:

            def hang_up() -> None:
                with suppress(OSError):
                    while True:
                        server.accept()[0].close()

            thread = threading.Thread(target=hang_up)
            thread.start()
            yield server.getsockname()[1]
            server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10)

    def deploy(self, port: int, folder: Path, *words: str) -> str:
        command = [sys.executable, "-m", "pyinfra", "127.0.0.1", "--data", f"ssh_port={port}", *words, "exec", "true"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert "[127.0.0.1] SSH error (Error reading SSH protocol banner" in done.stderr
        return done.stderr

    def test_paramiko_still_shows_a_traceback(self, deaf: int, tmp_path: Path) -> None:
        assert "Traceback" in self.deploy(deaf, tmp_path)

    def test_mended(self, deaf: int) -> None:
        assert "Traceback" not in self.deploy(deaf, CHECKOUT)

    def test_who_debugs_sees_it(self, deaf: int) -> None:
        assert "Traceback" in self.deploy(deaf, CHECKOUT, "--debug-all")


def test_pyinfra_still_says_that_a_key_is_the_fault_of_this_file() -> None:
    assert "get_frame_line_from_tb" in inspect.getsource(WrappedError.show)
