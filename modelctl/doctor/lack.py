"""Something that a host lacks, and the command that mends it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from modelctl import hints
from modelctl.errors import OperatorError

Mend = Callable[[Sequence[str]], str]
"""The command that mends it on hosts, as it has to be typed; where there is none, what to do."""


class Lack(NamedTuple):
    """What a host lacks. `comes_at_first` is what the first deploy brings too, without that command."""

    check: str
    found: str
    expected: str
    mend: Mend
    comes_at_first: bool = False


class Lacking(OperatorError):
    """A host cannot be looked at any further."""

    def __init__(self, lack: Lack) -> None:
        super().__init__(f"{lack.check}: found {lack.found}; expected {lack.expected}")
        self.lack = lack


def to_do(what: str) -> Mend:
    """What is to be done about one host alone."""
    return lambda _: what


def on(words: str) -> Mend:
    """A command of pyinfra on hosts."""
    return lambda hosts: hints.pyinfra(f"{hints.limits(hosts)} {words}")


def deploying(program: str) -> Mend:
    """A deploy to hosts."""
    return lambda hosts: hints.pyinfra(f"{program} {hints.limits(hosts)} -y")


def asking_again(hosts: Sequence[str]) -> str:
    """The command that looks again."""
    return hints.modelctl(f"doctor {' '.join(hosts)}")


def trusting(hosts: Sequence[str]) -> str:
    """The command that trusts host keys which nobody knows yet."""
    return hints.modelctl(f"trust {' '.join(hosts)}")


PREPARE, ACCESS = deploying("deploys/prepare.py"), deploying("deploys/access.py")
