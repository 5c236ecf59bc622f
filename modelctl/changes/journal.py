"""The journal of a change: what it is about to do, on the disk before it does it, so that a killed one can be ended.

It lies in git's own folder, and goes when fleet and checkout agree again. As JSON: the fields of Change.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from modelctl import locks, text_file
from modelctl.changes.git import Checkout
from modelctl.errors import OperatorError
from modelctl.faults import one_line

JOURNAL = "modelctl-change.json"
LOCK = "modelctl-change.lock"


@dataclass(frozen=True)
class Change:
    """An edit of one file of the inventory, and the hosts that move with it.

    `what` begins the commit's message; `old` and `new` are the file's texts; `since` is UTC, ISO 8601; `branch` is the
    one that the edit is committed to; `older` are those of the hosts that a newer checkout may have switched.
    """

    what: str
    operator: str
    since: str
    branch: str
    inventory: Path
    file: Path
    old: str
    new: str
    model: str
    hosts: tuple[str, ...]
    older: tuple[str, ...] = ()

    @property
    def in_short(self) -> str:
        """What began, who began it, and when."""
        return one_line(f"{self.what} ({self.operator}, {self.since})")


_CHANGE = TypeAdapter(Change)


@contextmanager
def locked(checkout: Checkout) -> Iterator[None]:
    """Hold the checkout for one change. Raises OperatorError when another holds it."""
    path = checkout.private(LOCK)
    with text_file.writing(path):
        lock = locks.take(path)
    if lock is None:
        change = read(checkout)
        said = change.in_short if change else "it has just begun"
        raise OperatorError(f"{checkout.folder}: another change is being made: {said}; wait for it and run again")
    with lock:
        yield


def is_locked(checkout: Checkout) -> bool:
    """Whether somebody works on a change now. Whoever asks keeps nobody else from asking."""
    try:
        with checkout.private(LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def read(checkout: Checkout) -> Change | None:
    """The change that has begun and not ended. Raises OperatorError for a journal that cannot be read."""
    path = checkout.private(JOURNAL)
    try:
        return _CHANGE.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise OperatorError(
            f"{path}: it cannot be read; expected the journal of a change; compare inventory/ with git log, deploy, "
            "and remove it"
        ) from None


def write(checkout: Checkout, change: Change) -> None:
    """Remember a change. It is on the disk when this returns."""
    text_file.replace(checkout.private(JOURNAL), json.dumps(asdict(change), default=str, indent=1) + "\n")


def clear(checkout: Checkout) -> None:
    """The change has ended."""
    path = checkout.private(JOURNAL)
    text_file.sweep(path)
    text_file.remove(path)
