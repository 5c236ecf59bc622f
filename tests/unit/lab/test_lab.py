"""The lab as a whole, where no host is needed to tell."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

import lab.hosts
import lab.lab
from lab import machine, network
from lab.hosts import hosts
from lab.lab import Lab
from modelctl.errors import OperatorError


@pytest.fixture
def count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the number of hosts is noted."""
    path = tmp_path / "count"
    monkeypatch.setattr(lab.hosts, "COUNT", path)
    monkeypatch.setattr(lab.lab, "COUNT", path)
    return path


def test_one_that_is_up_gets_no_other_count_of_hosts(count: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "is_up", lambda: True)
    handle = Lab(hosts(7))
    with pytest.raises(OperatorError, match=r"^lab: it is up with 7 hosts, not 40; run first: .*python -m lab down$"):
        handle._choose(40)
    assert (len(handle.hosts), count.exists()) == (7, False)


def test_one_that_is_up_may_be_asked_for_the_same_count_again(count: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by who began when it was not there yet."""
    count.write_text("40\n")
    monkeypatch.setattr(network, "is_up", lambda: True)
    handle = Lab(hosts(7))
    handle._choose(40)
    assert (len(handle.hosts), count.read_text()) == (40, "40\n")


def test_one_that_is_down_gets_what_is_asked_for(count: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count.write_text("12\n")
    monkeypatch.setattr(network, "is_up", lambda: False)
    handle = Lab(hosts(12))
    handle._choose(40)
    assert (len(handle.hosts), count.read_text()) == (40, "40\n")


def test_a_host_that_never_ends_its_boot_does_not_hold_up_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], *, timeout: float, **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    handle = Lab(hosts(7))
    monkeypatch.setattr(machine, "running", lambda _: machine.Process(1, 1))
    monkeypatch.setattr(handle, "ssh", lambda _: ["ssh"])
    monkeypatch.setattr(subprocess, "run", hang)
    assert not handle._answers(handle.host("lab1"))
