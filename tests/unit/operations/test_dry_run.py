"""A dry run's exit code, where it is asked whether anything would change; against pyinfra itself, on this machine."""

import inspect
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra_cli import cli

from modelctl.product import CHECKOUT
from operations import dry_run
from tests import warm

PYINFRA = str(Path(sys.executable).with_name("pyinfra"))
CHANGES = "from pyinfra.operations import files\nfiles.directory(path={path!r})\n"
FAILS = "from pyinfra.operations import files\nfrom pyinfra import host\nhost.state.fail_hosts({{host}})\n"


def run_dry(deploy: Path, *words: str) -> int:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "HOME": "/nonexistent"}
    return warm.run([PYINFRA, "@local", str(deploy), "--dry", *words], CHECKOUT, environment, limit=60).returncode


@pytest.mark.parametrize(
    ("text", "asked", "code"),
    [(CHANGES, (), 0), (CHANGES, ("--data", "exit=changes"), 3), (CHANGES + FAILS, ("--data", "exit=changes"), 1)],
    ids=["not asked", "asked", "failed"],
)
def test_what_would_change(tmp_path: Path, text: str, asked: tuple[str, ...], code: int) -> None:
    deploy = tmp_path / "deploy.py"
    deploy.write_text(text.format(path=str(tmp_path / "new")))
    assert run_dry(deploy, *asked) == code


def test_what_is_as_wanted(tmp_path: Path) -> None:
    deploy = tmp_path / "deploy.py"
    deploy.write_text(CHANGES.format(path=str(tmp_path)))
    assert run_dry(deploy, "--data", "exit=changes") == 0


def test_where_one_host_failed_another_s_changes_do_not_count() -> None:
    changed = SimpleNamespace(operation_meta=SimpleNamespace(_maybe_is_change=True))
    inventory = SimpleNamespace(get_override_data=lambda: {"exit": "changes"}, iter_activated_hosts=lambda: ["east"])
    state: Any = SimpleNamespace(
        initialised=True, failed_hosts=set(), inventory=inventory, ops={"east": {"a": changed}}
    )
    assert dry_run.tells_of_changes(state)
    state.failed_hosts = {"lab1"}
    assert not dry_run.tells_of_changes(state)


def test_pyinfra_still_ends_a_dry_run_as_if_nothing_changed() -> None:
    assert "if dry:" in inspect.getsource(cli._main)
    assert "sys.exit(3)" not in inspect.getsource(cli)
