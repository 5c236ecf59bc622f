"""The home of the lab's shell, and what is left out of the caller's variables."""

import os
import subprocess
from pathlib import Path

import pytest

from lab import keys, operator_shell


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home below the test's folder."""
    monkeypatch.setattr(keys, "OPERATOR", tmp_path / "operator")
    (tmp_path / "operator").write_text("private")
    (tmp_path / "operator.pub").write_text("public")
    home = tmp_path / "home"
    monkeypatch.setattr(operator_shell, "HOME", home)
    monkeypatch.setattr(operator_shell, "PROGRAMS", home / ".local" / "bin")
    return home


def test_ssh_and_paramiko_find_the_operators_key_which_nobody_else_reads(home: Path) -> None:
    operator_shell.make_home()
    key = home / ".ssh" / "id_ed25519"
    assert key.read_text() == "private"
    assert [path.stat().st_mode & 0o777 for path in (key, key.parent)] == [0o600, 0o700]


def test_a_home_that_is_there_keeps_what_was_put_there(home: Path) -> None:
    operator_shell.make_home()
    (home / "my-site").mkdir()
    operator_shell.make_home()
    assert (home / "my-site").is_dir()
    operator_shell.remove_home()
    assert not home.exists()


@pytest.mark.usefixtures("home")
def test_a_commit_there_has_a_name(tmp_path: Path) -> None:
    operator_shell.make_home()
    env = operator_shell.environment({"PATH": os.environ["PATH"]})
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message", "First"]):
        subprocess.run(["git", *words], cwd=tmp_path, env=env, check=True)
    shown = subprocess.run(["git", "log", "--format=%an %s"], cwd=tmp_path, env=env, capture_output=True, check=True)
    assert shown.stdout == b"You First\n"


def test_the_shell_knows_neither_the_users_agent_nor_another_source_of_programs(home: Path) -> None:
    operator_shell.make_home()
    own = {
        "SSH_AUTH_SOCK": "/agent",
        "PYTHONPATH": "/other",
        "XDG_CONFIG_HOME": "/config",
        "LAB": "other",
        "PATH": "/usr/bin",
    }
    found = operator_shell.environment(own)
    assert set(found) == {"HOME", "LAB", "PATH"}
    assert found["HOME"] == str(home)
    assert found["PATH"].startswith(f"{home}/.local/bin:")
