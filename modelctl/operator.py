"""Who runs this command, and what they typed: histories, logs and locks say it."""

import getpass
import os
import shlex
import socket
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from modelctl.faults import one_line

MAX_SAID = 200  # characters
PASSWORD_OPTIONS = {"--ssh-password", "--password", "--ssh-key-password", "--key-password"}


@cache
def operator() -> str:
    """user@control-node."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())  # one that no account has, as in a container
    return one_line(f"{user}@{socket.gethostname()}", MAX_SAID)  # LOGNAME can hold anything


@cache
def purpose() -> str:
    """The command as it was typed, in one line, without passwords."""
    program, *words = sys.argv
    line = shlex.join([Path(program).name, *_without_passwords(words)])
    return one_line(line, MAX_SAID)


def _without_passwords(words: Iterable[str]) -> Iterator[str]:
    """Histories and logs are read by many."""
    previous = ""
    for word in words:
        name, equals, _ = word.partition("password=")
        yield "***" if previous in PASSWORD_OPTIONS else f"{name}{equals}***" if equals else word
        previous = word
