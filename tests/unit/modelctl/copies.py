"""Work in a copy of this process: a new one would first have to load the program."""

import gc
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from pyinfra.api.operations import gevent

BUG = 70


def begin(work: Callable[[], object], **options: Any) -> "subprocess.Popen[Any]":
    """As subprocess.Popen, with the work in the program's place."""
    return subprocess.Popen(["true"], preexec_fn=lambda: _begun(work), **options)


def _begun(work: Callable[[], object]) -> NoReturn:
    """A new program would have no pipe of its parent's; Popen waits until one of them is closed."""
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own is gone
            if int(handle.name) > 2 and handle.is_fifo():
                os.close(int(handle.name))
    gevent.reinit()
    end(work)


def run(work: Callable[[], object], message: str = "") -> "subprocess.CompletedProcess[str]":
    """How the work ended, which reads the message."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with begin(work, text=True, **pipes) as process:
        said, words = process.communicate(message)
    return subprocess.CompletedProcess([], process.returncode, said, words)


def end(work: Callable[[], object]) -> NoReturn:
    """In the copy: do the work, with what its first three files now are, and end with the code that it returns."""
    code: object = BUG
    try:
        gc.disable()
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in enumerate("rww"))
        sys.exit(work())  # type: ignore[arg-type]
    except SystemExit as said:
        code = said.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else BUG)
