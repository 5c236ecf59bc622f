"""`modelctl restore`: what is asked of the host, and what it says."""

import subprocess
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.nodes import remote
from tests import chandler

Restore = Callable[..., Result]


@pytest.fixture
def asked() -> list[tuple[str, list[str]]]:
    """The hosts that were asked, and the words."""
    return []


@pytest.fixture
def restore(asked: list[tuple[str, list[str]]], monkeypatch: pytest.MonkeyPatch) -> Restore:
    """Type the command, and have the host answer with this."""

    def run(*words: str, code: int = 0, out: str = "", err: str = "") -> Result:
        def answer(_: object, host: str, command: list[str], __: float, ___: str) -> "subprocess.CompletedProcess[str]":
            asked.append((host, command))
            return subprocess.CompletedProcess(command, code, out, err)

        monkeypatch.setattr(remote, "run", answer)
        return CliRunner().invoke(cli.main, ["restore", *words, "--site", str(chandler.FOLDER / "inventory.py")])

    return run


def test_it_passes_its_words_on(restore: Restore, asked: list[tuple[str, list[str]]]) -> None:
    done = restore("sentinel", "faces/2026-02-02/list.csv", "abcd", out="list.csv is as in kept\n")
    assert (done.exit_code, done.output) == (0, "sentinel: list.csv is as in kept\n")
    [(host, command)] = asked
    assert host == "sentinel"
    assert command[-4:] == ["/usr/local/sbin/sentinelcam-node", "restore", "faces/2026-02-02/list.csv", "abcd"]


def test_without_a_file_it_asks_for_the_backups(restore: Restore, asked: list[tuple[str, list[str]]]) -> None:
    assert restore("sentinel", out="one\ntwo \033[2J\n").output == "sentinel: one\nsentinel: two ?[2J\n"
    assert asked[0][1][-1] == "restore"


def test_a_refusal_is_one_line(restore: Restore) -> None:
    done = restore("sentinel", "x", code=1, err="found x; allowed: nothing is linked here\n")
    assert (done.exit_code, done.output) == (1, "sentinel (192.168.10.60): found x; allowed: nothing is linked here\n")


def test_an_older_program_on_the_node_is_told(restore: Restore) -> None:
    done = restore("sentinel", code=64, err="found restore; allowed: status, history, revert\n")
    assert "its sentinelcam-node knows no restore; a deploy brings one: " in done.output


def test_a_host_that_is_none(restore: Restore, asked: list[tuple[str, list[str]]]) -> None:
    done = restore("sentinal")
    assert done.exit_code == 1
    assert "sentinel" in done.output
    assert asked == []
