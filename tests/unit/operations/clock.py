"""Time for tests: it passes at once, when all who take part in a run wait for it."""

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyinfra.api.operations import gevent


class Clock:
    """In the place of the module `time`. Who sleeps is woken in the order of the moments, never two at once."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._numbers = itertools.count()
        self._driver: Any = None

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        wake = threading.Event()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._numbers), wake))
        if not self._driver:
            self._driver = gevent.spawn(self._pass)
        wake.wait()

    def _pass(self) -> None:
        """Go on to the next moment whenever nobody else has anything to do."""
        while self._sleepers:
            gevent.idle()
            self._now, _, wake = heapq.heappop(self._sleepers)
            wake.set()

    @contextmanager
    def limit(self, seconds: float | None) -> Iterator[None]:
        """Break the block off after so many seconds, as Ctrl-C does; None lets it come to its end."""
        main = gevent.getcurrent()

        def end() -> None:
            self.sleep(seconds or 0)
            gevent.kill(main, KeyboardInterrupt)

        ending = None if seconds is None else gevent.spawn(end)
        try:
            yield
        finally:
            gevent.killall([ending] if ending else [])
