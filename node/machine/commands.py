"""Running other programs: each has a time limit, and none waits for an answer."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO, Any, BinaryIO, Dict, Optional, Sequence, Tuple

from node.errors import Refusal
from node.machine import processes

SECONDS = 60.0  # for a program that only looks, or tells systemd something
LONG_SECONDS = 12 * 3600.0  # for one that waits for a link or a task, or reads every byte of a slow card
CHUNK = 1 << 16
WATCH_PAUSE = 0.05  # seconds between looks at a program that says nothing


def run(words: Sequence[str], seconds: float = SECONDS) -> "subprocess.CompletedProcess[str]":
    """Run a program and return how it ended, with all it said. Raises Refusal when that takes too long."""
    try:
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
            errors="replace", timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Overdue(words, seconds) from None


def tail(words: Sequence[str], seconds: float, most: int) -> str:
    """Run a program and return the last bytes that it said, `most` of them. Raises Refusal when it fails, Overdue."""
    code, said = _ended(words, seconds, most, stderr=subprocess.DEVNULL)
    if code != 0:
        raise Refusal("%s: exit status %d" % (" ".join(words), code))
    return said.decode("utf-8", "replace")


def output(words: Sequence[str], seconds: float, most: int) -> bytes:
    """Run a program and return all that it wrote. Raises Overdue, and Refusal when it fails or writes too much."""
    from tempfile import TemporaryFile  # with all that shutil can pack: only an unpacking needs it

    with TemporaryFile() as reason:
        code, found = _ended(words, seconds, most + 1, stderr=reason, env=dict(os.environ, LC_ALL="C"))
        reason.seek(0)
        said = reason.read(CHUNK).decode("utf-8", "replace")
    if code != 0:
        raise Refusal(first_line(said))
    if len(found) > most:
        raise Refusal("more than %d bytes" % most)
    return found


def fed(words: Sequence[str], file: BinaryIO, seconds: float, most: int) -> Tuple[int, bytes]:
    """Run a program that reads an open file. Return its exit code and the last bytes that it said. Raises Overdue."""
    return _ended(words, seconds, most, stdin=file, stderr=subprocess.DEVNULL, env={}, cwd="/")


def _ended(words: Sequence[str], seconds: float, most: int, **options: Any) -> Tuple[int, bytes]:
    """Run a program to its end; return its exit code and the last bytes that it said. Raises Overdue."""
    deadline = time.monotonic() + seconds
    with subprocess.Popen(words, **{"stdin": subprocess.DEVNULL, **options}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            said = _last(process.stdout, deadline, most)
            return process.wait(timeout=max(0.0, deadline - time.monotonic())), said
        except (subprocess.TimeoutExpired, TimeoutError):
            raise Overdue(words, seconds) from None
        finally:
            process.kill()


def watch(
    words: Sequence[str], environment: Dict[str, str], seconds: float, most: int
) -> "Tuple[Optional[int], bytes]":
    """Run a program of somebody else's, and end what it began. Return its exit code and the last bytes that it said.

    The code is below 0 after a signal, and None where the time was up.
    """
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd="/",
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said, has_ended, streams = bytearray(), False, [process.stdout]
        while not has_ended and time.monotonic() < deadline:
            # Before what it said is read; it is left a zombie.
            has_ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            while select.select(streams, [], [], 0 if has_ended else WATCH_PAUSE)[0] and time.monotonic() < deadline:
                piece = os.read(process.stdout.fileno(), CHUNK)
                streams = streams if piece else []
                _keep(said, piece, most)
        processes.kill(process.pid)  # while its number is its own
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return (process.returncode if has_ended else None), bytes(said[-most:])


def _last(stream: IO[bytes], deadline: float, most: int) -> bytes:
    """Read to the end, and keep the last bytes. Raises TimeoutError at the deadline."""
    said = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([stream], [], [], left)[0]:
            raise TimeoutError
        piece = os.read(stream.fileno(), CHUNK)
        if not piece:
            return bytes(said[-most:])
        _keep(said, piece, most)


def _keep(said: bytearray, piece: bytes, most: int) -> None:
    """Add a piece to what was said, and keep at least the last bytes, `most` of them."""
    said += piece
    if len(said) > 2 * most:
        del said[:-most]


class Overdue(Refusal):
    """A program took longer than it may."""

    def __init__(self, words: Sequence[str], seconds: float) -> None:
        super().__init__("%s: not done within %g s; look what holds it up, and run again" % (" ".join(words), seconds))


def first_line(text: str, otherwise: str = "no reason given") -> str:
    """Return what a program said first: its own reason."""
    return (text.strip().splitlines() or [otherwise])[0]
