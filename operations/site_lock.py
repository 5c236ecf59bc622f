"""One deploy at a time of a site: two would mix its hosts. Each node has a lock of its own besides."""

import fcntl
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.operator import operator, purpose

NAME = ".deploy.lock"
MAX_HOLDER = 500  # characters
WRITING_SECONDS = 1.0  # for a holder that has just begun to say who it is

_held: list[TextIO] = []  # open until this process ends, however it ends: the kernel frees the lock then


def hold(path: Path) -> None:
    """Hold the lock until this process ends. Raises OperatorError, which names the holder, when another does."""
    try:
        file = path.open("a+", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OperatorError(
            f"{path.parent}: another deploy of this site is running: {_holder(path)}; wait for it and run again"
        ) from None
    except OSError as error:
        raise OperatorError(
            f"{path}: {error.strerror}; expected a folder that you can write to, since a deploy locks its site"
        ) from None
    _held.append(file)
    file.truncate(0)
    json.dump(_claim(), file)
    file.flush()
    if os.fstat(file.fileno()).st_uid == os.geteuid():
        os.fchmod(file.fileno(), 0o666)  # for the next operator, who may have another account


def _claim() -> dict[str, Any]:
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"operator": operator(), "pid": os.getpid(), "since": since, "purpose": purpose()}


def _holder(path: Path) -> str:
    end = time.monotonic() + WRITING_SECONDS
    while time.monotonic() < end:
        try:
            said = "{operator}, since {since}, process {pid}: {purpose}".format(**json.loads(path.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.05)
        else:
            return one_line(said, MAX_HOLDER)
    return "it does not say whose"
