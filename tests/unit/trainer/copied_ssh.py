"""The stand-in of ssh in a copy of this process: to start one of its own takes five times as long."""

import os
import signal
import subprocess
import sys
import traceback
from typing import Any

from tests.unit.trainer import fake_ssh

MOST_FILES = 1024  # that this process has open


class Popen(subprocess.Popen[bytes]):
    """Stands for subprocess.Popen, whose copy of this process becomes the stand-in where it would become ssh."""

    def __init__(self, words: Any, *rest: Any, **options: Any) -> None:
        if words[0] == "ssh":
            options["preexec_fn"] = lambda: _become(words[1:])
        super().__init__(words, *rest, **options)


def _become(arguments: list[str]) -> None:
    os.closerange(3, MOST_FILES)  # one of them tells the parent that a program was begun
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    code = 1
    try:
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        fake_ssh.main(arguments)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
