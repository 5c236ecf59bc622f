import fcntl
import os
import re

import pytest

from node import layout, lock
from node.errors import Refusal


def test_a_second_pull_is_refused_with_the_process_of_the_first() -> None:
    words = f"another pull is running here (process {os.getpid()}); wait for it and run again"
    with lock.held(), pytest.raises(Refusal, match=f"^{re.escape(words)}$"), lock.held():
        pass


def test_the_lock_is_free_again_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError), lock.held():
        raise ZeroDivisionError
    with lock.held():
        pass


def test_a_lock_file_that_nobody_holds_is_no_lock() -> None:
    layout.STATE.mkdir()
    (layout.STATE / "pull.lock").write_text("1")
    with lock.held():
        assert (layout.STATE / "pull.lock").read_text() == str(os.getpid())


def test_an_unnamed_holder_is_unknown() -> None:
    layout.STATE.mkdir()
    with (layout.STATE / "pull.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Refusal, match="process unknown"), lock.held():
            pass
