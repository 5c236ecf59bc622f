"""What of pyinfra's lines an operator reads without -v, and how."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from pyinfra import logger
from pyinfra.api import Host

from operations import commentary

WORDS = {"verbosity": 0, "debug": False, "debug_all": False}
SUCCESS = "/lib/pyinfra/api/operations.py"


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(commentary, "_PYINFRA", ("/lib/pyinfra/", "/lib/pyinfra_cli/"))
    monkeypatch.setattr(commentary, "_begun", set())
    filters = list(logger.filters)
    yield
    logger.filters[:] = filters


def record(path: str, function: str = "_run_host_op", level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("pyinfra", level, path, 1, "said", None, None, function)


@pytest.mark.parametrize("level", [logging.WARNING, logging.ERROR, logging.CRITICAL])
def test_warnings_and_errors_are_never_swallowed(level: int) -> None:
    assert commentary.is_said(record(SUCCESS, level=level))


def test_what_operations_say_is_heard() -> None:
    assert commentary.is_said(record("/lib/pyinfra/api/host.py", "log"))
    assert commentary.is_said(record("/checkout/operations/coral_download.py"))


@pytest.mark.parametrize("path", [SUCCESS, "/lib/pyinfra_cli/prints.py"])
def test_pyinfras_own_is_not(path: str) -> None:
    assert not commentary.is_said(record(path))


@pytest.mark.parametrize("asked", ["verbosity", "debug", "debug_all"])
def test_asked_to_be_verbose_it_says_all(asked: str) -> None:
    before = list(logger.filters)
    commentary.begin({**WORDS, asked: 1})
    assert logger.filters == before


def test_pyinfra_still_speaks_for_a_host_in_a_function_of_that_name() -> None:
    assert Host.log.__name__ == "log"


def test_an_operation_is_named_once_when_it_has_something_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(logger, "info", shown.append)
    meta: Any = SimpleNamespace(names={"Pull models"})
    host = Mock(executing_op_hash="a", state=Mock(get_op_meta=lambda _: meta))
    commentary.begins(host)
    assert shown == []
    commentary.begin(WORDS)
    commentary.begins(host)
    commentary.begins(host)
    assert shown == ["--> Pull models"]
