"""Processes of this machine: real children, real zombies."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.machine import wait_until
from node.errors import Unknown
from node.machine import processes
from node.machine.processes import Process

FORKS = "import os, time\n"
ENGINES = FORKS + "for _ in range(3):\n    if os.fork() == 0: time.sleep(600)\nprint(flush=True); time.sleep(600)"


@contextmanager
def program(source: str) -> Iterator["subprocess.Popen[str]"]:
    """A program of Python that has said its first line."""
    words = [sys.executable, "-c", source]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            subprocess.run(["pkill", "-KILL", "--session", str(process.pid)], check=True)


def family(pid: int) -> list[Process]:
    return processes.family(processes.look(), pid)


def workers(pid: int) -> list[Process]:
    return processes.workers(processes.look(), pid)


def test_a_dead_worker_is_no_worker_though_it_is_still_in_the_table() -> None:
    with program(ENGINES) as process:
        before = workers(process.pid)
        assert [each.parent for each in before] == [process.pid] * 3
        os.kill(before[1].pid, 9)
        wait_until(lambda: len(workers(process.pid)) == 2, 10, "end of a worker")
        assert [each.pid for each in workers(process.pid)] == [before[0].pid, before[2].pid]
        [dead] = [each for each in family(process.pid) if not each.is_alive]
        assert (dead.pid, dead.parent, dead.state) == (before[1].pid, process.pid, "Z")


def test_what_a_worker_began_is_of_the_family_and_no_worker() -> None:
    source = FORKS + "if os.fork() == 0:\n    os.fork(); print(flush=True); time.sleep(600)\ntime.sleep(600)"
    with program(source) as process:
        wait_until(lambda: len(family(process.pid)) == 3, 10, "the third process")
        first, second, third = family(process.pid)
        assert (first.pid, second.parent, third.parent) == (process.pid, first.pid, second.pid)
        assert [each.pid for each in workers(process.pid)] == [second.pid]


def test_a_helper_of_python_is_no_worker() -> None:
    """Who uses shared memory has one more child for as long as it lives."""
    source = (
        "import time\nfrom multiprocessing import Process, shared_memory\n"
        "memory = shared_memory.SharedMemory(create=True, size=1)\nmemory.unlink()\n"
        "Process(target=time.sleep, args=(600,)).start()\nprint(flush=True); time.sleep(600)"
    )
    with program(source) as process:
        assert len(family(process.pid)) == 3
        # Until the new process has become the helper's program, it looks as its parent does.
        wait_until(lambda: len(workers(process.pid)) == 1, 10, "one worker")


def test_those_that_a_helper_forks_are_workers() -> None:
    source = (
        "import multiprocessing, time\ncontext = multiprocessing.get_context('forkserver')\n"
        "for _ in range(2): context.Process(target=time.sleep, args=(600,)).start()\n"
        "print(flush=True); time.sleep(600)"
    )
    with program(source) as process:
        wait_until(lambda: len(workers(process.pid)) == 2, 10, "both workers")
        assert {each.parent for each in workers(process.pid)} != {process.pid}


def test_when_it_was_started() -> None:
    before = processes.now()
    with program("import time; print(flush=True); time.sleep(600)") as process:
        [found] = family(process.pid)
        assert before - 0.02 <= found.started <= processes.now()  # the kernel counts in hundredths


def test_a_name_that_looks_like_more(tmp_path: Path) -> None:
    path = tmp_path / "a) Z 1 ("
    path.symlink_to("/bin/sleep")
    with subprocess.Popen([path, "600"]) as process:
        wait_until(lambda: b"a) Z" in Path(f"/proc/{process.pid}/stat").read_bytes(), 10, "its name")
        [found] = family(process.pid)
        process.kill()
    assert (found.parent, found.is_alive) == (os.getpid(), True)


@pytest.mark.parametrize("pid", [0, -1, 1 << 30])
def test_a_process_that_is_not_there(pid: int) -> None:
    """0 is what systemd says of a unit without a main process, and the parent of the first one."""
    assert family(pid) == workers(pid) == []


def test_numbers_that_were_given_anew() -> None:
    table = {pid: Process(pid, parent, "S", 0.0) for pid, parent in [(2, 4), (3, 2), (4, 3)]}
    assert [each.pid for each in processes.family(table, 2)] == [2, 3, 4]


def test_a_process_that_ends_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    found, names = os.listdir, ["4194305", "1", "self"]
    monkeypatch.setattr(os, "listdir", lambda path: names if path == "/proc" else found(path))
    assert set(processes.look()) == {1}


def test_a_table_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "proc")
    with pytest.raises(Unknown, match=r"/proc: could not be read: No such file or directory$"):
        processes.look()


def test_a_look_is_quick() -> None:
    started = time.monotonic()
    for _ in range(10):
        processes.workers(processes.look(), os.getpid())
    assert time.monotonic() - started < 5
