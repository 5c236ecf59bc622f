"""The tutorial, typed word for word in the lab's shell, on a lab of its own: what is printed is what the page says.

`pytest tests/fleet/test_tutorial.py --rewrite-tutorial` writes into the page what is printed now, where it differs.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from threading import Timer

import pytest

from lab.name import NAME, identity
from tests.fleet import console_page
from tests.fleet.conftest import traces
from tests.fleet.operator import CHECKOUT, environment

PAGE = CHECKOUT / "docs" / "tutorial.md"
LAB = f"{NAME[:8]}page"
HOSTS = ("data1", "sentinel", "lab1")
"""Those that the tutorial is about: the lab's other hosts stay off."""
LIMIT = 480.0  # seconds for all that is typed
ENVIRONMENT = {**environment(CHECKOUT), "LAB": LAB}
TYPED_BY_THE_PAGE = (sys.executable, "-m", "lab", "shell")


class Shell:
    """The lab's shell, at which each command is typed when the one before has ended."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def type(self, command: str) -> list[str]:
        """What a command prints."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        mark = "this was the end of a command"
        self._process.stdin.write(f"{{\n{command}\n}} </dev/null\nprintf '\\n%s\\n' '{mark}'\n")
        self._process.stdin.flush()
        printed: list[str] = []
        for line in self._process.stdout:
            if line.rstrip("\n") == mark:
                return "".join(printed).rstrip("\n").splitlines()
            printed.append(line)
        raise AssertionError(f"{command}: no end within {LIMIT} s; it printed:\n{''.join(printed)}")


def lab(*words: str) -> None:
    """A command of the lab, which must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", *words], cwd=CHECKOUT, env=ENVIRONMENT, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture
def shell() -> Iterator[Shell]:
    """The shell, in a lab that is taken down at the end without a trace."""
    lab("down")
    try:
        lab("boot", *HOSTS)
        with subprocess.Popen(
            TYPED_BY_THE_PAGE, cwd=CHECKOUT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            watchdog = Timer(LIMIT, process.kill)
            watchdog.start()
            yield Shell(process)
            watchdog.cancel()
            process.kill()
    finally:
        lab("down")
    assert traces(identity(LAB)) == []


def test_the_tutorial_prints_what_it_says(shell: Shell, request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text(encoding="utf-8").splitlines()
    printed: dict[console_page.Step, Sequence[str]] = {}
    is_rewritten = request.config.getoption("--rewrite-tutorial")
    for step in console_page.steps(page):
        printed[step] = shell.type(step.command)
        expected = page[step.first : step.end]
        if not is_rewritten and not console_page.says(expected, printed[step]):
            assert console_page.masked(printed[step]) == console_page.masked(expected), step.command
    if is_rewritten:
        PAGE.write_text("\n".join(console_page.rewritten(page, printed)) + "\n", encoding="utf-8")
