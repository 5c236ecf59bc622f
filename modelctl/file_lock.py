"""One at a time: commands that read a file of the site and then replace it would lose each other's change.

The lock is a file beside it, there only while somebody holds it, so that none is left for git.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from modelctl import holder, text_file
from modelctl.errors import OperatorError

PATIENCE = 10.0  # seconds
PAUSE = 0.02  # seconds between tries


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a file of the site, which need not be there yet, until the block ends.

    What was read of it before may be outdated by now. Raises OperatorError, which names the holder, when another
    process does not let go of it.
    """
    lock = path.with_name(f".{path.name}.lock")
    with text_file.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _wait(lock)
    if file is None:
        raise OperatorError(f"{path}: another command is writing it: {holder.named(lock)}; wait for it and run again")
    with file:
        try:
            with text_file.writing(path):
                holder.claim(file)
            yield
        finally:
            lock.unlink(missing_ok=True)


def _wait(lock: Path) -> TextIO | None:
    end = time.monotonic() + PATIENCE
    while (file := _take(lock)) is None and time.monotonic() < end:
        time.sleep(PAUSE)
    return file


def _take(lock: Path) -> TextIO | None:
    """None when another process holds it, or has removed the file that was opened here."""
    file = lock.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_taken = os.path.samestat(os.fstat(file.fileno()), lock.stat())
    except (BlockingIOError, FileNotFoundError):
        is_taken = False
    if is_taken:
        return file
    file.close()
    return None
