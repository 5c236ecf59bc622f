"""Whose a port is: real sockets of this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from node.errors import Unknown
from node.health import sockets

LISTENER = """
import os, socket, sys, time
kind = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.socket(kind)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen()
print(server.getsockname()[1], flush=True)
time.sleep(600)
"""
NOBODY = 1 << 30
FREE = 1  # tcpmux: no machine of ours serves it


@contextmanager
def listener(address: str, port: int = 0) -> Iterator[tuple[int, int]]:
    """Yield the number of a process that listens, and of its port."""
    words = [sys.executable, "-c", LISTENER, address, str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"])  # noqa: S104
def test_it_is_the_port_of_who_listens(address: str) -> None:
    with listener(address) as (pid, port):
        found = sockets.ports([port, FREE], [NOBODY, pid])
        assert (found[port].is_open, found[port].is_own, len(found[port].own)) == (True, True, 1)
        assert (found[FREE].is_open, found[FREE].is_own) == (False, False)
        other = sockets.ports([port], [os.getpid(), NOBODY])[port]
        assert (other.is_open, other.is_own) == (True, False)


@pytest.mark.parametrize("address", ["127.0.0.2", "::1"])
def test_an_address_that_is_not_asked_is_another_matter(address: str) -> None:
    with listener(address) as (pid, port):
        assert not sockets.ports([port], [pid])[port].is_open


def test_a_second_listener_gets_some_of_the_connections() -> None:
    with listener("127.0.0.1") as (first, port), listener("127.0.0.1", port) as (second, _):
        for each in (first, second):
            found = sockets.ports([port], [each])[port]
            assert (len(found.sockets), len(found.own), found.is_own) == (2, 1, False)
        assert sockets.ports([port], [first, second])[port].is_own


def test_a_port_that_is_only_connected_to_is_not_open() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))) as client:
            own = client.getsockname()[1]
            assert sockets.ports([port], [os.getpid()])[port].is_own
            assert not sockets.ports([own], [os.getpid()])[own].is_open


def test_a_kernel_without_ipv6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net").mkdir()
    row = "   0: 0100007F:15BE 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 4711 1 0 100 0 0 10 0"
    (tmp_path / "net" / "tcp").write_text(f"  sl  local_address\n{row}\n")
    monkeypatch.setattr(sockets, "PROC", tmp_path)
    assert sockets.ports([5566], [NOBODY]) == {5566: sockets.Port({4711}, set())}
    monkeypatch.setattr(sockets, "_LONGEST_TABLE", 0)
    with pytest.raises(Unknown, match=r"/net/tcp: more than 0 lines$"):
        sockets.ports([5566], [NOBODY])


def test_handles_that_cannot_be_seen_are_not_somebody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied", path)

    with listener("127.0.0.1") as (pid, port):
        monkeypatch.setattr(os, "listdir", refuse)
        with pytest.raises(Unknown, match=rf"^/proc/{pid}/fd: could not be read: Permission denied$"):
            sockets.ports([port], [pid])
        monkeypatch.undo()
        monkeypatch.setattr(sockets, "_MOST_HANDLES", 2)
        with pytest.raises(Unknown, match=rf"^/proc/{pid}/fd: more than 2 handles$"):
            sockets.ports([port], [pid])


def test_a_handle_that_is_closed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    with listener("127.0.0.1") as (pid, port):
        found = os.listdir
        monkeypatch.setattr(os, "listdir", lambda path: ["4711", *found(path)])
        assert sockets.ports([port], [pid])[port].is_own
