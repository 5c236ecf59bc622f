"""Locks on the control node: one deploy of a site at a time, and one command that writes a file of it.

A lock's file says who holds it, for whoever has to wait; the kernel frees it, however its holder ends.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from modelctl import text_file
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.operator import operator, purpose

PATIENCE = 10.0  # seconds
PAUSE = 0.02  # seconds between tries
DEPLOY = ".deploy.lock"
MAX_HOLDER = 500  # characters
WRITING_SECONDS = 1.0  # for a holder that has just begun to say who it is

_held: list[TextIO] = []  # open until this process ends


def take(lock: Path) -> TextIO | None:
    """Take a lock, until its file is closed; None when another process has it, or removed its file. Raises OSError."""
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


def hold(lock: Path) -> None:
    """Hold the lock of a site's deploys until this process ends. Raises OperatorError, which names another holder."""
    try:
        file = take(lock)
        if file is not None:
            _held.append(file)
            _claim(file)
    except OSError as error:
        raise OperatorError(
            f"{lock}: {error.strerror}; expected a folder that you can write to, since a deploy locks its site"
        ) from None
    if file is None:
        raise OperatorError(
            f"{lock.parent}: another deploy of this site is running: {_holder(lock)}; wait for it and run again"
        )


@contextmanager
def held(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a file of the site, which need not be there yet: what was read of it before may be outdated by now.

    `patience` are the seconds to wait for another holder. The lock is a file beside it, which goes with its holder:
    none is left for git. Raises OperatorError, which names another holder that does not let go of it.
    """
    lock = path.with_name(f".{path.name}.lock")
    with text_file.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        end = time.monotonic() + patience
        while (file := take(lock)) is None and time.monotonic() < end:
            time.sleep(PAUSE)
    if file is None:
        raise OperatorError(f"{path}: another command is writing it: {_holder(lock)}; wait for it and run again")
    with file:
        try:
            with text_file.writing(path):
                _claim(file)
            yield
        finally:
            lock.unlink(missing_ok=True)


def _claim(file: TextIO) -> None:
    """Write into the file of a lock, which this process holds, who that is."""
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    file.truncate(0)
    json.dump({"operator": operator(), "pid": os.getpid(), "since": since, "purpose": purpose()}, file)
    file.flush()
    if os.fstat(file.fileno()).st_uid == os.geteuid():
        os.fchmod(file.fileno(), 0o666)  # for the next operator, who may have another account


def _holder(lock: Path) -> str:
    """Who holds a lock, since when and what for, in one line."""
    end = time.monotonic() + WRITING_SECONDS
    while time.monotonic() < end:
        try:
            said = "{operator}, since {since}, process {pid}: {purpose}".format(**json.loads(lock.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.05)
        else:
            return one_line(said, MAX_HOLDER)
    return "it does not say whose"
