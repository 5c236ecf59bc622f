"""`python -m lab`: help, and the one line for a machine that cannot run the lab."""

import json
import os
import platform
import shutil

import pytest
from click.testing import CliRunner

from lab import machine, network, preflight
from lab.cli import main

COMMANDS = {"up", "down", "status", "services", "boot", "reset", "ssh", "exec", "logs", "limit", "cut", "mend", "shell"}
ROOT = 0


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that can run the lab."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(os, "geteuid", lambda: ROOT)
    monkeypatch.setattr(shutil, "which", lambda program: f"/usr/bin/{program}")


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and all output of a command."""
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def test_commands() -> None:
    assert set(main.commands) == COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_for_any_user(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    help_text = main.commands[name].help
    assert help_text
    code, output = run(name, "--help")
    assert (code, output.split()[0]) == (0, "Usage:")
    assert help_text.split()[:3] == output.split("\n\n")[1].split()[:3]


@pytest.mark.usefixtures("able")
def test_another_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert run("up") == (1, "lab: this is Darwin, the lab needs Linux; run it in a Debian 12 machine\n")


@pytest.mark.usefixtures("able")
def test_a_user_who_is_not_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run("up") == (1, "lab: user id is 1000, the lab needs root; run it again with sudo\n")


@pytest.mark.usefixtures("able")
def test_missing_tools_are_named_with_the_command_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None if program in {"tc", "ip", "mmdebstrap"} else program)
    assert run("down") == (
        1,
        "lab: iproute2, mmdebstrap not installed; run: apt-get install iproute2 mmdebstrap\n",
    )


@pytest.mark.usefixtures("able")
def test_unknown_host_is_answered_with_those_there_are() -> None:
    code, output = run("exec", "nope", "--", "true")
    assert code == 1
    assert output == ("lab: host 'nope': not in the lab; it has: data1, data2, sentinel, lab1, east, alpha5, deepend\n")


@pytest.mark.usefixtures("able")
def test_an_able_machine_is_accepted() -> None:
    preflight.require_machine()


@pytest.mark.usefixtures("able")
@pytest.mark.parametrize("count", ["6", "201", "many"])
def test_a_count_of_hosts_that_cannot_be_is_refused(count: str) -> None:
    code, output = run("up", "--hosts", count)
    assert code == 2
    assert "Invalid value for '--hosts'" in output


@pytest.mark.usefixtures("able")
def test_the_status_tells_a_host_whose_cable_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is off has no cable to ask about."""
    monkeypatch.setattr(machine, "running", lambda host: None if host.name == "east" else machine.Process(1, 1))
    monkeypatch.setattr(
        network, "run", lambda *words: json.dumps([{"flags": ["BROADCAST"] if words[-1] == "to-lab1" else ["UP"]}])
    )
    code, output = run("status")
    assert code == 3
    assert output.splitlines()[2:5] == [
        "sentinel   up             ops@198.18.0.60    sentinel",
        "lab1       up, cable cut  ops@198.18.0.20    imagenode",
        "east       off            ops@198.18.0.21    imagenode",
    ]
