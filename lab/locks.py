"""Locks between the commands of one lab, and between labs. The kernel frees them, however their holder ends."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def silent(_: str) -> None:
    """For callers that want no progress."""


@contextmanager
def held(path: Path, whose: str, say: Callable[[str], None] = silent) -> Iterator[None]:
    """Hold a lock, once its present holder has let it go.

    :param whose: who holds it otherwise.
    :param say: told when there is one to wait for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {whose} to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
