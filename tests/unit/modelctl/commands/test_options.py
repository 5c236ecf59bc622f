"""Which site a command is for: what it says where none was named, and the variable that names one."""

import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from modelctl import cli, hints
from modelctl.commands import options
from modelctl.inventory.json_files import Pin, PinnedFile, Pins, dump_pins
from tests import chandler

SAID = "this is the default site of this checkout; yours: --site PATH"
FILES = {"haarcascade_eye.xml": PinnedFile(sha256="b" * 64, size=1)}
PINNED = Pins(models={"haarcascades": {"2020-03-25": Pin(manifest="a" * 64, files=FILES)}})


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose default site has no pins yet."""
    folder = tmp_path.resolve() / "checkout"
    shutil.copytree(chandler.FOLDER, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(options, "CHECKOUT", folder)
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A site beside it."""
    shutil.copytree(chandler.FOLDER, tmp_path / "meadow")
    return tmp_path / "meadow" / "inventory.py"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, list(words), catch_exceptions=False)


def last_line(result: Result) -> str:
    return result.stderr.splitlines()[-1]


def test_where_nobody_said_which_site_the_last_line_tells(checkout: Path) -> None:
    assert last_line(run("check")) == SAID
    refused = run("show", "nomodel")
    assert (refused.exit_code, len(refused.stderr.splitlines()), last_line(refused)) == (1, 2, SAID)
    (checkout / "inventory" / "pins.json").write_text(dump_pins(PINNED))
    assert SAID not in run("check").stderr


def test_a_site_that_was_named_is_meant(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SAID not in run("check", "--site", "inventory.py").stderr
    assert SAID not in run("check", "--site", str(other)).stderr
    monkeypatch.chdir(other.parent)
    assert SAID not in run("check").stderr


def test_the_variable_names_a_site_unless_the_option_does(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Path] = []
    monkeypatch.setattr(hints, "use", used.append)
    monkeypatch.setenv("MODELCTL_SITE", str(other))
    named = run("check")
    assert (named.exit_code, used, SAID in named.stderr) == (0, [other], False)
    assert run("check", "--site", "inventory.py").exit_code == 0
    assert used[-1] == Path("inventory.py")


def test_a_trainers_connection_names_no_site() -> None:
    command = cli.main.get_command(click.Context(cli.main), "trainer-shell")
    assert command is not None
    assert [each.envvar for each in command.params if each.name == "site"] == [None]
