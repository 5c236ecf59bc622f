"""One pull at a time: a second operator, or a run whose connection was lost, may still be at it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import Iterator

from node import files, layout
from node.errors import Refusal


@contextmanager
def held() -> Iterator[None]:
    """Hold the pull lock. Raises Refusal when another process does. The kernel frees it when its holder dies."""
    files.folder(layout.STATE)
    with (layout.STATE / "pull.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Refusal("another pull is running here (process %s); wait for it and run again" % holder) from None
        # An rsync that outlives this process keeps the lock: it writes to the same files.
        os.set_inheritable(file.fileno(), True)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
