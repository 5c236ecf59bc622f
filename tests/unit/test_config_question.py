"""The questions that pyinfra asks at a terminal, and what any answer but yes does: config.py mends it."""

import inspect
import os
import pty
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra import logger as pyinfra_logger
from pyinfra.connectors import util
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra_cli import cli
from pyinfra_cli.exceptions import WrappedError

import config
from tests.unit.test_config_interrupt import ended, interrupt, pyinfra

DEPLOY = "from pyinfra.operations import server\nserver.shell(commands=['touch {made}'])\n"
QUESTION = "Press enter to execute..."


@pytest.mark.parametrize(("typed", "code"), [(b"\x04", 1), (b"no\n", 1), (b"\n", 0)], ids=["ctrl-d", "no", "enter"])
def test_only_enter_is_yes(tmp_path: Path, typed: bytes, code: int) -> None:
    """S8: whatever a user can cause ends with one line and the right exit code."""
    made, deploy = tmp_path / "made", tmp_path / "deploy.py"
    deploy.write_text(DEPLOY.format(made=made))
    keyboard, terminal = pty.openpty()
    try:
        with pyinfra("@local", deploy, stdin=terminal) as process:
            interrupt(process, QUESTION, lambda: os.write(keyboard, typed))
            found, said = ended(process)
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert found == code, said
    assert ("not confirmed, so nothing was done" in said) == (code == 1)
    assert "Traceback" not in said
    assert made.exists() == (code == 0)


def test_pyinfra_still_exits_as_if_all_was_done() -> None:
    source = inspect.getsource(cli._main)
    assert 'skip this step with -y"):\n            _exit()' in source
    assert "EOFError" not in inspect.getsource(cli)


def test_pyinfra_still_goes_on_with_no_host() -> None:
    assert "return Inventory.empty()" in inspect.getsource(config._make_inventory)
    assert "raise" not in inspect.getsource(config._exclude)


def test_pyinfra_still_trusts_data_to_have_a_value() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        config._set_data(("models",), None, None, None, None, None)  # type: ignore[no-untyped-call]


class TestSudo:
    @pytest.fixture(autouse=True)
    def _no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(config, "_has_terminal", lambda: False)

    @staticmethod
    def _refused() -> tuple[int, CommandOutput]:
        return 1, CommandOutput([OutputLine("stderr", "sudo: a password is required")])

    def run(self, run: Any) -> tuple[int, CommandOutput]:
        host = SimpleNamespace(
            name="lab1", print_prefix="[lab1] ", connector_data={}, data=SimpleNamespace(get={"ssh_user": "ops"}.get)
        )
        found: tuple[int, CommandOutput] = run(host, {}, self._refused)
        return found

    def test_pyinfra_still_asks_where_nobody_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def ask(_: str) -> str:
            raise EOFError

        monkeypatch.setattr(util, "getpass", ask)
        with pytest.raises(EOFError):
            self.run(config._run_with_password)

    def test_mended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """U11: says so, and what to type."""
        said: list[str] = []
        monkeypatch.setattr(pyinfra_logger, "error", said.append)
        code, output = self.run(config._run_or_tell)
        assert (code, output.output_lines) == (1, [])
        assert said == [
            "[lab1] sudo wants a password there; expected none; put 'ops ALL=(ALL) NOPASSWD: ALL' there: "
            "sudo visudo -f /etc/sudoers.d/sentinelcam; or run this at a terminal"
        ]

    def test_a_sudo_that_wants_one_on_this_machine(self, tmp_path: Path) -> None:
        """U11: one more of its kind, in a real run: no traceback, and no host's failure is another's."""
        sudo = tmp_path / "sudo"
        sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
        sudo.chmod(sudo.stat().st_mode | stat.S_IXUSR)
        before = f"import os\nos.environ['PATH'] = {str(tmp_path)!r} + ':' + os.environ['PATH']\n"
        with pyinfra("@local", "exec", "--sudo", "--", "true", before=before) as process:
            code, said = ended(process)
        assert (code, "Traceback" in said) == (1, False), said
        assert "[@local] sudo wants a password there; expected none; put 'LOGIN ALL" in said


def test_pyinfra_still_lets_python_find_wrong_arguments() -> None:
    for function in (config._prepare, config._gather):
        assert "signature" not in inspect.getsource(function)


def test_pyinfra_still_says_that_a_key_is_the_fault_of_this_file() -> None:
    assert "get_frame_line_from_tb" in inspect.getsource(WrappedError.show)
