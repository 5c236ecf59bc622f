"""A service's ports, which speak ZeroMQ as the real ones do, and open and close as ordered."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Sequence

import zmq

from lab.standins.behaviour import Orders

BACKLOG = 100
MOMENT = 0.01  # seconds


class Port:
    """One port. It belongs to the thread that made it, as all sockets of ZeroMQ do.

    :param kind: zmq.PUB or zmq.REP.
    :param orders: of which "port_after" and "port_until" count.
    """

    def __init__(self, kind: int, number: int, orders: Orders) -> None:
        self._kind = kind
        self._number = number
        after, until = orders.get("port_after", 0), orders.get("port_until")
        now = time.monotonic()
        self._opens = float("inf") if after is None else now + after
        self._closes = float("inf") if until is None else self._opens + until
        self._listener: socket.socket | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self.look()

    def look(self) -> zmq.Socket[bytes] | None:
        """Open or close the port when it is time; its socket while it is open."""
        now = time.monotonic()
        if self._listener is None and now >= self._opens:
            self._open()
        if self._listener is not None and self._socket is not None and now >= self._closes:
            self._socket.close(linger=0)
            self._socket = None
            self._close()
        return self._socket

    def _open(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", self._number))
        self._listener.listen(BACKLOG)
        self._listener.setblocking(False)
        self._socket = zmq.Context.instance().socket(self._kind)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._theirs = os.dup(self._listener.fileno())
        self._socket.setsockopt(zmq.USE_FD, self._theirs)
        self._socket.bind(f"tcp://*:{self._number}")

    def _close(self) -> None:
        """Close the port for the children too, which have it open; first ZeroMQ, which aborts on a port that fails."""
        assert self._listener is not None
        while _is_open(self._theirs, self._listener):
            time.sleep(MOMENT)
        self._listener.shutdown(socket.SHUT_RDWR)

    def publish(self, parts: Sequence[bytes]) -> None:
        """Send a message to whoever listens; without a port or a listener it is lost."""
        publisher = self.look()
        if publisher is not None:
            publisher.send_multipart(parts)

    def answer(self, reply: Callable[[bytes], bytes], seconds: float) -> None:
        """Wait so long for a question, and answer it."""
        replier = self.look()
        if replier is None:
            time.sleep(seconds)
        elif replier.poll(round(1000 * seconds)):
            replier.send(reply(replier.recv()))


def _is_open(number: int, listener: socket.socket) -> bool:
    """Whether a file descriptor is still one of the listener's."""
    try:
        return os.path.sameopenfile(number, listener.fileno())
    except OSError:
        return False
