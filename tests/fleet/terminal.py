"""Terminals of some width, in which commands run as an operator sees them."""

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.machine import wait_until
from tests.fleet.operator import CHECKOUT, environment

SETTINGS = "set -g status off\nset -g history-limit 5000\n"
ROWS = 24
LAST = 10  # lines that an operator sees without looking for them
LIMIT = 240.0  # seconds


@dataclass(frozen=True)
class Screen:
    """What one command prints, line by line: what the terminal had to fold is one line."""

    server: "Terminals"
    name: str
    columns: int

    def press(self, key: str) -> None:
        """Press a key, as tmux calls it."""
        self.server.run("send-keys", "-t", self.name, key)

    def wait(self) -> int:
        """Wait for the end of the command, and return its exit code."""
        code = self.server.code_of(self.name)
        wait_until(lambda: bool(code.exists() and code.read_text()), LIMIT, f"the end of {self.name}")
        return int(code.read_text())

    @property
    def lines(self) -> list[str]:
        text = self.server.run("capture-pane", "-p", "-J", "-S", "-", "-t", self.name)
        return [line.rstrip() for line in text.rstrip().splitlines()]

    @property
    def ending(self) -> str:
        """The last lines, as if none were folded."""
        return " ".join(" ".join(self.lines[-LAST:]).split())

    def assert_fits(self) -> None:
        """No line is wider than the screen: the terminal would have folded it anywhere."""
        wider = [line for line in self.lines if len(line) > self.columns]
        assert not wider, "\n".join(wider)


class Terminals:
    """A server of tmux, with its socket in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "tmux.conf").write_text(SETTINGS)

    def open(self, columns: int, *words: str | Path) -> Screen:
        """Begin a command in a terminal of its own."""
        name = f"screen{len(list(self._folder.glob('command-*')))}"
        (self._folder / f"command-{name}").touch()
        typed = shlex.join(map(str, words))
        script = f"{typed}; echo $? >{shlex.quote(str(self.code_of(name)))}; exec sleep 900"
        self.run("new-session", "-d", "-s", name, "-x", str(columns), "-y", str(ROWS), "-c", str(CHECKOUT), script)
        return Screen(self, name, columns)

    def code_of(self, name: str) -> Path:
        return self._folder / f"code-{name}"

    def run(self, *words: str) -> str:
        """A command of tmux."""
        command = ["tmux", "-S", str(self._folder / "socket"), "-f", str(self._folder / "tmux.conf"), *words]
        shown = {**environment(CHECKOUT), "PYINFRA_PROGRESS": "on", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        for name in ("COLUMNS", "LINES"):  # of the terminal that the tests were typed at
            shown.pop(name, None)
        return subprocess.run(command, env=shown, check=True, capture_output=True, text=True).stdout


@contextmanager
def terminals(folder: Path) -> Iterator[Terminals]:
    """Terminals, closed at the end with all that runs in them."""
    made = Terminals(folder)
    made.run("new-session", "-d", "-s", "server", "exec sleep 900")
    try:
        yield made
    finally:
        made.run("kill-server")
