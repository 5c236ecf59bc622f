"""Carrying bytes from one host to another through the control node, block by block."""

import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from threading import Timer
from typing import IO

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote, travelling
from modelctl.nodes.node_command import MAX_SAID
from node import protocol

BLOCK = 1 << 20


@dataclass(frozen=True)
class End:
    """A host, the command at this end of the way, and the line that it reads first."""

    host: str
    command: Sequence[str]
    line: str


@dataclass(frozen=True)
class Ended:
    """How an end's command ended: its exit code, its last words, and what the receiving one answered."""

    code: int
    said: str
    answer: str = ""


def carry(fleet: Fleet, source: End, target: End, seconds: float) -> tuple[Ended, Ended]:
    """Give the target's command all that the source's prints, and return how both ended. Ends both after `seconds`."""
    with TemporaryFile() as words, _begin(fleet, source, words) as sender:
        assert sender.stdin is not None
        with suppress(BrokenPipeError):
            sender.stdin.close()
        received = _give(fleet, _blocks(sender.stdout), target, seconds, sender)
        return Ended(sender.returncode, _last_line(words)), received


def give(fleet: Fleet, stream: IO[bytes], target: End, seconds: float, advance: Callable[[int], None]) -> Ended:
    """Give the target's command all of a stream, say how many bytes went, and return how it ended."""

    def told() -> Iterator[bytes]:
        for block in _blocks(stream):
            yield block
            advance(stream.tell())

    return _give(fleet, told(), target, seconds)


def to_datasink(fleet: Fleet, command: str, question: object) -> End:
    """The end at which the primary datasink takes bytes in."""
    return End(fleet.site.primary_datasink, travelling.words(command), travelling.message(question))


def require_taken(fleet: Fleet, target: End, ended: Ended, lost: str, again: str) -> None:
    """Raises OperatorError unless the datasink has taken all in; `lost` tells of bytes that did not go, or come."""
    if ended.code == remote.SSH_FAILED:
        raise remote.unreachable(fleet, target.host, ended.said)
    if ended.code == protocol.REFUSED:
        raise travelling.refused(fleet, ended.said)
    if ended.code:
        raise OperatorError(f"{remote.place(fleet, target.host)}: {lost}: {ended.said}; {again}")


def _blocks(stream: IO[bytes] | None) -> Iterator[bytes]:
    assert stream is not None
    return iter(lambda: stream.read(BLOCK), b"")


def _give(
    fleet: Fleet, blocks: Iterator[bytes], target: End, seconds: float, *senders: "subprocess.Popen[bytes]"
) -> Ended:
    """The same of blocks; those that send them end too."""
    with TemporaryFile() as words, _begin(fleet, target, words) as receiver:
        assert receiver.stdin is not None
        assert receiver.stdout is not None
        limit = Timer(seconds, _kill, (receiver, *senders))
        limit.start()
        try:
            with suppress(BrokenPipeError):
                for block in blocks:
                    receiver.stdin.write(block)
            for sender in senders:
                assert sender.stdout is not None
                sender.stdout.close()
            with suppress(BrokenPipeError):
                receiver.stdin.close()
            answer = receiver.stdout.read().decode(errors="replace")
            for process in (*senders, receiver):
                process.wait()
        except BaseException:
            _kill(receiver, *senders)
            raise
        finally:
            limit.cancel()
        return Ended(receiver.returncode, _last_line(words), answer)


def _begin(fleet: Fleet, end: End, words: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Its words go to a file: a pipe that nobody reads would fill up, and stop it."""
    command = [*remote.ssh(fleet, end.host), shlex.join(end.command)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words)
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # an end that is gone says why
        process.stdin.write(end.line.encode() + b"\n")
        process.stdin.flush()
    return process


def _kill(*processes: "subprocess.Popen[bytes]") -> None:
    for process in processes:
        process.kill()


def _last_line(words: IO[bytes]) -> str:
    words.seek(0)
    return remote.last_line(words.read().decode(errors="replace"), MAX_SAID)
