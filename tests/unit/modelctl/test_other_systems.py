"""A control node may run macOS (U5): nothing that only Linux has is needed there, by what is taken away here."""

import os
import select
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelctl.changes import deployment
from modelctl.errors import OperatorError
from modelctl.product import CHECKOUT
from modelctl.receiving import unit
from operations.mends import connection

LINUX = {
    "os": "O_PATH O_TMPFILE O_DIRECT O_NOATIME sched_getaffinity memfd_create pidfd_open getrandom copy_file_range "
    "splice posix_fadvise fdatasync getxattr setxattr listxattr removexattr eventfd setresuid getresuid pipe2",
    "socket": "TCP_USER_TIMEOUT SO_PEERCRED AF_NETLINK SO_BINDTODEVICE AF_PACKET SOCK_CLOEXEC SOCK_NONBLOCK",
    "select": "epoll poll",
    "signal": "sigtimedwait sigwaitinfo pidfd_send_signal SIGRTMIN SIGRTMAX SIGPWR SIGSTKFLT",
    "fcntl": "F_SETPIPE_SZ F_ADD_SEALS F_OFD_SETLK F_NOTIFY",
    "time": "CLOCK_BOOTTIME",
    "resource": "prlimit",
}
"""What Python has on Linux alone, by module; select.poll it takes away where a macOS has a broken one."""
PROGRAM = f"""
import importlib, pkgutil, sys
import pyinfra_cli.cli, pyinfra.operations, pyinfra.connectors.ssh, paramiko, rich.progress, pydantic, yaml, jinja2
for name, gone in {LINUX!r}.items():
    module = importlib.import_module(name)
    for each in gone.split():
        if hasattr(module, each):
            delattr(module, each)
import modelctl, operations
for package in (modelctl, operations):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
from operations import mends
mends.apply()
from modelctl.cli import main
sys.exit(main(["check", "--site", "tests/chandler/inventory.py"]))
"""


def test_all_of_it_loads_and_checks_a_site_without_what_linux_alone_has() -> None:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert done.stdout.startswith("chandler: 7 hosts, ")


def test_a_connection_without_the_option_for_unanswered_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "TCP_USER_TIMEOUT")
    monkeypatch.setattr(connection, "_connect", lambda _: None)
    kept: list[int] = []
    with socket.socket() as sock:
        transport = SimpleNamespace(sock=sock, set_keepalive=kept.append)
        connector: Any = SimpleNamespace(client=SimpleNamespace(get_transport=lambda: transport))
        connection._connect_without_delay(connector)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert kept


@pytest.fixture
def pyinfra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pyinfra that writes what it was told."""
    program = tmp_path / "pyinfra"
    program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/told\n')
    program.chmod(0o755)
    monkeypatch.setattr(deployment, "_pyinfra", lambda: str(program))
    return tmp_path / "told"


@pytest.mark.parametrize("gone", ["prctl", "poll"])
def test_a_deploy_without_the_kernel_s_help(pyinfra: Path, monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    """Without prctl a pyinfra may outlive a killed change, and then holds the site until it ends."""
    if gone == "prctl":
        monkeypatch.setattr(deployment, "_LIBC", SimpleNamespace())
    else:
        monkeypatch.delattr(select, "poll")
    assert deployment.Deployer(Path("i.py")).deploy(["lab1"])
    assert pyinfra.read_text() == "i.py deploys/models.py -y --limit lab1\n"


def test_a_poll_that_knows_no_terminals_hides_no_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> SimpleNamespace:
        return SimpleNamespace(register=lambda *_: None, poll=lambda _: [(1, select.POLLNVAL)])

    monkeypatch.setattr(select, "poll", broken)
    assert deployment._output(1) is None


def test_a_receive_needs_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(OperatorError, match=r"^systemctl: no such program; expected a control node with systemd$"):
        unit.run(["true"], "sentinelcam-receive-x", sys.stdout)
