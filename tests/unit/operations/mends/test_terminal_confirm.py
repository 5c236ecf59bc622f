"""The questions that pyinfra asks at a terminal, and what any answer but yes does."""

import inspect
import io
import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import click
import pytest
from pyinfra.api import Config, State
from pyinfra.context import ctx_state
from pyinfra_cli import cli
from pyinfra_cli.exceptions import CliError

from operations.mends import terminal
from tests.unit.operations.mends.test_terminal_interrupt import ended, interrupt, pyinfra

DEPLOY = "from pyinfra.operations import server\nserver.shell(commands=['touch {made}'])\n"
QUESTION = "Press enter to execute..."


@pytest.mark.parametrize(("typed", "code"), [(b"\x04", 1), (b"no\n", 1), (b"\n", 0)], ids=["ctrl-d", "no", "enter"])
def test_only_enter_is_yes(tmp_path: Path, typed: bytes, code: int) -> None:
    """S8: whatever a user can cause ends with one line and the right exit code."""
    made, deploy = tmp_path / "made", tmp_path / "deploy.py"
    deploy.write_text(DEPLOY.format(made=made))
    keyboard, screen = pty.openpty()
    try:
        with pyinfra("@local", deploy, stdin=screen) as process:
            interrupt(process, QUESTION, lambda: os.write(keyboard, typed))
            found, said = ended(process)
    finally:
        os.close(keyboard)
        os.close(screen)
    assert found == code, said
    assert ("not confirmed, so nothing was done" in said) == (code == 1)
    assert "Traceback" not in said
    assert made.exists() == (code == 0)


def test_pyinfra_still_exits_as_if_all_was_done() -> None:
    source = inspect.getsource(cli._main)
    assert 'skip this step with -y"):\n            _exit()' in source
    assert "EOFError" not in inspect.getsource(cli)


@pytest.mark.parametrize("dry", [True, False])
def test_a_prediction_goes_on_without_a_question(dry: bool) -> None:
    state, config = SimpleNamespace(), SimpleNamespace()
    with click.Context(click.Command("pyinfra")) as context:
        context.params["dry"] = dry
        cli._set_fail_prompts(cast("State", state), cast("Config", config))
    assert hasattr(state, "should_raise_failed_hosts") is not dry


class TestConfirm:
    @pytest.fixture(autouse=True)
    def _no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        with ctx_state.use(SimpleNamespace(get_warning_counter=lambda: 0)):
            yield

    def test_pyinfra_still_crashes_without_a_terminal(self) -> None:
        with pytest.raises(EOFError):
            terminal._confirm("One of more hosts failed, continue?")

    def confirm(self, message: str) -> bool:
        return cli._do_confirm(message)

    def test_the_run_goes_on_without_failed_hosts(self) -> None:
        messages = [line for line in inspect.getsource(cli).splitlines() if "not _do_confirm(" in line]
        about_failure = [line.split('"')[1] for line in messages if "failed" in line]
        assert len(about_failure) == 2
        assert all(self.confirm(message) for message in about_failure)

    def test_nothing_starts_that_nobody_confirmed(self) -> None:
        with pytest.raises(CliError, match=r"^no terminal to confirm at: nothing was done; add -y to run"):
            self.confirm("Detected changes displayed above, skip this step with -y")
