"""What an operator can cause. Anything else is a bug and keeps its traceback."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class OperatorError(Exception):
    """One line for the operator: where, what was found, what is allowed or what to do next."""


class Faults(OperatorError):
    """All faults of a tree at once; as text, one line each."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@contextmanager
def exit_with_message() -> Iterator[None]:
    """For files that a foreign program runs: an operator's error becomes its lines on stderr and exit code 1."""
    try:
        yield
    except OperatorError as error:
        raise SystemExit(str(error)) from error
