"""Loads what a console script loads, then runs it as often as it is asked to: a line of JSON each, on standard input.

The process id and then the exit code come in a FIFO; what the command said is in two files beside it.
"""

import gc
import json
import os
import runpy
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

LOADED = {
    "pyinfra": (
        "pyinfra_cli.main",
        "pyinfra.connectors.local",
        "pyinfra.connectors.ssh",
        "pyinfra.operations.util.files",
        "modelctl.inventory.fleet",
        "modelctl.outside",
        "modelctl.registry.coral_stacks",
        "operations.access",
        "operations.audit",
        "operations.cleanup",
        "operations.command_line",
        "operations.configs",
        "operations.coral",
        "operations.mends",
        "operations.models",
        "operations.ready",
        "lab.fleet",
    ),
    "modelctl": (
        "modelctl.cli",
        "modelctl.commands.moving",
        "modelctl.commands.prune",
        "modelctl.commands.reports",
        "modelctl.registry.coral_stacks",
        "lab.fleet",
    ),
}


def main() -> None:
    """Answer until the end of input."""
    fork = os.fork  # before gevent puts its own there
    program = sys.argv[1]
    for name in LOADED[Path(program).name]:
        import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        if fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            request = json.loads(line)
            command = fork()
            if command == 0:
                _become(request)
                runpy.run_path(program, run_name="__main__")
                return
            _report(Path(request["folder"]) / "told", command)


def _become(request: dict[str, Any]) -> None:
    folder = Path(request["folder"])
    os.setsid()  # the terminal that the tests were typed at is not its own
    # Whoever runs the tests may ignore them, as nohup and a shell's & do; at a terminal a Python begins with these.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["words"]
    for number, path, flags in (
        (0, Path(os.devnull), os.O_RDONLY),
        (1, folder / "out", os.O_WRONLY | os.O_CREAT),
        (2, folder / "err", os.O_WRONLY | os.O_CREAT),
    ):
        descriptor = os.open(path, flags, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)


def _report(told: Path, command: int) -> None:
    descriptor = os.open(told, os.O_WRONLY)
    os.write(descriptor, b"%d\n" % command)
    _, status = os.waitpid(command, 0)
    os.write(descriptor, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


main()
