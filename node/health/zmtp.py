"""Asking and hearing a program of this machine over ZeroMQ: ZMTP 3.0 with NULL security, https://rfc.zeromq.org/spec/23.

Whoever holds the port may say anything, for as long as it likes: times, frames and what is kept of them have limits.
"""

from __future__ import annotations

import socket
import struct
import time
from contextlib import contextmanager
from typing import Iterator, List, NamedTuple, Tuple

from node.errors import Refusal, Unknown

MOST_KEPT = 1 << 20  # bytes of a frame that is kept
LONGEST = 64 << 20  # bytes of any frame: no picture is so long
MOST_FRAMES = 64  # of a message
CHUNK = 1 << 16

_MORE, _LONG, _COMMAND = 1, 2, 4
_SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
_GREETING = _SIGNATURE + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_READY = b"\x05READY"
_EVERYTHING = b"\x01"  # a subscription that any message begins with


class NoAnswer(Refusal):
    """Nobody is at the port, or nobody who says what was waited for."""


class Message(NamedTuple):
    """What a publisher said: its first frame, and the bytes of each frame."""

    first: bytes
    sizes: List[int]


def ask(port: int, message: bytes, seconds: float) -> bytes:
    """Ask the REP socket at a port of this machine; return the first frame of its answer. Raises NoAnswer, Unknown."""
    with _met(port, b"REQ", seconds) as peer:
        peer.send(_frame(b"", _MORE) + _frame(message))  # an empty frame ends the envelope
        kept, _ = peer.message(2)
        if len(kept) != 2 or kept[0]:
            raise NoAnswer("port %d: found an answer without an envelope, expected one of a REP socket" % port)
        return kept[1]


def listen(port: int, seconds: float) -> Iterator[Message]:
    """Yield all that the PUB socket at a port of this machine says for so long. Raises NoAnswer, Unknown."""
    with _met(port, b"SUB", seconds) as peer:
        peer.send(_frame(_EVERYTHING))
        while True:
            try:
                [first], sizes = peer.message(1)
            except socket.timeout:
                return
            yield Message(first, sizes)


@contextmanager
def _met(port: int, kind: bytes, seconds: float) -> Iterator[_Peer]:
    """Yield whoever is at the port, after the handshake."""
    deadline = time.monotonic() + seconds
    try:
        with socket.socket() as connection:
            connection.settimeout(seconds)
            connection.connect(("127.0.0.1", port))  # create_connection would load a codec for names of hosts
            peer = _Peer(connection, port, deadline)
            peer.shake_hands(kind)
            yield peer
    except socket.timeout:
        raise NoAnswer("port %d: no answer within %g s" % (port, seconds)) from None
    except ConnectionError as error:
        raise NoAnswer("port %d: %s" % (port, (error.strerror or str(error)).lower())) from None
    except OSError as error:
        raise Unknown("port %d: could not be asked: %s" % (port, error.strerror or error)) from None


class _Peer:
    def __init__(self, connection: socket.socket, port: int, deadline: float) -> None:
        self._connection = connection
        self._port = port
        self._deadline = deadline

    def shake_hands(self, kind: bytes) -> None:
        """Greet, and say which kind of socket this is."""
        self.send(_GREETING)
        greeting = self._take(len(_GREETING))
        if greeting[0] != _SIGNATURE[0] or greeting[9] & 1 == 0 or greeting[10] < 3:
            raise self._foreign("another greeting")
        if greeting[12:32].rstrip(b"\0") != b"NULL":
            raise self._foreign("another mechanism than NULL")
        self.send(_frame(_READY + _property(b"Socket-Type", kind) + _property(b"Identity", b""), _COMMAND))
        flags, size = self._header()
        if not flags & _COMMAND or not self._kept(size).startswith(_READY):
            raise self._foreign("no READY")

    def message(self, kept: int) -> Tuple[List[bytes], List[int]]:
        """Return the first frames of the next message, so many at most, and the size of each frame."""
        frames: List[bytes] = []
        sizes: List[int] = []
        flags = _MORE
        while flags & _MORE:
            flags, size = self._header()
            if flags & _COMMAND:  # a ping, say: nothing that must be answered within these times
                self._drop(size)
                flags = _MORE
                continue
            sizes.append(size)
            if len(sizes) > MOST_FRAMES:
                raise self._foreign("more than %d frames in a message" % MOST_FRAMES)
            if len(frames) < kept:
                frames.append(self._kept(size))
            else:
                self._drop(size)
        return frames, sizes

    def send(self, content: bytes) -> None:
        self._wait()
        self._connection.sendall(content)

    def _header(self) -> Tuple[int, int]:
        """Return the flags and the size of the next frame."""
        [flags] = self._take(1)
        if flags & ~(_MORE | _LONG | _COMMAND):
            raise self._foreign("a frame with flags %#x" % flags)
        [size] = struct.unpack(">Q", self._take(8)) if flags & _LONG else self._take(1)
        if size > LONGEST:
            raise self._foreign("a frame of %d bytes" % size)
        return flags, size

    def _kept(self, size: int) -> bytes:
        if size > MOST_KEPT:
            raise self._foreign("a frame of %d bytes" % size)
        return self._take(size)

    def _take(self, size: int) -> bytes:
        return b"".join(self._pieces(size))

    def _drop(self, size: int) -> None:
        for _ in self._pieces(size):
            pass

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size > 0:
            self._wait()
            piece = self._connection.recv(min(size, CHUNK))
            if not piece:
                raise NoAnswer("port %d: connection closed" % self._port)
            size -= len(piece)
            yield piece

    def _wait(self) -> None:
        """Let what follows take as long as there is left. Raises socket.timeout."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout
        self._connection.settimeout(left)

    def _foreign(self, found: str) -> NoAnswer:
        return NoAnswer("port %d: found %s, expected ZMTP 3" % (self._port, found))


def _frame(content: bytes, flags: int = 0) -> bytes:
    if len(content) < 256:
        return struct.pack(">BB", flags, len(content)) + content
    return struct.pack(">BQ", flags | _LONG, len(content)) + content


def _property(name: bytes, value: bytes) -> bytes:
    return struct.pack(">B", len(name)) + name + struct.pack(">I", len(value)) + value
