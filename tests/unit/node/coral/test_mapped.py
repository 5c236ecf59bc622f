"""Which Coral library a service's processes have mapped: real processes, real libraries."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.coral import mapped, stick
from node.errors import Unknown
from node.health.work import BROKEN, NO_STICK, WORKS, Look, look
from node.machine import processes
from node.machine.services import Status
from node.store.service_set import NOTHING, ServiceSet
from tests.unit.node import stacks
from tests.unit.node.places import HEALTH_CHECK
from tests.unit.node.stacks import FOREIGN_PYTHON, Node, build

Start = Callable[..., int]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path).lay()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that has these libraries mapped, and returns its number."""
    started = []

    def begin(*paths: Path, below: bool = False) -> int:
        load = f"import ctypes, time; [ctypes.CDLL(each) for each in {[*map(str, paths)]}]; print(1, flush=True)\n"
        text = load + "time.sleep(60)"
        if below:
            text = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {text!r}])"
        process = subprocess.Popen([FOREIGN_PYTHON, "-c", text], stdout=subprocess.PIPE, start_new_session=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        return process.pid

    yield begin
    for process in started:
        os.killpg(process.pid, 9)
        process.communicate()


def foreign(wanted: ServiceSet, pid: int) -> str | None:
    table = processes.look()
    return mapped.foreign(wanted, table[pid], table)


def library(wanted: ServiceSet, pid: int) -> str:
    table = processes.look()
    return mapped.library(wanted, table[pid], table)


def replaced(wanted: ServiceSet, pid: int) -> str | None:
    table = processes.look()
    return mapped.replaced(wanted, table[pid], table)


def health(node: Node, pid: int, *checks: str, **work: object) -> Look:
    wanted = node.service(health_check=HEALTH_CHECK._replace(checks=list(checks)), work=NOTHING._replace(**work))  # type: ignore[arg-type]
    return look(wanted, Status("active", "running", pid, "enabled", 0, is_outdated=False))


def test_none_counts_neither_way(node: Node, start: Start) -> None:
    pid = start()
    assert (foreign(node.service(), pid), library(node.service(), pid)) == (None, "not loaded yet")


@pytest.mark.parametrize("below", [False, True])
def test_that_of_the_stack(node: Node, start: Start, below: bool) -> None:
    pid = start(node.library, below=below)
    assert (foreign(node.service(), pid), library(node.service(), pid)) == (None, "loaded")


@pytest.mark.parametrize("below", [False, True])
def test_another_one(node: Node, start: Start, below: bool) -> None:
    other = node.root / "usr" / "libedgetpu.so.1.0"
    other.parent.mkdir()
    shutil.copy(node.library, other)
    pid = start(node.library, other, below=below)
    number = max(each.pid for each in processes.family(processes.look(), pid))
    assert foreign(node.service(), pid) == (
        f"engine.service: process {number} has mapped {other}, expected that of coral_packages/2026-01-10"
    )
    assert library(node.service(), pid) == f"{other} (foreign)"


def test_one_that_was_replaced_since(node: Node, start: Start) -> None:
    pid = start(node.library)
    build(node.library, stacks.WORKS)
    assert library(node.service(), pid) == f"{node.library} (deleted) (foreign)"
    assert replaced(node.service(), pid) == (
        f"engine.service: process {pid} has mapped a library of coral_packages/2026-01-10 that was replaced since"
    )


def test_one_of_another_place_was_not_replaced(node: Node, start: Start) -> None:
    """A new start would not mend that."""
    other = node.root / "libedgetpu.so.1.0"
    shutil.copy(node.library, other)
    assert replaced(node.service(), start(other)) is None
    assert replaced(node.service(), start(node.library)) is None


def test_by_another_name_it_is_the_same(node: Node, start: Start) -> None:
    """A link of root's: the kernel names the file, not the way to it."""
    other = node.root / "libedgetpu.so.1"
    os.link(node.library, other)
    assert library(node.service(), start(other)) == "loaded"


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_stack_without_its_library(node: Node, start: Start, damage: Callable[[Path], None]) -> None:
    other = node.root / "libedgetpu.so.1"
    shutil.copy(node.library, other)
    pid = start(other)
    damage(node.library)
    assert library(node.service(), pid) == f"{other} (foreign)"


def test_a_name_that_a_terminal_would_obey(node: Node, start: Start) -> None:
    other = node.root / "libedgetpu\x1b[31m\udcff"
    shutil.copy(node.library, other)
    assert library(node.service(), start(other)) == f"{node.root}/libedgetpu?[31m? (foreign)"


def test_a_set_without_a_stack_may_map_what_it_likes(node: Node, start: Start) -> None:
    assert foreign(node.service(stack=None), start(node.library)) is None


def test_what_cannot_be_seen_is_unknown(node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mapped, "PROC", tmp_path)
    (tmp_path / str(os.getpid()) / "maps").mkdir(parents=True)
    with pytest.raises(Unknown, match=r"/maps: could not be read: Is a directory$"):
        foreign(node.service(), os.getpid())


def test_a_process_that_has_just_ended(node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mapped, "PROC", tmp_path)
    assert foreign(node.service(), os.getpid()) is None


class TestCheck:
    def test_it_is_one_of_the_health_checks(self, node: Node, start: Start) -> None:
        other = node.root / "libedgetpu.so.1"
        shutil.copy(node.library, other)
        pid = start(other)
        found = health(node, pid, "libraries")
        assert (found.verdict, found.reason.partition(": ")[2]) == (
            BROKEN, f"process {pid} has mapped {other}, expected that of coral_packages/2026-01-10",
        )  # fmt: skip
        assert health(node, pid).verdict == WORKS

    def test_well_is_that_of_the_stack_and_none(self, node: Node, start: Start) -> None:
        for pid in (start(node.library), start()):
            assert health(node, pid, "libraries").verdict == WORKS

    def test_no_stick_excuses_it(self, node: Node, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stick, "state", lambda: stick.ABSENT)
        other = node.root / "libedgetpu.so.1"
        shutil.copy(node.library, other)
        for pid, verdict in ((start(other), BROKEN), (start(), NO_STICK)):
            assert health(node, pid, "libraries", "workers", workers=1, on_stick=1).verdict == verdict
