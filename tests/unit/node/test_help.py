"""Help and release at a node's console."""

import os
import sys
import tomllib

import pytest

from modelctl.product import CHECKOUT
from node import cli, dispatch, help, layout
from node.errors import Refusal
from node.facts import shown


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(list(words)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture(autouse=True)
def _nobody_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_every_command_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--help").splitlines()
    assert [line.split()[0] for line in lines[2:-2]] == list(dispatch.CONSOLE) == list(help.COMMANDS)
    assert all(len(line) <= 60 for line in lines)
    assert said(capsys, "-h") == said(capsys, "help") == said(capsys, "help", "no such") == "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", dispatch.CONSOLE)
def test_help_of_one(capsys: pytest.CaptureFixture[str], name: str) -> None:
    text = said(capsys, name, "--help")
    assert text.startswith(f"Usage: sudo sentinelcam-node {name} ")
    assert text == said(capsys, "help", name)


def test_python_s_own_help_is_python_s() -> None:
    assert help.asked_for(["python", "-h"]) is None
    assert help.asked_for(["python", "imagenode", "--help"]) is None


def test_the_release(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert project["version"] == help.RELEASE
    assert said(capsys, "--version") == f"sentinelcam-node {help.RELEASE}, program not installed\n"
    monkeypatch.setattr(sys, "path", [str(layout.program() / ("ab" * 32)), *sys.path])
    assert said(capsys, "--version") == f"sentinelcam-node {help.RELEASE}, program abababababab\n"


def test_a_refusal_for_programs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: str) -> None:
        raise Refusal("history: damaged")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shown, "show_history", refuse)
    assert cli.main(["history", "--json"]) == 1
    assert capsys.readouterr() == ('{"error": "history: damaged", "format": 1}\n', "history: damaged\n")
    assert cli.main(["history"]) == 1
    assert capsys.readouterr() == ("", "history: damaged\n")
