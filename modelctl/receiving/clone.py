"""The receiver's own clone: brought up to date before it is worked in, and pushed when the work is over."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from modelctl import locks
from modelctl.changes import change, journal
from modelctl.changes.git import Checkout
from modelctl.errors import OperatorError

PATIENCE = 900.0  # seconds, for another receive: it may have to wait for a rollout
GIT_SECONDS = 10.0  # that a command of git which is at work may take


@contextmanager
def ready(checkout: Checkout) -> Iterator[None]:
    """Hold the clone for one receive: it has what its upstream has, and no change in it is unfinished.

    What is committed meanwhile is pushed, whatever becomes of the block. Raises OperatorError.
    """
    with locks.held(checkout.private("modelctl-receive"), PATIENCE):
        _free_index(checkout)
        checkout.bring_up_to_date()
        with journal.locked(checkout):
            begun = journal.read(checkout)
            if begun is not None:
                change.undo(checkout, begun)
        with _pushing(checkout):
            yield


@contextmanager
def _pushing(checkout: Checkout) -> Iterator[None]:
    try:
        yield
    except OperatorError as error:
        try:
            checkout.push()
        except OperatorError as also:
            raise OperatorError(f"{error}; {_unpushed(also)}") from None
        raise
    try:
        checkout.push()
    except OperatorError as error:
        raise OperatorError(_unpushed(error)) from None


def _unpushed(error: OperatorError) -> str:
    return f"the commits are not pushed yet: {error}; the next receive pushes them"


def _free_index(checkout: Checkout) -> None:
    """A git that was killed, or lost its power, leaves its lock. Nobody else works in this clone."""
    lock = checkout.private("index.lock")
    end = time.monotonic() + GIT_SECONDS
    while lock.exists():
        if time.monotonic() >= end:
            lock.unlink(missing_ok=True)
        time.sleep(locks.PAUSE)
