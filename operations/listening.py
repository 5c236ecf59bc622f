"""Hearing what a command says on its standard output while it runs, over the connection that it runs on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from weakref import WeakKeyDictionary

from paramiko import Transport
from paramiko.file import BufferedFile
from pyinfra.api import Host

Hear = Callable[[str], None]

LONGEST = 4096  # bytes; what is longer is heard in pieces

_listeners: WeakKeyDictionary[Transport, Hear] = WeakKeyDictionary()


@contextmanager
def listening(host: Host, hear: Hear) -> Iterator[None]:
    """Let `hear` have each line that comes from a host meanwhile. Nothing of it is kept, however much it is."""
    client = getattr(host.connector, "client", None)
    transport = None if client is None else client.get_transport()
    if transport is None:  # the command tells
        yield
        return
    _listeners[transport] = hear
    try:
        yield
    finally:
        del _listeners[transport]


def listener_of(stream: object) -> Hear | None:
    """Who listens to what comes over a stream's connection."""
    channel = getattr(stream, "channel", None)
    return None if channel is None else _listeners.get(channel.get_transport())


def hand_on(stream: "BufferedFile[bytes]", hear: Hear) -> None:
    """Read a stream to its end."""
    for line in iter(partial(stream.readline, LONGEST), b""):
        hear(line.decode(errors="replace"))
