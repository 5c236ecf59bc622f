"""Locks that name their holder. The kernel frees them when the holder dies."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator, NamedTuple, Optional

from node import codec
from node.errors import Refusal
from node.store import files, history

PATIENCE = 0.5  # seconds


class Holder(NamedTuple):
    """Who holds a lock; an older program has not written what for in a word."""

    operator: str = "unknown"
    purpose: str = "unknown"
    since: str = "unknown"
    pid: int = 0
    work: Optional[str] = None


class Taken(Refusal):
    """Another process holds the lock; the text says who."""


@contextmanager
def held(path: Path, work: str, operator: str, purpose: str) -> Iterator[None]:
    """Hold the lock at `path` for `work`. Raises Taken when another process does."""
    files.folder(path.parent)
    # Whoever may open it could hold it for ever.
    with open(str(path), "a+", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        os.fchmod(file.fileno(), 0o600)  # an older one
        if not take(file.fileno()):
            raise Taken("another %s is running here: %s; wait for it and run again" % (work, holder(path)))
        # An rsync that outlives this process keeps the lock: it writes to the same files.
        os.set_inheritable(file.fileno(), True)
        _say(file.fileno(), json.dumps(Holder(operator, purpose, history.now(), os.getpid(), work)._asdict()))
        try:
            yield
        finally:
            _say(file.fileno(), "")  # whoever holds it next has not written yet when a third asks


def _say(handle: int, text: str) -> None:
    """A full disk must not keep anybody from the work that the lock is for."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.write(handle, text.encode())


def take(handle: int) -> bool:
    """Lock an open file or folder, until it is closed; False when another process holds it for longer than a look."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock at `path`."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def holder_now(path: Path) -> Optional[Holder]:
    """Return who holds the lock at `path`; None when nobody does: what a killed one has written is no lock."""
    if not is_held(path):
        return None
    try:
        return codec.decode(Holder, json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return Holder()


def holder(path: Path) -> str:
    """Return who holds the lock at `path`, since when and what for, for a message."""
    try:
        return "%(operator)s, since %(since)s, process %(pid)s: %(purpose)s" % json.loads(path.read_text())
    except (OSError, ValueError, KeyError, TypeError):
        return "nobody knows whose"
