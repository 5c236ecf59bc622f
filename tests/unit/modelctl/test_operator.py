"""Who runs this command."""

import getpass
import socket
from collections.abc import Iterator

import pytest

from modelctl.operator import operator


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    operator.cache_clear()
    yield
    operator.cache_clear()


def test_the_operator_is_a_user_on_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "anna")
    monkeypatch.setattr(socket, "gethostname", lambda: "ramrod")
    assert operator() == "anna@ramrod"


def test_a_user_without_an_account_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", unknown)
    monkeypatch.setattr("os.getuid", lambda: 4711)
    monkeypatch.setattr(socket, "gethostname", lambda: "ramrod")
    assert operator() == "4711@ramrod"


def test_the_operator_is_one_short_line_that_no_terminal_obeys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "anna\n\x1b[31m" + "x" * 500)
    monkeypatch.setattr(socket, "gethostname", lambda: "ramrod")
    assert operator().isprintable()
    assert operator().startswith("anna ?[31mxxx")
    assert len(operator()) == len("...") + 200
