"""Running a stand-in whose home is a test's folder, and looking at it as the real programs are looked at."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
import zmq

from lab.contents import generated
from lab.machine import wait_until

ROOT = Path(__file__).parents[3]
STANDINS = ROOT / "lab" / "standins"
LIMIT = 20  # seconds
RUN = """\
import pathlib, runpy, sys
from lab.standins import behaviour, dispatch
behaviour.BEHAVIOUR, dispatch.PATIENCE = pathlib.Path(sys.argv[2]), 0.2
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@dataclass
class Home:
    """The home folder of a service's user, and the stand-ins that were started there."""

    path: Path
    started: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(
        self, service: str, program: Path | None = None, variables: Mapping[str, str] | None = None, **orders: object
    ) -> "subprocess.Popen[str]":
        """Start a service's stand-in, which has orders to misbehave.

        :param variables: of its environment; its PYTHONPATH comes before that of all.
        """
        given = {**(variables or {}), "HOME": str(self.path)}
        given["PYTHONPATH"] = ":".join([*filter(None, [given.get("PYTHONPATH")]), str(ROOT)])
        behaviour = self.path / "behaviour.json"
        behaviour.write_text(json.dumps({service: orders}))
        (self.path / f"{service}.status.json").unlink(missing_ok=True)  # an earlier one's
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", RUN, program or STANDINS / f"{service}.py", behaviour],
            env=given, cwd=self.path, stdout=self.journal.open("w"), stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def end(self) -> None:
        """End all that was started, children included, as systemd does."""
        for process in self.started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            finally:
                process.wait()

    @property
    def journal(self) -> Path:
        """What the last of them printed."""
        return self.path / "journal"

    def says(self, words: str) -> None:
        """Wait until the journal has words."""
        wait_until(lambda: words in self.journal.read_text(), LIMIT, f"journal: {words}")

    def write(self, name: str, config: object) -> str:
        """Write a config; its path."""
        path = self.path / name
        path.write_text(yaml.safe_dump(config))
        return str(path)

    def model(self, name: str, size: int = 4000) -> str:
        """Put a generated model file in place, whole or cut short; its path."""
        path = self.path / "models" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(generated(4000)(name)[:size])
        return str(path)

    def status(self, service: str) -> dict[str, Any]:
        """What a service says of itself, empty while it has not said a thing."""
        path = self.path / f"{service}.status.json"
        status: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return status

    def settled(self, service: str) -> dict[str, Any]:
        """What a service says once it has done all it does at its start."""
        wait_until(lambda: self.status(service).get("settled", False), LIMIT, f"{service}: settled")
        return self.status(service)


def free_port() -> int:
    """A TCP port that nobody has."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def connects(port: int) -> bool:
    """Whether something listens, be it that it takes nobody in."""
    with closing(socket.socket()) as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) != errno.ECONNREFUSED


def frames(port: int, seconds: float) -> list[str]:
    """What the pictures are called that a publisher sends within so many seconds."""
    return [json.loads(parts[0])["msg"] for parts in _heard(port, seconds)]


def _heard(port: int, seconds: float) -> list[list[bytes]]:
    heard, end = [], time.monotonic() + seconds
    with zmq.Context() as context, closing(context.socket(zmq.SUB)) as subscriber:
        subscriber.setsockopt(zmq.LINGER, 0)
        subscriber.subscribe(b"")
        subscriber.connect(f"tcp://127.0.0.1:{port}")
        while subscriber.poll(max(0, round(1000 * (end - time.monotonic())))):
            heard.append(subscriber.recv_multipart())
    return heard


def ask(port: int, question: object, seconds: float = LIMIT) -> str | None:
    """What a control port answers, None when it does not in time."""
    with zmq.Context() as context, closing(context.socket(zmq.REQ)) as caller:
        caller.setsockopt(zmq.LINGER, 0)
        caller.connect(f"tcp://127.0.0.1:{port}")
        caller.send_json(question)
        return caller.recv_string() if caller.poll(round(1000 * seconds)) else None


def children(process: "subprocess.Popen[str]") -> list[str]:
    """The state of each child, as the kernel's letter: S sleeps, Z is a zombie."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in listed]


def comes(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    wait_until(condition, LIMIT, what)
