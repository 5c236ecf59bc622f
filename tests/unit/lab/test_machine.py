"""Processes by id and start time, waiting with a limit, and what a console shows."""

import os
from pathlib import Path

import pytest

from lab import hosts, machine
from lab.hosts import HOSTS
from lab.machine import Process
from lab.name import command
from modelctl.errors import OperatorError

LAB1 = HOSTS["lab1"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where lab1 keeps its state, for this test."""
    monkeypatch.setattr(hosts, "STATE", tmp_path)
    LAB1.folder.mkdir(parents=True)
    return LAB1.folder


def start_time(pid: int) -> int:
    """As the kernel shows it, read by another route: the fields after the last parenthesis."""
    return int(Path(f"/proc/{pid}/stat").read_text().split(") ")[-1].split()[19])


def record(folder: Path, pid: int, started: int) -> None:
    """Write a process record as boot.sh does."""
    (folder / "process").write_text(f"{pid} {started}\n")


def test_recorded_process_runs(folder: Path) -> None:
    record(folder, os.getpid(), start_time(os.getpid()))
    assert machine.running(LAB1) == Process(os.getpid(), start_time(os.getpid()))


def test_a_process_id_given_to_another_is_not_the_host(folder: Path) -> None:
    record(folder, os.getpid(), start_time(os.getpid()) - 1)
    assert machine.running(LAB1) is None


def test_a_dead_process_is_not_the_host(folder: Path) -> None:
    ended = os.posix_spawn("/bin/true", ["true"], {})
    started = start_time(ended)
    os.waitpid(ended, 0)
    record(folder, ended, started)
    assert machine.running(LAB1) is None


@pytest.mark.usefixtures("folder")
def test_without_a_record_a_host_is_off() -> None:
    assert machine.running(LAB1) is None
    with pytest.raises(OperatorError, match=rf"^lab1: off; run: {command('up')}$"):
        machine.leader(LAB1)


def test_waiting_ends_with_its_limit() -> None:
    with pytest.raises(OperatorError, match=r"^lab1: answer: not within 0 s$"):
        machine.wait_until(lambda: False, limit=0.01, what="lab1: answer")


def test_waiting_ends_with_its_condition() -> None:
    answers = iter([False, False, True])
    machine.wait_until(lambda: next(answers), limit=5, what="third answer")
    assert next(answers, None) is None


def test_console_is_shown_without_colours_and_empty_lines(folder: Path) -> None:
    (folder / "console.log").write_text("[\x1b[0;32m  OK  \x1b[0m] Started.\r\n\r\n\nlab1 login: \r\n")
    assert machine.console_lines(LAB1) == ["[  OK  ] Started.", "lab1 login:"]
