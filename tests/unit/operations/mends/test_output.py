"""What pyinfra reads of a command's output."""

import io
from queue import Queue

import pytest
from paramiko.file import BufferedFile
from pyinfra.connectors import util

from operations.mends import connection


class Channel(BufferedFile):  # type: ignore[type-arg]
    """What comes over a connection, as paramiko hands it to pyinfra."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
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
