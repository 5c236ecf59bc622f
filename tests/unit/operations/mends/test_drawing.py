"""What is redrawn while pyinfra works, on a terminal."""

import inspect
import io
import os
import pty
import select
import sys
import termios
from collections import deque
from collections.abc import Iterator

import gevent
import pyinfra.progress
import pytest
from gevent.event import Event

from operations import pulls
from operations.mends import drawing

LIMIT = 5  # seconds
SIZE = os.terminal_size((40, 10))


@pytest.fixture
def pulling(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The sizes that two pulls were shown in."""
    asked: list[tuple[int, int]] = []

    def lines(width: int, height: int) -> list[str]:
        asked.append((width, height))
        return ["      [lab1] 4.0 MB", "      [east] 6.0 MB"]

    monkeypatch.setattr(pulls, "lines", lines)
    return asked


def test_pyinfra_still_draws_as_the_mend_does() -> None:
    """It clears its line with what it says next, and is found by its name."""
    assert 'sys.stderr.write("\\033[K")' in inspect.getsource(pyinfra.progress)
    assert "gevent.spawn(_print_spinner, stop_event, progress_queue)" in inspect.getsource(pyinfra.progress)
    assert pyinfra.progress._print_spinner is drawing._draw


def test_without_a_pull_it_is_pyinfras_line() -> None:
    assert drawing.frame(["    - {lab1}"], SIZE) == "    - {lab1}\r"


def test_pulls_stand_below_and_the_cursor_above(pulling: list[tuple[int, int]]) -> None:
    assert drawing.frame(["    - {lab1}"], SIZE) == ("    - {lab1}\n      [lab1] 4.0 MB\n      [east] 6.0 MB\033[2A\r")
    assert pulling == [(39, 8)]


def test_no_line_is_as_long_as_the_screen_is_wide() -> None:
    assert drawing.frame(["x" * 90], SIZE) == "x" * 39 + "\r"


def shown(screen: int) -> str:
    """What comes next."""
    assert select.select([screen], [], [], LIMIT)[0], "nothing"
    return os.read(screen, 999).decode()


class TestOnATerminal:
    @pytest.fixture
    def terminal(self) -> Iterator[tuple[int, io.TextIOWrapper]]:
        """What is shown on one, and a stream to it that writes at once, as with PYTHONUNBUFFERED."""
        screen, writer = pty.openpty()
        settings = termios.tcgetattr(writer)
        settings[1] &= ~termios.OPOST
        termios.tcsetattr(writer, termios.TCSANOW, settings)
        termios.tcsetwinsize(writer, (10, 40))
        with io.TextIOWrapper(io.FileIO(writer, "w"), write_through=True) as stream:
            yield screen, stream
        os.close(screen)

    @pytest.mark.usefixtures("pulling")
    def test_it_stays_until_something_else_is_said_and_is_gone_in_the_end(
        self, terminal: tuple[int, io.TextIOWrapper], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screen, stream = terminal
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(pulls, "is_redrawn", lambda: True)
        stop = Event()
        drawer = gevent.spawn(drawing._draw, stop, deque(["0% (0/2)"]))
        gevent.sleep(0.05)
        assert shown(screen).endswith("\033[2A\r")
        print("said", file=sys.stderr)
        assert shown(screen) == "\033[Jsaid\n"
        gevent.sleep(1.2 * pyinfra.progress.WAIT_TIME)
        assert shown(screen).endswith("\033[2A\r")
        stop.set()
        drawer.join(timeout=5)
        assert shown(screen) == "\033[J"

    def test_where_pyinfra_was_told_to_be_quiet_nothing_is_drawn(
        self, terminal: tuple[int, io.TextIOWrapper], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        screen, stream = terminal
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(pulls, "is_redrawn", lambda: False)
        drawing._draw(Event(), deque(["0% (0/2)"]))
        os.set_blocking(screen, False)
        with pytest.raises(BlockingIOError):
            os.read(screen, 999)


@pytest.mark.parametrize(
    ("is_tty", "setting", "expected"),
    [(True, None, True), (True, "off", False), (True, "on", True), (False, None, False)],
)
def test_when_it_is_redrawn(monkeypatch: pytest.MonkeyPatch, is_tty: bool, setting: str | None, expected: bool) -> None:
    monkeypatch.setattr(pyinfra.progress, "IS_TTY", is_tty)
    monkeypatch.delenv("PYINFRA_PROGRESS", raising=False)
    if setting is not None:
        monkeypatch.setenv("PYINFRA_PROGRESS", setting)
    assert pulls.is_redrawn() is expected


@pytest.mark.parametrize(("is_redrawn", "expected"), [(True, "\033[J"), (False, "")])
def test_what_clears_it(monkeypatch: pytest.MonkeyPatch, is_redrawn: bool, expected: str) -> None:
    monkeypatch.setattr(pulls, "is_redrawn", lambda: is_redrawn)
    assert drawing.clearing() == expected
