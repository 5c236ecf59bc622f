"""A command on another machine that is told bytes and answers in lines."""

import os
import select
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import IO, Iterator, List

from trainer.errors import LostLink, Refusal
from trainer.link import LOST, Link

LONGEST_REPLY = 65536  # bytes
STALL = 150.0  # seconds in which nothing is taken, or acknowledged
REPLY = 600.0  # seconds: the datasink reads again what it has of an earlier try, and flushes
LONGEST = 12 * 3600.0  # seconds: the datasink ends it before
ENDING = 10.0  # seconds, for ssh to end once all is said


@contextmanager
def session(link: Link, words: List[str]) -> "Iterator[Session]":
    """Run a command there as long as the `with` statement lasts."""
    command, pipe = link.command(words), subprocess.PIPE
    with tempfile.TemporaryFile() as errors, subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors) as ssh:
        try:
            yield Session(link, ssh, errors)
            _end(ssh)
        finally:
            ssh.kill()


class Session:
    """The two ends of the command's pipes."""

    def __init__(self, link: Link, ssh: "subprocess.Popen[bytes]", errors: IO[bytes]) -> None:
        assert ssh.stdin is not None
        assert ssh.stdout is not None
        self._link = link
        self._ssh = ssh
        self._errors = errors
        self._input, self._output = ssh.stdin.fileno(), ssh.stdout.fileno()
        os.set_blocking(self._input, False)
        self._rest = b""
        self._end = time.monotonic() + LONGEST

    def send(self, content: memoryview) -> int:
        """Send all, or what is taken until the other side speaks or goes: then there is something to read.

        Return how many bytes that was. Raises LostLink when nothing is taken.
        """
        left = content
        while left and b"\n" not in self._rest:
            spoken, free, _ = select.select([self._output], [self._input], [], STALL)
            if spoken:
                break
            if not free:
                raise LostLink("%s: found that it takes nothing for %d s" % (self._link.machine.address, STALL))
            try:
                left = left[os.write(self._input, left) :]
            except BlockingIOError:  # the pipe has less room than is asked for at once
                continue
            except BrokenPipeError:
                break
        return len(content) - len(left)

    def reply(self, limit: float) -> bytes:
        """Return a line, which comes within so many seconds. Raises LostLink or Refusal when none does."""
        end = min(time.monotonic() + limit, self._end)
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._output], [], [], left)[0]:
                raise LostLink("%s: found no answer in %d s" % (self._link.machine.address, limit))
            found = os.read(self._output, LONGEST_REPLY)
            if not found:
                raise self._ended()
            self._rest += found
            if len(self._rest) > LONGEST_REPLY:
                raise Refusal("%s: found an endless answer; expected a line" % self._link.machine.address)
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _ended(self) -> Exception:
        """Return why the other side says no more."""
        code = _end(self._ssh)
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - 2000))
        lines = self._errors.read().decode("utf-8", "replace").split("\n")
        said = ([line.strip() for line in lines if line.strip()] or ["nothing"])[-1]
        address = self._link.machine.address
        if code == LOST or code < 0:
            self._link.require_hope(said)
            return LostLink("%s: found the link lost (ssh said: %s)" % (address, said))
        return Refusal(
            "%s: found that its command ended with %d and said %s; expected an answer" % (address, code, said)
        )


def _end(ssh: "subprocess.Popen[bytes]") -> int:
    assert ssh.stdin is not None
    ssh.stdin.close()
    try:
        return ssh.wait(ENDING)
    except subprocess.TimeoutExpired:
        ssh.kill()
        return ssh.wait()
