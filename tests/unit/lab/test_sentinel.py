"""The stand-in of sentinel answers OK when nothing works, as the real one does; and as later releases answer."""

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.lab.standins import LIMIT, STANDINS, Home, ask, children, comes, connects, free_port

STATUS = {"task": "STATUS"}
CLASSES = {"Alpha": 1, "Bravo1": 2, "Bravo2": 2}


@pytest.fixture
def port(home: Home) -> int:
    """The control port of a sentinel of three engines, whose four tasks of class 1 read one model."""
    return sentinel(home, home.model("good"))


def sentinel(home: Home, *models: str) -> int:
    """Write the configs of a sentinel, with a task of class 1 for each model, four at least; its control port."""
    number = free_port()
    paths = [models[min(place, len(models) - 1)] for place in range(4)]
    tasks = {
        f"Task{place}": {"class": 1, "config": home.write(f"task{place}.yaml", {"net": {"model_path": path}})}
        for place, path in enumerate(paths)
    }
    tasks["Cleanup"] = {"class": 2, "config": home.write("cleanup.yaml", {})}
    engines = {
        name: {"classes": [each], "accelerator": "coral" if name == "Alpha" else "cpu"}
        for name, each in CLASSES.items()
    }
    home.write(
        "sentinel.yaml",
        {"control_port": number, "logging_port": free_port(), "task_engines": engines, "task_list": tasks},
    )
    (home.path / "sentinel").mkdir(exist_ok=True)
    return number


def test_status_is_answered_while_a_child_per_engine_works(home: Home, port: int) -> None:
    process = home.start("sentinel")
    assert ask(port, STATUS) == "OK"
    status = home.settled("sentinel")
    names = ["sentinel.yaml", *(f"task{place}.yaml" for place in range(4)), "cleanup.yaml", "models/good"]
    assert set(status["opened"]) == {str(home.path / name) for name in names}
    assert (status["errors"], children(process)) == ({}, ["S", "S", "S"])
    assert (ask(port, {"task": "Nothing"}), ask(port, [])) == ("Error", "Error")
    assert len(ask(port, {"task": "Cleanup"}) or "") == 32


def test_sigterm_ends_it_at_once(home: Home, port: int) -> None:
    process = home.start("sentinel")
    home.settled("sentinel")
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(20) == -signal.SIGTERM
    assert time.monotonic() - began < 1
    comes(lambda: not _is_there(process.pid), "end of its children")
    assert (connects(port), (home.path / "sentinel" / "state.json").exists()) == (False, False)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_that_fails_ends_nothing(home: Home) -> None:
    missing = str(home.path / "models" / "missing")
    port = sentinel(home, missing, missing, home.model("good"), missing)
    process = home.start("sentinel")
    assert set(home.settled("sentinel")["errors"]) == {"Task0", "Task1", "Task3"}
    assert (ask(port, STATUS), children(process)) == ("OK", ["S", "S", "S"])
    assert home.journal.read_text() == ""


@pytest.mark.parametrize(
    "how", [{}, {"stick_absent": True}, {"engine_dies_after": 0.5}], ids=["bad model", "no stick", "end"]
)
def test_an_engine_that_ends_silences_all_others_and_status_is_ok(home: Home, how: dict[str, Any]) -> None:
    port = sentinel(home, home.model("bad", 3999) if not how else home.model("good"))
    process = home.start("sentinel", **how)
    home.says("Exception in thread ")
    home.says("RuntimeError: dictionary changed size during iteration")
    assert len([child for child in children(process) if child == "S"]) == 2
    assert (ask(port, STATUS), len(ask(port, {"task": "Cleanup"}) or ""), process.poll()) == ("OK", 32, None)


def test_the_thread_can_die_while_all_engines_live(home: Home, port: int) -> None:
    process = home.start("sentinel", job_thread_dies=0.3)
    home.says("Exception in thread ")
    assert (ask(port, STATUS), children(process)) == ("OK", ["S", "S", "S"])


def test_a_fault_in_the_last_engine_leaves_a_port_that_answers_nothing(home: Home, port: int) -> None:
    process = home.start("sentinel", status_unanswered=True)
    home.says("Bravo2: no such ring buffers")
    assert (connects(port), ask(port, STATUS, seconds=0.5), process.poll()) == (True, None, None)
    assert children(process) == ["S", "S"]
    process.terminate()
    assert process.wait(20) == -signal.SIGTERM


def test_there_can_be_more_children_than_engines(home: Home, port: int) -> None:
    process = home.start("sentinel", more_children=2)
    assert ask(port, STATUS) == "OK"
    end = time.monotonic() + LIMIT
    while children(process) != ["S"] * 5:  # one may just be at work
        assert time.monotonic() < end


@pytest.mark.parametrize("sign", ["file", "order"])
def test_later_releases_tell_what_they_do(home: Home, port: int, sign: str) -> None:
    program = home.path / "sentinel.py"
    shutil.copy(STANDINS / "sentinel.py", program)
    if sign == "file":
        (home.path / "sentinel_state.py").touch()
    orders: dict[str, Any] = {"status_json": True} if sign == "order" else {}
    home.start("sentinel", program, queued=3, drain=0.1, **orders)
    home.settled("sentinel")
    found = json.loads(ask(port, STATUS) or "")
    assert found["queue"] == {"queued": 3, "running": 1}
    assert {name: (each["alive"], each["status"]) for name, each in found["engines"].items()} == dict.fromkeys(
        CLASSES, (True, "idle")
    )
    assert (found["jobs_completed"], found["jobs_failed"]) == (5, 0)


def test_later_releases_miss_an_engine_that_was_given_up(home: Home) -> None:
    port = sentinel(home, home.model("bad", 3999))
    home.start("sentinel", status_json=True)

    def engines() -> set[str]:
        return set(json.loads(ask(port, STATUS) or "{}").get("engines", ()))

    comes(lambda: engines() == {"Bravo1", "Bravo2"}, "loss of an engine")
    assert home.journal.read_text() == ""


def test_later_releases_say_error_while_the_thread_hangs(home: Home, port: int) -> None:
    process = home.start("sentinel", status_json=True, job_thread_dies=0)
    assert ask(port, STATUS) == "Error"
    assert (home.journal.read_text(), children(process)) == ("", ["S", "S", "S"])


def test_later_releases_drain_and_keep_their_queue(home: Home, port: int) -> None:
    state, process = home.path / "sentinel" / "state.json", home.start("sentinel", status_json=True, queued=2, drain=1)
    home.settled("sentinel")
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGTERM)
    assert json.loads(ask(port, STATUS) or "")["queue"]["queued"] == 2
    assert (process.wait(LIMIT), time.monotonic() - began > 1) == (1, True)
    assert json.loads(state.read_text())["queue"] == [{"task": "FaceSweep"}] * 2

    home.start("sentinel", status_json=True)
    comes(lambda: home.status("sentinel").get("restored") == 2, "restored jobs")
    assert not state.exists()


def test_a_state_that_cannot_be_read_stays(home: Home, port: int) -> None:
    state = home.path / "sentinel" / "state.json"
    state.write_text('{"version": 2, "queue": [{}]}')
    home.start("sentinel", status_json=True)
    assert ask(port, STATUS)
    assert Path(state).read_text().startswith('{"version": 2')
