"""What is said while a run of our deploys goes on. pyinfra says a line of each host for each operation, and a table of
the same at the end; here that comes with -v only. What our operations say, warnings and errors always come.
"""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyinfra
import pyinfra_cli
from pyinfra import logger
from pyinfra.api import Host
from pyinfra.context import ctx_host

from modelctl import screen

_PYINFRA = tuple(f"{Path(package.__file__ or '').parent}/" for package in (pyinfra, pyinfra_cli))
_OF_OPERATIONS = "log"  # Host.log, with which operations speak
INDENT = " " * 8

_begun: set[str] = set()
_closing_words: set[bool] = set()


def begin(words: Mapping[str, Any]) -> None:
    """Say no more than was asked for with these words of pyinfra's command line, and fold it on a screen."""
    if not (words["verbosity"] or words["debug"] or words["debug_all"]):
        logger.addFilter(_with_headline)
    if screen.is_terminal(sys.stderr):
        for handler in logger.handlers:
            handler.setFormatter(_Folded(handler.formatter))


def expect_closing_word() -> None:
    """Note that this run ends with one: nobody else has to sum it up."""
    _closing_words.add(True)


def is_closed_with_word() -> bool:
    """Whether this run ends with a closing word."""
    return bool(_closing_words)


def is_said(record: logging.LogRecord) -> bool:
    """Whether a line is more than pyinfra's own commentary."""
    is_own = record.funcName == _OF_OPERATIONS or not record.pathname.startswith(_PYINFRA)
    return record.levelno != logging.INFO or is_own


def begins(host: Host) -> None:
    """Say, once, that an operation has something to do: where pyinfra's own headline is not shown."""
    if _with_headline not in logger.filters:
        return
    operation = host.executing_op_hash
    if operation is not None and operation not in _begun:
        _begun.add(operation)
        logger.info(f"--> {', '.join(host.state.get_op_meta(operation).names)}")


def _with_headline(record: logging.LogRecord) -> bool:
    """Let pass what is said, behind the headline of its operation."""
    if record.funcName == _OF_OPERATIONS and ctx_host.isset():
        begins(ctx_host.get())
    return is_said(record)


class _Folded(logging.Formatter):
    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return screen.fold(self._inner.format(record), screen.width(), INDENT)
