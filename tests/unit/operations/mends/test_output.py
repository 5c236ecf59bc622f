"""What pyinfra reads of a command's output."""

import io
from queue import Queue
from types import SimpleNamespace
from typing import Any, cast

import pytest
from paramiko.file import BufferedFile
from pyinfra.connectors import util

from operations.listening import LONGEST, listening
from operations.mends import connection


class Channel(BufferedFile):  # type: ignore[type-arg]
    """What comes over a connection, as paramiko hands it to pyinfra."""

    def __init__(self, content: bytes, connection: object = io) -> None:
        super().__init__()
        self.channel = SimpleNamespace(get_transport=lambda: connection)
        self._content = io.BytesIO(content)
        self._set_mode("r")  # type: ignore[attr-defined]

    def _read(self, size: int) -> bytes:
        return self._content.read(size)


def test_pyinfra_still_stumbles_over_a_byte_that_is_no_utf_8() -> None:
    with pytest.raises(UnicodeDecodeError):
        connection._read_buffer("stdout", Channel(b"caf\xe9\n{}\n"), Queue())


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_what_follows_is_read(end: bytes) -> None:
    """H1: else the host gives no answer, below a traceback."""
    found: Queue[util.OutputLine] = Queue()
    util.read_buffer("stdout", Channel(b"caf\xe9\n\xc3\xa9{}" + end), found)
    assert [line.line for line in found.queue] == ["caf\ufffd", "é{}"]


def test_lines_of_a_program_on_this_machine() -> None:
    """H1."""
    found: Queue[util.OutputLine] = Queue()
    util.read_buffer("stderr", [b"caf\xe9\n"], found)
    assert [(line.buffer_name, line.line) for line in found.queue] == [("stderr", "caf\ufffd")]


class TestListening:
    class Connection:
        """A way to a host, and commands on it."""

    def heard(self, content: bytes, name: str = "stdout", transport: object = None) -> tuple[list[str], list[str]]:
        """What is heard, and what pyinfra keeps."""
        mine = self.Connection()
        host = SimpleNamespace(connector=SimpleNamespace(client=SimpleNamespace(get_transport=lambda: mine)))
        said: list[str] = []
        kept: Queue[util.OutputLine] = Queue()
        with listening(cast("Any", host), said.append):
            util.read_buffer(name, Channel(content, transport or mine), kept)
        return said, [line.line for line in kept.queue]

    def test_what_is_heard_is_kept_nowhere(self) -> None:
        assert self.heard(b"a\ncaf\xe9\n") == (["a\n", "caf\ufffd\n"], [])

    def test_a_line_that_never_ends_comes_in_pieces(self) -> None:
        said, kept = self.heard(b"x" * (3 * LONGEST))
        assert ([len(each) for each in said], kept) == ([LONGEST] * 3, [])

    def test_nobody_listens_to_errors_or_to_another_host(self) -> None:
        assert self.heard(b"a\n", "stderr") == ([], ["a"])
        assert self.heard(b"a\n", transport=self.Connection()) == ([], ["a"])

    def test_nor_afterwards(self) -> None:
        mine, kept = self.Connection(), Queue[util.OutputLine]()
        host = SimpleNamespace(connector=SimpleNamespace(client=SimpleNamespace(get_transport=lambda: mine)))
        with listening(cast("Any", host), lambda _: None):
            pass
        util.read_buffer("stdout", Channel(b"a\n", mine), kept)
        assert [line.line for line in kept.queue] == ["a"]

    def test_without_a_connection_nothing_is_heard(self) -> None:
        for client in (None, SimpleNamespace(get_transport=lambda: None)):
            with listening(cast("Any", SimpleNamespace(connector=SimpleNamespace(client=client))), print):
                pass
