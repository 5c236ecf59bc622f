"""How a host's pull goes on, from what its node says of it: the bytes that came, the time that is left, the rate."""

from collections import deque

from modelctl import quantities
from node import protocol
from node.protocol.steps import PullProgress

WINDOW = 10.0  # seconds that the rate is taken over
QUIET = 10.0  # seconds in which nothing came, after which that is said
PAUSE = 0.2  # seconds; what is said before these are over is not read: a node may say more than it should
NEVER = 30 * 86_400.0  # seconds that nobody waits
_SEPARATOR = ", "


class PullMeter:
    """Made as the pull begins. Whatever a node says, its text is short, and made of numbers alone."""

    def __init__(self, now: float) -> None:
        self._begun = self._came = now
        self._deaf_until = now
        self._size = 0
        self._samples: deque[tuple[float, int]] = deque()  # the oldest is the last from before the window

    def hear(self, line: str, now: float) -> None:
        """Take what the node says at this moment; what is not about its pull counts for nothing."""
        if now < self._deaf_until:
            return
        self._deaf_until = now + PAUSE
        try:
            self._take(protocol.loads(PullProgress, line), now)
        except ValueError:
            return

    def _take(self, found: PullProgress, now: float) -> None:
        done = min(found.done, found.size)
        if not self._samples or found.size != self._size:
            self._samples = deque([(self._begun, min(found.before, done))])
            self._size = found.size
        if done != self._samples[-1][1]:
            self._came = now
        self._samples.append((now, done))
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()

    def text(self, now: float, width: int) -> str:
        """As much of it as there is room for; nothing until the node has said something."""
        text = ""
        for part in self._parts(now):
            longer = f"{text}{_SEPARATOR}{part}" if text else part
            if len(longer) > width:
                break
            text = longer
        return text

    def _parts(self, now: float) -> list[str]:
        """The most important first."""
        if not self._samples:
            return []
        done = self._samples[-1][1]
        bytes_there = quantities.part(done, self._size)
        if done >= self._size:
            return [bytes_there, "being checked"]
        if now - self._came >= QUIET:
            return [bytes_there, f"nothing came for {quantities.duration(now - self._came)}"]
        start, before = self._samples[0]
        rate = (done - before) / max(now - start, PAUSE)
        if rate <= 0:
            return [bytes_there]
        left = (self._size - done) / rate
        return [bytes_there, *([f"{quantities.duration(left)} left"] if left < NEVER else []), quantities.rate(rate)]
