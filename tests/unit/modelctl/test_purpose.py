import shlex
import sys
from collections.abc import Iterator

import pytest

from modelctl.operator import purpose


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    purpose.cache_clear()
    yield
    purpose.cache_clear()


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["/srv/x/.venv/bin/pyinfra", *words])
    return purpose()


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

    from modelctl.operator import PASSWORD_OPTIONS

    taking = {
        option
        for word in cli.params
        for option in word.opts
        if option.endswith("password") and not getattr(word, "is_flag", False)
    }
    assert taking == PASSWORD_OPTIONS
