"""Passwords that nobody can type."""

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra import logger as pyinfra_logger
from pyinfra.connectors import util
from pyinfra.connectors.util import CommandOutput, OutputLine

from operations.mends import terminal
from tests.unit.operations.mends.test_terminal_interrupt import ended, pyinfra


class TestSudo:
    @pytest.fixture(autouse=True)
    def _no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(terminal, "_has_terminal", lambda: False)

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
            self.run(terminal._run_with_password)

    def test_mended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """U11: says so, and what to type."""
        said: list[str] = []
        monkeypatch.setattr(pyinfra_logger, "error", said.append)
        code, output = self.run(terminal._run_or_tell)
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
