"""Changes and undos in processes of their own, which can be killed or told to stop."""

import functools
import os
import signal
import subprocess
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from modelctl.changes import change, journal
from modelctl.changes import edit as edit  # the stage's inventory.py needs it: once, not in each process
from modelctl.errors import OperatorError
from tests.unit.modelctl.fake_changes import TEXT, WHAT, Stage, swapped, use

STEPS = ((os, "replace"), (os, "unlink"), (subprocess, "run"), (subprocess, "Popen"))
LOOKS = frozenset({"status", "ls-files", "rev-parse", "branch", "diff"})  # of git: they change nothing
TEXTS = (TEXT, swapped(TEXT))


def make(stage: Stage) -> None:
    change.make(stage.checkout, stage.change(), WHAT, ())


def undo(stage: Stage) -> None:
    """As `modelctl undo` does."""
    with journal.locked(stage.checkout):
        begun = journal.read(stage.checkout)
        if begun is not None:
            change.undo(stage.checkout, begun)


def run(stage: Stage, work: Callable[[Stage], None], kill_before: int = -1) -> int:
    """Run in a process of its own, killed before a step; 0 when it came to its end, 1 for an operator's error."""
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            os.setpgid(0, 0)
            with pytest.MonkeyPatch.context() as patch:
                (stage.state / "pid").write_text(str(os.getpid()))
                use(stage, patch)
                _count(stage, patch, kill_before)
                work(stage)
            code = 0
        except OperatorError as error:
            (stage.state / "line").write_text(str(error))
            code = 1
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _count(stage: Stage, patch: pytest.MonkeyPatch, kill_before: int) -> None:
    done: list[str] = []
    within: list[str] = []

    def step(real: Callable[..., Any], *words: Any, **options: Any) -> Any:
        assert stage.registry.read_text() in TEXTS
        is_look = real.__name__ == "run" and words[0][1] in LOOKS
        if not is_look and not within:  # run begins its program with Popen
            if len(done) == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            done.append(real.__name__)
            (stage.state / "steps").write_text("\n".join(done))
        within.append(real.__name__)
        try:
            return real(*words, **options)
        finally:
            within.pop()

    for owner, name in STEPS:
        patch.setattr(owner, name, functools.partial(step, getattr(owner, name)))


def steps(stage: Stage) -> list[str]:
    """The names of the steps that the last one took."""
    return (stage.state / "steps").read_text().splitlines()
