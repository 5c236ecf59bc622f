import getpass
import shlex
import socket
import sys
from collections.abc import Iterator

import pytest

from operations.operator import operator, purpose


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    operator.cache_clear()
    purpose.cache_clear()
    yield
    operator.cache_clear()
    purpose.cache_clear()


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["/srv/x/.venv/bin/pyinfra", *words])
    return purpose()


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


def test_the_purpose_is_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("inventory.py", "deploys/models.py", "--limit", "lab1", "--data", "models=a b")
    line = typed(monkeypatch, *words)
    assert line == "pyinfra inventory.py deploys/models.py --limit lab1 --data 'models=a b'"
    assert shlex.split(line) == ["pyinfra", *words]


def test_the_purpose_is_one_short_line_that_no_terminal_obeys(monkeypatch: pytest.MonkeyPatch) -> None:
    line = typed(monkeypatch, "a\nb\x1b[31m", "x" * 500)
    assert line.isprintable()
    assert len(line) == len("...") + 200


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("--ssh-password", "secret", "d.py"), "pyinfra --ssh-password '***' d.py"),
        (("--password", "secret", "d.py"), "pyinfra --password '***' d.py"),
        (("--key-password", "secret", "d.py"), "pyinfra --key-password '***' d.py"),
        (("--ssh-password=secret", "d.py"), "pyinfra '--ssh-password=***' d.py"),
        (("--data", "ssh_password=secret", "d.py"), "pyinfra --data 'ssh_password=***' d.py"),
        (("--use-sudo-password", "d.py"), "pyinfra --use-sudo-password d.py"),
    ],
)
def test_passwords_are_not_told(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], shown: str) -> None:
    assert typed(monkeypatch, *words) == shown


def test_pyinfra_takes_passwords_by_these_options_only() -> None:
    from pyinfra_cli.cli import cli

    from operations.operator import PASSWORD_OPTIONS

    taking = {
        option
        for word in cli.params
        for option in word.opts
        if option.endswith("password") and not getattr(word, "is_flag", False)
    }
    assert taking == PASSWORD_OPTIONS
