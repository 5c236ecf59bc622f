"""What the operator typed: a node's history and the checkout's lock say it of a deploy."""

import shlex
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from modelctl.faults import one_line
from modelctl.operator import MAX_SAID

PASSWORD_OPTIONS = {"--ssh-password", "--password", "--ssh-key-password", "--key-password"}


@cache
def purpose() -> str:
    """Return the command as it was typed, in one line, without passwords."""
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
