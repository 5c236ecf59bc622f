"""What the datasink's `upload` says, and how much it may be sent: conversation 2 of node/protocol/upload.py.

It acknowledges what is safe there. No more than WINDOW is sent beyond that: it is what a cut costs, with what the
datasink keeps only in whole pieces together less than 1 MB. At a round trip of 200 ms it gives 3.9 MB/s.
"""

import json
from typing import Any, Dict, Type

from trainer.errors import Busy, LostLink, Refusal
from trainer.link import Link
from trainer.session import STALL, Session

FORMAT = 1  # of each line
NUMBER = 2
WINDOW = 768 << 10  # bytes
# What asking again helps with, by the last words of what the datasink says.
AGAIN: Dict[str, Type[Exception]] = {"try again": Busy, "goes on from there": LostLink}
EXPECTED = "its upload command, conversation %d; have the trainer and the datasink deployed" % NUMBER


class Conversation:
    """The datasink's replies, and the bytes that it has not acknowledged yet."""

    def __init__(self, there: Session, link: Link) -> None:
        self._there = there
        self._link = link
        self._sent = self._safe = 0

    def reply(self, limit: float) -> Dict[str, Any]:
        """Return what it says within so many seconds. Raises LostLink, Busy, and Refusal, also for what it refuses."""
        try:
            reply = json.loads(self._there.reply(limit).decode("utf-8"))
        except (ValueError, RecursionError):
            raise self.unexpected() from None
        if not isinstance(reply, dict) or reply.get("format") != FORMAT:
            raise self.unexpected()
        if "refused" in reply:
            text = "%s: %s" % (self._link.machine.address, reply["refused"])
            kinds = (kind for end, kind in AGAIN.items() if text.endswith(end))
            raise next(kinds, Refusal)(text)
        return reply

    def send(self, chunk: bytes) -> None:
        """Send bytes of a file as they may be sent. Raises as `reply`."""
        left = memoryview(chunk)
        while left:
            taken = self._there.send(left[: self._safe + WINDOW - self._sent])
            self._sent += taken
            left = left[taken:]
            if left:
                self.acknowledge(self.reply(STALL))

    def acknowledge(self, reply: Dict[str, Any]) -> None:
        """Take up how many bytes are safe by now. Raises Refusal for what that cannot be."""
        safe = reply.get("safe")
        if type(safe) is not int or not self._safe < safe <= self._sent:
            raise self.unexpected()
        self._safe = safe

    def unexpected(self) -> Refusal:
        """Return the refusal of a reply that is none."""
        return Refusal("%s: found an answer of another kind; expected %s" % (self._link.machine.address, EXPECTED))
