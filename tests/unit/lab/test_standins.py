"""The stand-ins start, fail and report as the real services do."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.contents import generated
from lab.machine import wait_until

ROOT = Path(__file__).parents[3]
STANDINS = ROOT / "lab" / "standins"
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a stand-in whose home is the test's folder; ended with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(service: str) -> subprocess.Popen[bytes]:
        program = subprocess.Popen(
            [sys.executable, STANDINS / f"{service}.py"],
            env={"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
        )
        started.append(program)
        return program

    yield run
    for program in started:
        program.kill()
        program.wait()


@pytest.fixture
def port() -> int:
    """A TCP port that is free."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def model(home: Path, name: str, size: int = 4000) -> str:
    """Put a generated model file in place; its path."""
    path = home / "models" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(generated(4000)(name)[:size])
    return str(path)


def write_yaml(path: Path, config: object) -> None:
    """Write a config."""
    path.write_text(yaml.safe_dump(config))


def imagenode_config(port: int, *models: str) -> dict[str, Any]:
    """An imagenode's config as far as its stand-in reads it."""
    detector = {"publish_cam": port, "mobilenetssd": {f"file{number}": path for number, path in enumerate(models)}}
    return {"cameras": {"P1": {"detectors": {"outpost": detector}}}}


def settled_status(home: Path, service: str) -> dict[str, Any]:
    """What a service reports once it has done all it does at start."""

    def settled() -> bool:
        path = home / f"{service}.status.json"
        return path.exists() and json.loads(path.read_text())["settled"]

    wait_until(settled, limit=20, what=f"{service}: settled")
    status: dict[str, Any] = json.loads((home / f"{service}.status.json").read_text())
    return status


def connects(port: int) -> bool:
    """Whether something listens."""
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def sha256(path: str | Path) -> str:
    """A file's digest."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_imagenode_opens_its_models_and_its_port(tmp_path: Path, start: Start, port: int) -> None:
    models = [model(tmp_path, "a"), model(tmp_path, "b")]
    write_yaml(tmp_path / "imagenode.yaml", imagenode_config(port, *models))
    program = start("imagenode")
    status = settled_status(tmp_path, "imagenode")
    config = str(tmp_path / "imagenode.yaml")
    assert status["opened"] == {path: sha256(path) for path in [config, *models]}
    assert (status["pid"], status["config"], status["config_sha256"]) == (program.pid, config, sha256(config))
    assert connects(port)


def test_imagenode_without_its_model_does_not_start(tmp_path: Path, start: Start, port: int) -> None:
    write_yaml(tmp_path / "imagenode.yaml", imagenode_config(port, str(tmp_path / "models" / "missing")))
    assert start("imagenode").wait(20) == 1
    assert not connects(port)


def test_imagenode_refuses_a_truncated_model(tmp_path: Path, start: Start, port: int) -> None:
    write_yaml(tmp_path / "imagenode.yaml", imagenode_config(port, model(tmp_path, "a", size=3999)))
    assert start("imagenode").wait(20) == 1


def test_sentinel_stays_when_a_job_fails(tmp_path: Path, start: Start, port: int) -> None:
    good = model(tmp_path, "good")
    write_yaml(tmp_path / "good.yaml", {"net": {"model_path": good}})
    write_yaml(tmp_path / "bad.yaml", {"net": {"model_path": str(tmp_path / "models" / "missing")}})
    tasks = {name: {"config": str(tmp_path / f"{name}.yaml")} for name in ("good", "bad", "absent")}
    write_yaml(tmp_path / "sentinel.yaml", {"control_port": port, "task_list": tasks})
    program = start("sentinel")
    status = settled_status(tmp_path, "sentinel")
    assert status["opened"] == {
        str(path): sha256(path) for path in (tmp_path / "sentinel.yaml", tmp_path / "good.yaml", good)
    }
    assert set(status["errors"]) == {"bad", "absent"}
    assert "missing" in status["errors"]["bad"]
    assert program.poll() is None
    assert connects(port)


def test_datapump_counts_the_events_that_its_face_list_locks(tmp_path: Path, start: Start, port: int) -> None:
    faces = tmp_path / "facelist.csv"
    faces.write_text("date,event,name\n2024-01-01,a,ann\n2024-01-01,a,ben\n2024-01-02,a,ann\n")
    write_yaml(tmp_path / "datapump.yaml", {"control_port": port, "facefile": str(faces)})
    start("datapump")
    status = settled_status(tmp_path, "datapump")
    assert status["locked_events"] == 2
    assert status["opened"][str(faces)] == sha256(faces)
    assert connects(port)


def test_datapump_without_its_face_list_does_not_start(tmp_path: Path, start: Start, port: int) -> None:
    write_yaml(tmp_path / "datapump.yaml", {"control_port": port, "facefile": str(tmp_path / "missing.csv")})
    assert start("datapump").wait(20) == 1


@pytest.fixture
def misbehave(tmp_path: Path, port: int, start: Start) -> Callable[..., "subprocess.Popen[bytes]"]:
    """Start an imagenode that has orders to misbehave; where they are read from is one place on a host."""
    write_yaml(tmp_path / "imagenode.yaml", imagenode_config(port))

    def run(**orders: object) -> "subprocess.Popen[bytes]":
        behaviour = tmp_path / "behaviour.json"
        behaviour.write_text(json.dumps({"imagenode": orders}))
        program = tmp_path / "imagenode.py"
        program.write_text(
            f"import pathlib\nfrom lab.standins import imagenode, standin\n"
            f"standin.BEHAVIOUR = pathlib.Path({str(behaviour)!r})\nimagenode.main()\n"
        )
        return start(str(program.with_suffix("")))

    return run


Misbehave = Callable[..., "subprocess.Popen[bytes]"]


def test_an_ordered_exit_says_its_words(misbehave: Misbehave, port: int) -> None:
    program = misbehave(exit=[3, "no such setting"])
    assert program.stderr is not None
    assert (program.stderr.read(), program.wait(20)) == (b"no such setting\n", 3)
    assert not connects(port)


def test_orders_apply_only_while_the_config_has_their_text(misbehave: Misbehave, tmp_path: Path, port: int) -> None:
    misbehave(when="another config", exit=[3, "never said"])
    assert settled_status(tmp_path, "imagenode")["pid"]
    assert connects(port)


def test_a_crash_and_a_kill_come_when_they_are_ordered(misbehave: Misbehave) -> None:
    assert misbehave(crash_after=0.1).wait(20) == 1
    assert misbehave(killed_after=0.1).wait(20) == -signal.SIGKILL


def test_a_port_can_stay_closed_open_late_and_close_again(misbehave: Misbehave, tmp_path: Path, port: int) -> None:
    closed = misbehave(port_after=None)
    settled_status(tmp_path, "imagenode")
    assert not connects(port)
    closed.kill()
    misbehave(port_after=0.1, port_until=0.6)
    wait_until(lambda: connects(port), limit=20, what="port open")
    wait_until(lambda: not connects(port), limit=20, what="port closed again")


def test_a_deaf_service_hears_no_sigterm(misbehave: Misbehave, tmp_path: Path) -> None:
    program = misbehave(deaf=True)
    settled_status(tmp_path, "imagenode")
    program.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.2)


def test_files_can_be_locked_and_removed(misbehave: Misbehave, tmp_path: Path) -> None:
    locked, removed = model(tmp_path, "locked"), model(tmp_path, "removed")
    misbehave(lock=locked, remove=removed)
    settled_status(tmp_path, "imagenode")
    assert Path(locked).stat().st_mode & 0o777 == 0
    assert not Path(removed).exists()


def test_sigterm_ends_a_service_well(tmp_path: Path, start: Start, port: int) -> None:
    write_yaml(tmp_path / "imagenode.yaml", imagenode_config(port))
    program = start("imagenode")
    settled_status(tmp_path, "imagenode")
    os.kill(program.pid, signal.SIGTERM)
    assert program.wait(20) == 0


def test_sentinel_task_notes_its_name(tmp_path: Path) -> None:
    subprocess.run([sys.executable, STANDINS / "sentinel_task.py", "-t", "DailyCleanup"], cwd=tmp_path, check=True)
    assert (tmp_path / "sentinel_task.log").read_text().split()[1:] == ["DailyCleanup"]
