"""The client against real sockets of ZeroMQ, and against whoever else may hold the port."""

from __future__ import annotations  # zmq.green names no types of its own

import os
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
import zmq.green as zmq  # pyinfra has patched the sockets, see tests/unit/conftest.py

from node.errors import Unknown
from node.health import zmtp
from node.health.zmtp import Message, NoAnswer

PICTURE = os.urandom(1_500_000)
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x06\x05READY"
LONG = 20.0  # seconds that none of these takes

Talk = Callable[[socket.socket], object]


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    with zmq.Context() as context:
        yield context


def bound(context: zmq.Context[zmq.Socket[bytes]], kind: int) -> tuple[zmq.Socket[bytes], int]:
    server = context.socket(kind)
    server.linger = 0
    return server, server.bind_to_random_port("tcp://127.0.0.1")


@contextmanager
def during(work: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join(LONG)
    assert not thread.is_alive()


@contextmanager
def answering(talk: Talk) -> Iterator[int]:
    """Yield the port of a raw socket, which talks once with whoever comes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def work() -> None:
            connection, _ = server.accept()
            with closing(connection):
                try:
                    talk(connection)
                    while connection.recv(1 << 16):
                        pass
                except ConnectionError:
                    pass

        with during(work):
            yield server.getsockname()[1]


def refusal(talk: Talk, seconds: float = LONG) -> str:
    """What is said of who talks so, without the port."""
    with answering(talk) as port:
        with pytest.raises(NoAnswer) as caught:
            zmtp.ask(port, b"STATUS", seconds)
        return str(caught.value).removeprefix(f"port {port}: ")


def heard(talk: Talk, seconds: float = LONG) -> list[Message]:
    with answering(talk) as port:
        return list(zmtp.listen(port, seconds))


class TestAsk:
    @pytest.mark.parametrize("answer", [b"OK", b"", b'{"engines": "' + b"x" * 300_000 + b'"}'])
    def test_a_rep_socket_answers(self, context: zmq.Context[zmq.Socket[bytes]], answer: bytes) -> None:
        server, port = bound(context, zmq.REP)
        said: list[bytes] = []

        def work() -> None:
            said.append(server.recv())
            server.send(answer)

        with server, during(work):
            assert zmtp.ask(port, b'{"task": "STATUS"}', LONG) == answer
        assert said == [b'{"task": "STATUS"}']

    def test_a_long_question(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, port = bound(context, zmq.REP)
        with server, during(lambda: server.send(server.recv()[-3:])):
            assert zmtp.ask(port, b"x" * 70_000 + b"end", LONG) == b"end"

    def test_an_answer_in_parts_and_one_by_hand(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, port = bound(context, zmq.ROUTER)

        def work() -> None:
            who, empty, _ = server.recv_multipart()
            server.send_multipart([who, empty, b"OK", b"more"])

        with server, during(work):
            assert zmtp.ask(port, b"STATUS", LONG) == b"OK"

    def test_without_an_envelope_it_is_no_answer(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, port = bound(context, zmq.ROUTER)

        def work() -> None:
            who, _, _ = server.recv_multipart()
            server.send_multipart([who, b"OK", b"OK"])

        with server, during(work), pytest.raises(NoAnswer, match=r"found an answer without an envelope, expected one"):
            zmtp.ask(port, b"STATUS", LONG)

    def test_a_rep_socket_that_is_bound_and_never_answers(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, port = bound(context, zmq.REP)
        with server, pytest.raises(NoAnswer, match=rf"^port {port}: no answer within 0\.2 s$"):
            zmtp.ask(port, b"STATUS", 0.2)

    def test_a_closed_port(self) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            port = server.getsockname()[1]
        with pytest.raises(NoAnswer, match=rf"^port {port}: connection refused$"):
            zmtp.ask(port, b"STATUS", LONG)

    def test_a_server_that_asks_for_a_password(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, _ = bound(context, zmq.REP)
        server.plain_server = True
        port = server.bind_to_random_port("tcp://127.0.0.1")
        with server, pytest.raises(NoAnswer, match=r"(another mechanism than NULL|connection closed)"):
            zmtp.ask(port, b"STATUS", LONG)

    def test_no_handle_left_is_no_answer_of_the_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(socket.socket, "connect", fail)
        with pytest.raises(Unknown, match=r"^port 5566: could not be asked: Too many open files$"):
            zmtp.ask(5566, b"STATUS", LONG)


class TestListen:
    def test_a_publisher_is_heard_until_the_time_is_over(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, port = bound(context, zmq.PUB)
        is_over = threading.Event()

        def work() -> None:
            while not is_over.is_set():
                server.send_multipart([b"lab1 P1", PICTURE])
                server.send_multipart([b"x" * 300, b"", b"end"])
                time.sleep(0.01)

        with server, during(work):
            started = time.monotonic()
            messages = list(zmtp.listen(port, 0.5))
            is_over.set()
        assert time.monotonic() - started < 5
        assert set(map(str, messages)) == {
            str(Message(b"lab1 P1", [7, len(PICTURE)])),
            str(Message(b"x" * 300, [300, 0, 3])),
        }

    def test_who_has_heard_enough_leaves(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, port = bound(context, zmq.XPUB)

        def work() -> None:
            assert server.recv() == b"\x01"
            server.send(b"lab1 P1")
            assert server.recv() == b"\x00"  # the end of the subscription

        with server, during(work):
            messages = zmtp.listen(port, LONG)
            assert next(messages) == Message(b"lab1 P1", [7])
            messages.close()  # type: ignore[attr-defined]

    def test_a_publisher_that_says_nothing(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        server, port = bound(context, zmq.PUB)
        with server:
            assert list(zmtp.listen(port, 0.2)) == []

    def test_commands_between_messages(self) -> None:
        ping = b"\x04\x07\x04PING\0\0"
        talk = GREETING + READY + ping + b"\x01\x01a" + ping + b"\x00\x01b"
        assert heard(lambda peer: peer.sendall(talk), 0.3) == [Message(b"a", [1, 1])]

    def test_what_is_only_begun_is_not_heard(self) -> None:
        assert heard(lambda peer: peer.sendall(GREETING + READY + b"\x00\x01a\x01\x05abc"), 0.3) == [Message(b"a", [1])]

    def test_a_listener_who_takes_too_long(self) -> None:
        with answering(lambda peer: peer.sendall(GREETING + READY + b"\x00\x01a" * 2)) as port:
            messages = zmtp.listen(port, 0.2)
            assert next(messages) == Message(b"a", [1])
            time.sleep(0.3)
            assert list(messages) == []

    def test_a_picture_that_is_none(self) -> None:
        with pytest.raises(NoAnswer, match=r"found a frame of 67108865 bytes, expected ZMTP 3$"):
            heard(lambda peer: peer.sendall(GREETING + READY + b"\x01\x01a" + frame(zmtp.LONGEST + 1)), 1)

    def test_a_publisher_that_goes(self) -> None:
        def talk(peer: socket.socket) -> None:
            peer.sendall(GREETING + READY + b"\x00\x01a")
            peer.shutdown(socket.SHUT_WR)

        with answering(talk) as port:
            messages = zmtp.listen(port, LONG)
            assert next(messages) == Message(b"a", [1])
            with pytest.raises(NoAnswer, match=rf"^port {port}: connection closed$"):
                next(messages)


def frame(size: int, flags: int = 2) -> bytes:
    return struct.pack(">BQ", flags, size)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n".ljust(64), "another greeting"),
        (GREETING.replace(b"\x7f\x03", b"\x7f\x01"), "another greeting"),
        (GREETING.replace(b"NULL", b"PLAI"), "another mechanism than NULL"),
        (GREETING + b"\x00\x06\x05READY", "no READY"),
        (GREETING + b"\x04\x06\x05ERROR", "no READY"),
        (GREETING + frame(2 << 20, 6), "a frame of 2097152 bytes"),
        (GREETING + READY + frame(2 << 20), "a frame of 2097152 bytes"),
        (GREETING + READY + frame((1 << 64) - 1), "a frame of 18446744073709551615 bytes"),
        (GREETING + READY + b"\xff\x00", "a frame with flags 0xff"),
        (GREETING + READY + b"\x01\x00" * 65, "more than 64 frames in a message"),
    ],
    ids=["http", "old", "plain", "message", "error", "huge ready", "long", "huge", "flags", "endless"],
)
def test_others_than_zeromq(said: bytes, found: str) -> None:
    assert refusal(lambda peer: peer.sendall(said)) == f"found {found}, expected ZMTP 3"


@pytest.mark.parametrize("said", [b"", GREETING[:10], GREETING, GREETING + READY, GREETING + READY + frame(1000)])
def test_who_falls_silent(said: bytes) -> None:
    assert refusal(lambda peer: peer.sendall(said), 0.2) == "no answer within 0.2 s"


@pytest.mark.parametrize("said", [b"", GREETING[:10], GREETING, GREETING + READY, GREETING + READY + frame(1000)])
def test_who_closes_midway(said: bytes) -> None:
    def talk(peer: socket.socket) -> None:
        peer.sendall(said)
        peer.shutdown(socket.SHUT_WR)

    assert refusal(talk) == "connection closed"


@pytest.mark.parametrize("again", [b"\x04\x00", GREETING[:1]], ids=["commands", "a slow greeting"])
def test_who_never_ends(again: bytes) -> None:
    def talk(peer: socket.socket) -> None:
        peer.sendall(b"" if again == GREETING[:1] else GREETING + READY)
        for _ in range(500):
            peer.sendall(again)
            time.sleep(0.01)

    started = time.monotonic()
    with answering(talk) as port:
        with pytest.raises(NoAnswer, match="no answer within"):
            zmtp.ask(port, b"STATUS", 0.3)
        assert time.monotonic() - started < 3


def test_a_frame_that_is_dropped_is_not_kept() -> None:
    """64 MB come, and a buffer is used for them."""
    said = GREETING + READY + b"\x01\x01a" + frame(zmtp.LONGEST)
    block = bytes(1 << 20)

    def talk(peer: socket.socket) -> None:
        peer.sendall(said)
        for _ in range(zmtp.LONGEST // len(block)):
            peer.sendall(block)
        peer.shutdown(socket.SHUT_WR)

    with answering(talk) as port:
        tracemalloc.start()
        try:
            assert next(zmtp.listen(port, LONG)) == Message(b"a", [1, zmtp.LONGEST])
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
