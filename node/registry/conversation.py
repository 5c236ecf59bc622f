"""What an unknown sender says, over two handles: bounded in length and in time."""

from __future__ import annotations

import os
import select
import time
from typing import Any

from node import protocol
from node.errors import Refusal
from node.protocol.upload import Safe

BLOCK = 65_536  # bytes
LONGEST_LINE = 65_536  # bytes, its end included
SILENCE = 60.0  # seconds
LONGEST = 12 * 3600 - 300.0  # seconds: before this program is ended, and could say nothing of it


class Conversation:
    """A line from the sender, and the bytes after it, from one handle; replies to another."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._left = b""
        self._taken = self._acknowledged = 0  # bytes after the line
        self._end = time.monotonic() + LONGEST

    def say(self, reply: Any) -> None:
        """Write a reply, a line. Raises OSError when nobody listens any more, Refusal when nothing of it is taken."""
        if not _is_ready(self._target, select.POLLOUT, SILENCE):
            raise Refusal(
                "nothing that is said was taken for %d s; upload it again, which goes on from there" % SILENCE
            )
        os.write(self._target, protocol.dumps(reply).encode() + b"\n")

    def line(self) -> bytes:
        """Return the first line. Raises Refusal for what is too long to be one, or has no end."""
        while b"\n" not in self._left:
            if len(self._left) >= LONGEST_LINE:
                raise Refusal("found no line of at most %d bytes; expected the announcement" % LONGEST_LINE)
            self._left += self._received(LONGEST_LINE - len(self._left))
        line, _, self._left = self._left.partition(b"\n")
        return line

    def some(self, most: int) -> bytes:
        """Return what came, at least a byte and at most `most`. Raises Refusal when nothing more comes."""
        found, self._left = self._left[:most], self._left[most:]
        found = found or self._received(min(most, BLOCK))
        self._taken += len(found)
        return found

    def acknowledge(self) -> None:
        """Say that all that came so far is safe. Raises as `say`."""
        if self._acknowledged < self._taken:
            self._acknowledged = self._taken
            self.say(Safe(self._taken))

    def require_silence(self) -> None:
        """Raises Refusal when there is more than was announced."""
        if self._left or (_is_ready(self._source, select.POLLIN, 0) and os.read(self._source, 1)):
            raise Refusal("more bytes came than were announced")

    def _received(self, most: int) -> bytes:
        if time.monotonic() > self._end:
            raise Refusal("not done in %d hours" % round(LONGEST / 3600))
        if not _is_ready(self._source, select.POLLIN, SILENCE):
            raise Refusal("nothing came for %d s; upload it again, which goes on from there" % SILENCE)
        found = os.read(self._source, most)
        if not found:
            raise Refusal("the connection ended; upload it again, which goes on from there")
        return found


def _is_ready(handle: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, event)
    return bool(poll.poll(seconds * 1000))
