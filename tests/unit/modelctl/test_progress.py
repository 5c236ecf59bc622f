"""What is shown while a host works."""

import io
from contextlib import redirect_stderr

import pytest

from modelctl import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")


def test_the_time_is_seen_beside_a_long_name() -> None:
    with redirect_stderr(Terminal()) as terminal, progress.waiting("copying /home/ops/saved_models/gamma3 on data1"):
        pass
    assert "copying /home/ops/saved_mod" in terminal.getvalue()
    assert "0:00:00" in terminal.getvalue()


def test_the_bar_is_seen_beside_a_long_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with redirect_stderr(Terminal()) as terminal, progress.reading("a_datasink_with_a_long_name", 10) as advance:
        advance(10)
    assert "reading a_" in terminal.getvalue()
    assert "10/10 bytes" in terminal.getvalue()


def test_names_are_no_markup() -> None:
    with redirect_stderr(Terminal()) as terminal, progress.waiting("[bold]x"):
        pass
    assert "[bold]x" in terminal.getvalue()


def test_a_dumb_terminal_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stderr(Terminal()) as terminal, progress.waiting("reading"):
        pass
    assert terminal.getvalue() == ""


def test_what_is_no_terminal_shows_nothing() -> None:
    with redirect_stderr(io.StringIO()) as file, progress.waiting("reading"):
        pass
    assert file.getvalue() == ""
