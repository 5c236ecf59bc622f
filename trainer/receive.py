"""Asks the control node to take an uploaded version over, and shows what it does."""

import os
import select
import subprocess
import time
from typing import Callable, Iterator, List

from trainer.console import Console
from trainer.errors import LostLink, Refusal
from trainer.link import LOST, Link

BEAT = 10.0  # seconds of silence, after which a line says that the work goes on
LIMIT = 12 * 3600.0  # seconds
LONGEST = 4096  # bytes of a line
ENDING = 10.0  # seconds, for ssh to end after its last line


def receive(link: Link, words: List[str], console: Console, clock: Callable[[], float] = time.monotonic) -> int:
    """Return the exit status of the control node's work. Raises LostLink: asking again attaches to the work."""
    command = link.command(words)
    said = "nothing"
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as ssh:
        try:
            for said in _lines(ssh, link, console, clock):
                console.say(said)
            code = ssh.wait(ENDING)
        except subprocess.TimeoutExpired:
            code = LOST
        finally:
            ssh.kill()
    if code == LOST or code < 0:
        link.require_hope(said)
        raise LostLink("%s: found the link lost" % link.machine.address)
    return code


def _lines(ssh: "subprocess.Popen[bytes]", link: Link, console: Console, clock: Callable[[], float]) -> Iterator[str]:
    assert ssh.stdout is not None
    output, rest, begun = ssh.stdout.fileno(), b"", clock()
    while True:
        if clock() - begun > LIMIT:
            raise Refusal("%s: found no end in %d h; expected one; run it again" % (link.machine.address, LIMIT / 3600))
        if not select.select([output], [], [], BEAT)[0]:
            console.say("%s is at work: %d s" % (link.machine.address, clock() - begun))
            continue
        found = os.read(output, LONGEST)
        *whole, rest = (rest + found).split(b"\n")
        if not found or len(rest) > LONGEST:
            whole, rest = [*whole, rest], b""
        yield from (line.decode("utf-8", "replace").rstrip("\r") for line in whole if line)
        if not found:
            return
