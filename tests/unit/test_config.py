"""What config.py mends in pyinfra, and that it is still broken: an upgrade that mends it fails a test here."""

import inspect
import io
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import paramiko
import pytest
from pyinfra.api import Config, facts, operations
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.context import ctx_state
from pyinfra_cli.exceptions import CliError

import config


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
            connection, _ = server.accept()
            transport = paramiko.Transport(connection)
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
    connection = transport.sock
    assert isinstance(connection, socket.socket)
    return (
        connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    )


class TestDelay:
    def test_paramiko_still_leaves_the_delay_on(self, port: int) -> None:
        made = connector(port)
        config._connect(made)
        assert options_of(made) == (0, 0)

    def test_mended(self, port: int) -> None:
        made = connector(port)
        SSHConnector._connect(made)
        assert options_of(made) == (1, config.UNANSWERED_MS)


class TestDroppedConnection:
    @pytest.fixture
    def dropped(self) -> SSHConnector:
        """A connector whose host is gone."""

        def exec_command(*_: object, **__: object) -> None:
            raise EOFError

        settings = SimpleNamespace(SHELL="sh")
        host = SimpleNamespace(name="lab1", connector_data={}, print_prefix="")
        client = SimpleNamespace(exec_command=exec_command)
        state = SimpleNamespace(config=settings)
        return cast("SSHConnector", SimpleNamespace(state=state, host=host, client=client))

    def test_pyinfra_still_passes_it_on_and_nobody_catches_it(self, dropped: SSHConnector) -> None:
        with pytest.raises(EOFError):
            config._run(dropped, StringCommand("true"))
        assert "EOFError" not in inspect.getsource(facts) + inspect.getsource(operations)

    def test_mended(self, dropped: SSHConnector) -> None:
        with pytest.raises(OSError, match=r"^connection lost$"):
            SSHConnector.run_shell_command(dropped, StringCommand("true"))


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
        assert "Traceback" not in self.deploy(deaf, Path(config.__file__).parent)

    def test_who_debugs_sees_it(self, deaf: int) -> None:
        assert "Traceback" in self.deploy(deaf, Path(config.__file__).parent, "--debug-all")


class TestConfirm:
    @pytest.fixture(autouse=True)
    def _no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        with ctx_state.use(SimpleNamespace(get_warning_counter=lambda: 0)):
            yield

    def test_pyinfra_still_crashes_without_a_terminal(self) -> None:
        with pytest.raises(EOFError):
            config._confirm("One of more hosts failed, continue?")

    def confirm(self, message: str) -> bool:
        from pyinfra_cli import cli

        return cli._do_confirm(message)

    def test_the_run_goes_on_without_failed_hosts(self) -> None:
        from pyinfra_cli import cli

        messages = [line for line in inspect.getsource(cli).splitlines() if "not _do_confirm(" in line]
        about_failure = [line.split('"')[1] for line in messages if "failed" in line]
        assert len(about_failure) == 2
        assert all(self.confirm(message) for message in about_failure)

    def test_nothing_starts_that_nobody_confirmed(self) -> None:
        with pytest.raises(CliError, match=r"^no terminal to confirm at: nothing was done; add -y to run"):
            self.confirm("Detected changes displayed above, skip this step with -y")


class TestFailureInItsGreenlet:
    """A host that fails last ends the run, in a greenlet of its own."""

    @staticmethod
    def fail_last() -> None:
        state = State(Inventory((["lab1"], {})), Config())
        state.activate_host(state.inventory.get_host("lab1"))
        with pytest.raises(PyinfraError, match=r"^No hosts remaining!$"):
            state.pool.spawn(state.fail_hosts, set(state.inventory)).get()

    def test_gevent_still_shows_a_traceback(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        hub = operations.gevent.get_hub()
        monkeypatch.setattr(hub, "NOT_ERROR", tuple(set(hub.NOT_ERROR) - {PyinfraError}))
        self.fail_last()
        assert "Traceback" in capfd.readouterr().err

    def test_mended(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.fail_last()
        assert "Traceback" not in capfd.readouterr().err


class TestHostOrder:
    def test_pyinfra_still_has_no_order(self) -> None:
        assert isinstance(State(Inventory((["lab1"], {})), Config()).active_hosts, set)
        source = inspect.getsourcefile(Inventory)
        assert source is not None
        assert "return list(self.state.active_hosts)" in Path(source).read_text()

    def test_mended(self) -> None:
        names = [f"host{number}" for number in range(20)]
        inventory = Inventory((names, {}))
        active = set(inventory) - {inventory.get_host("host7")}
        cast("Any", inventory).state = SimpleNamespace(active_hosts=active)
        assert [host.name for host in inventory.get_active_hosts()] == [name for name in names if name != "host7"]
