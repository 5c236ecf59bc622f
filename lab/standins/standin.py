"""What all stand-ins share: reading files as a service does, a control port, a status file, and ordered misbehaviour.

For Python 3.7 and newer; PyYAML comes with the machine, as it does for the real services.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

STRICT = Path("/etc/sentinelcam-lab/strict")
"""While this file exists, a service opens every named model at its start and exits when one is bad."""
BEHAVIOUR = Path("/etc/sentinelcam-lab/behaviour.json")
"""Ordered misbehaviour: {"SERVICE": {"when": TEXT, ORDER: VALUE, ...}}.

It applies while the config, or a task config that it names, contains TEXT; without "when", always. The orders:

- "exit": [CODE, WORDS]        says WORDS and exits at once, before it opens its port
- "crash_after": SECONDS       exits with code 1
- "killed_after": SECONDS      is killed as the kernel kills for memory: its hosts' limits are not enforced
- "port_after": SECONDS        opens its port late; null: never
- "port_until": SECONDS        closes its port again, and stays
- "deaf": true                 hears no SIGTERM
- "tear": PATH                 ends in the middle of writing one of its files: half of that is left
- "lock": PATH                 makes one of its files unreadable
- "remove": PATH               removes one of its files
"""
GENERATED = b"sentinelcam-lab "


class Service:
    """One run of a service: what it opened, what went wrong, and the status file that tells both."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.config_path = Path.home() / f"{name}.yaml"
        self.opened: dict[str, str] = {}
        self.status: dict[str, Any] = {
            "pid": os.getpid(),
            "started": time.time(),
            "config": str(self.config_path),
            "opened": self.opened,
            "errors": {},
            "settled": False,
        }

    def read_config(self) -> Any:
        """Parse the service's own config."""
        config = yaml.safe_load(self.read(self.config_path))
        self.status["config_sha256"] = self.opened[str(self.config_path)]
        return config

    def read(self, path: str | Path) -> bytes:
        """Read a whole file and note its digest."""
        content = Path(path).read_bytes()
        self.opened[str(path)] = hashlib.sha256(content).hexdigest()
        return content

    def load_model(self, path: str) -> None:
        """Read a model file as a loader does: a truncated one is refused."""
        check_whole(path, self.read(path))

    def serve(self, port: int, work: Callable[[], None] = lambda: None) -> None:
        """Open the control port, do the work, and stay until SIGTERM."""
        orders = self._orders()
        signal.signal(signal.SIGTERM, signal.SIG_IGN if orders.get("deaf") else lambda *_: end(orders))
        misbehave(orders)
        delay = orders.get("port_after", 0)
        if delay is not None:
            later(delay, lambda: listen(port, orders.get("port_until")))
        self._report()
        work()
        self.status["settled"] = True
        self._report()
        while True:
            signal.pause()

    def _report(self) -> None:
        """Write the status file into the home folder, whole or not at all."""
        path = Path.home() / f"{self.name}.status.json"
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(self.status, indent=1, sort_keys=True))
        unfinished.replace(path)

    def _orders(self) -> dict[str, Any]:
        if not BEHAVIOUR.exists():
            return {}
        orders: dict[str, Any] = json.loads(BEHAVIOUR.read_text()).get(self.name, {})
        own = self.config_path.read_text()
        tasks = {Path(text) for text in strings(yaml.safe_load(own)) if text.startswith("/") and text.endswith(".yaml")}
        texts = [own, *(task.read_text() for task in tasks if task.exists())]
        return orders if any(orders.get("when", "") in text for text in texts) else {}


def strict() -> bool:
    """Whether a test asked for every named model to be opened at start."""
    return STRICT.exists()


def check_whole(path: str, content: bytes) -> None:
    """Refuse a generated file that is shorter than its first line says; linked files may grow."""
    if content.startswith(GENERATED):
        size = int(content.split(b"\n", 1)[0][len(GENERATED) :])
        if len(content) < size:
            raise ValueError(f"{path}: truncated: {len(content)} of {size} bytes")
    if not content:
        raise ValueError(f"{path}: empty")


def misbehave(orders: dict[str, Any]) -> None:
    """Do what BEHAVIOUR orders, but for the port."""
    if "exit" in orders:
        code, words = orders["exit"]
        print(words, file=sys.stderr)
        sys.exit(code)
    if "crash_after" in orders:
        later(orders["crash_after"], lambda: os._exit(1))
    if "killed_after" in orders:
        later(orders["killed_after"], lambda: os.kill(os.getpid(), signal.SIGKILL))
    if "lock" in orders:
        Path(orders["lock"]).chmod(0)
    if "remove" in orders:
        Path(orders["remove"]).unlink()


def end(orders: dict[str, Any]) -> None:
    """End on SIGTERM, as BEHAVIOUR orders."""
    if "tear" in orders:
        path = Path(orders["tear"])
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
    sys.exit(0)


def later(delay: float, action: Callable[[], None]) -> None:
    """Act now when the delay is 0, else after so many seconds, without holding up the service's end."""
    if not delay:
        action()
        return

    def wait_and_act() -> None:
        time.sleep(delay)
        action()

    threading.Thread(target=wait_and_act, daemon=True).start()


def listen(port: int, until: float | None) -> None:
    """Bind a TCP port, for so many seconds or for ever; each caller is let in and sent home."""
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", port))
    server.listen()

    def answer() -> None:
        while True:
            server.accept()[0].close()

    if until is not None:
        later(until, lambda: server.shutdown(socket.SHUT_RDWR))
    threading.Thread(target=answer, daemon=True).start()


def strings(config: Any) -> Iterator[str]:
    """Every string value in a parsed config."""
    if isinstance(config, str):
        yield config
    elif isinstance(config, (dict, list)):
        for value in config.values() if isinstance(config, dict) else config:
            yield from strings(value)


def model_files(config: Any) -> list[str]:
    """Every path in a config that names a model's file, sorted."""
    return sorted({text for text in strings(config) if text.startswith("/") and "/models/" in text})
