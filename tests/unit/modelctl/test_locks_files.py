"""D4: commands that read a file of the site and replace it do so one at a time, and none loses another's change."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelctl import locks
from modelctl.errors import OperatorError
from modelctl.inventory.json_files import load_pins
from modelctl.product import CHECKOUT

COUNT = 6  # changes of each of two processes
HOLDER = """
import sys
from pathlib import Path
from modelctl import locks
sys.argv = ["/bin/modelctl", "pin"]
locks.operator = lambda: "anna@ramrod"
with locks.held(Path(sys.argv_path)):
    print("held", flush=True)
    sys.stdin.read()
"""
SLOWLY = """
import sys, time
from pathlib import Path
from modelctl import text_file
replace = text_file.replace
def slowly(path, text):
    time.sleep(0.03)  # between what was read and what is written
    replace(path, text)
text_file.replace = slowly
path, name = Path(sys.argv[1]), sys.argv[2]
"""
TRUST = """
from modelctl.nodes import trust
for count in range(int(sys.argv[3])):
    trust.record(path, f"{name}{count}", trust.HostKey(f"{name}{count}", "AAAAC3NzaC1lZDI1NTE5AAAAIAAA"), None)
"""
PIN = """
from types import SimpleNamespace
from modelctl.commands import pin as command
from modelctl.inventory.json_files import Pin, PinnedFile, load_pins
from tests.unit.modelctl.sites import fleet
site = SimpleNamespace(pins=path, fleet=fleet())
year = {"a": 2001, "b": 2002}[name]
for count in range(int(sys.argv[3])):
    pin = Pin(manifest="a" * 64, files={"haarcascade_eye.xml": PinnedFile(sha256="b" * 64, size=1)})
    command._write(site, {("haarcascades", f"{year}-01-0{count + 1}"): pin})
"""


def begin(program: str, *words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)], cwd=CHECKOUT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def both(program: str, path: Path) -> None:
    """Two processes at once, each of which changes the file several times."""
    for process in [begin(SLOWLY + program, path, name, COUNT) for name in "ab"]:
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, "")


def test_two_that_trust_at_once_both_land(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    both(TRUST, path)
    names = sorted(line.split()[0] for line in path.read_text().splitlines())
    assert names == [f"{name}{count}" for name in "ab" for count in range(COUNT)]
    assert [file.name for file in tmp_path.iterdir()] == ["known_hosts"]


def test_two_that_pin_at_once_both_land(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    path.write_text("{}\n")
    both(PIN, path)
    found = json.loads(path.read_text())["haarcascades"]
    assert sorted(found) == [f"{year}-01-0{count + 1}" for year in (2001, 2002) for count in range(COUNT)]
    assert load_pins(path).models
    assert [file.name for file in tmp_path.iterdir()] == ["pins.json"]


@pytest.fixture
def other(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the file `pins.json`."""
    process = begin(HOLDER.replace("sys.argv_path", repr(str(tmp_path / "pins.json"))))
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_it_waits_for_another(tmp_path: Path, other: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch) -> None:
    pause: Callable[[float], None] = time.sleep
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            other.communicate(timeout=10)  # its input ends, and so does it
        pause(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    with locks.held(tmp_path / "pins.json"):
        assert len(waited) >= 2
        assert json.loads((tmp_path / ".pins.json.lock").read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_not_for_ever(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    lock = tmp_path / ".pins.json.lock"
    since, began = json.loads(lock.read_text())["since"], time.monotonic()
    with pytest.raises(OperatorError) as caught, locks.held(tmp_path / "pins.json", 0.1):
        pass
    assert str(caught.value) == (
        f"{tmp_path}/pins.json: another command is writing it: anna@ramrod, since {since}, process {other.pid}: "
        "modelctl pin; wait for it and run again"
    )
    assert lock.exists()
    assert time.monotonic() - began < 10


def test_one_that_was_killed_is_no_obstacle(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    other.kill()
    other.wait(timeout=10)
    assert (tmp_path / ".pins.json.lock").exists()
    with locks.held(tmp_path / "pins.json"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_its_holder_has_removed_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who opened the file before it went, and locks it after that, would share the work with who made a new one."""
    lock, flock = tmp_path / ".pins.json.lock", fcntl.flock
    opened: list[object] = []

    def remove_before(file: int, how: int) -> None:
        if not opened:
            lock.unlink()
        opened.append(file)
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", remove_before)
    with locks.held(tmp_path / "pins.json"):
        assert (len(opened), lock.exists()) == (2, True)


def test_what_fails_meanwhile_leaves_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="ours"), locks.held(tmp_path / "pins.json"):
        raise ValueError("ours")
    monkeypatch.setattr(locks, "_claim", full)
    with pytest.raises(OperatorError) as caught, locks.held(tmp_path / "pins.json"):
        pass
    assert str(caught.value) == f"{tmp_path}/pins.json: No space left on device; expected a file that you may write"
    assert list(tmp_path.iterdir()) == []


def full(_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = r"file/pins\.json: .*; expected a file that you may write$"
    with pytest.raises(OperatorError, match=said), locks.held(tmp_path / "file" / "pins.json"):
        pass
