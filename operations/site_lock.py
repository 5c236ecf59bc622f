"""One deploy at a time of a site: two would mix its hosts. Each node has a lock of its own besides."""

import fcntl
from pathlib import Path
from typing import TextIO

from modelctl import holder
from modelctl.errors import OperatorError

NAME = ".deploy.lock"

_held: list[TextIO] = []  # open until this process ends, however it ends: the kernel frees the lock then


def hold(path: Path) -> None:
    """Hold the lock until this process ends. Raises OperatorError, which names the holder, when another does."""
    try:
        file = path.open("a+", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OperatorError(
            f"{path.parent}: another deploy of this site is running: {holder.named(path)}; wait for it and run again"
        ) from None
    except OSError as error:
        raise OperatorError(
            f"{path}: {error.strerror}; expected a folder that you can write to, since a deploy locks its site"
        ) from None
    _held.append(file)
    holder.claim(file)
