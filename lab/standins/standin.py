"""What all stand-ins share: reading files as a service does, and the status file that tells a test what they read."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import yaml

from lab.standins import behaviour
from lab.standins.behaviour import Orders

GENERATED = b"sentinelcam-lab "
PIECE = 1 << 20  # bytes of a model that are in memory at once: a lab has many hosts


class Service:
    """One run of a service: what it opened, what went wrong, and the status file that tells both."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.config_path = Path.home() / f"{name}.yaml"
        self.opened: dict[str, str] = {}
        self.orders: Orders = {}
        self.status: dict[str, Any] = {
            "pid": os.getpid(),
            "started": time.time(),
            "config": str(self.config_path),
            "opened": self.opened,
            "errors": {},
            "settled": False,
        }

    def start(self) -> Any:
        """Read the service's own config, and begin to misbehave as ordered. Returns the parsed config."""
        config = yaml.load(read(self.config_path, self.opened), yaml.CSafeLoader)
        self.status["config_sha256"] = self.opened[str(self.config_path)]
        self.orders = behaviour.orders(self.name, self.config_path)
        behaviour.obey(self.orders)
        return config

    def report(self) -> None:
        """Write the status file into the home folder, whole or not at all."""
        path = Path.home() / f"{self.name}.status.json"
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(self.status, indent=1, sort_keys=True))
        unfinished.replace(path)


def read(path: str | Path, opened: dict[str, str]) -> bytes:
    """Read a whole file and note its digest."""
    content = Path(path).read_bytes()
    opened[str(path)] = hashlib.sha256(content).hexdigest()
    return content


def load_models(config: Any, opened: dict[str, str]) -> None:
    """Read every model file that a config names, as its loader does, and note the digests.

    :raises ValueError: a file is cut short or empty.
    :raises OSError: a file is missing or not readable.
    """
    for path in model_files(config):
        opened[path] = _load(path)


def _load(path: str) -> str:
    """The digest of a model file that is whole."""
    digest, size = hashlib.sha256(), 0
    with Path(path).open("rb") as file:
        beginning = file.read(PIECE)
        piece = beginning
        while piece:
            digest.update(piece)
            size += len(piece)
            piece = file.read(PIECE)
    check_whole(path, beginning, size)
    return digest.hexdigest()


def check_whole(path: str, beginning: bytes, size: int) -> None:
    """Refuse a generated file that is shorter than its first line says; linked files may grow.

    :raises ValueError: it is, or it is empty.
    """
    if beginning.startswith(GENERATED):
        whole = int(beginning.split(b"\n", 1)[0][len(GENERATED) :])
        if size < whole:
            raise ValueError(f"{path}: truncated: {size} of {whole} bytes")
    if not size:
        raise ValueError(f"{path}: empty")


def model_files(config: Any) -> list[str]:
    """Every path in a config that names a model's file, sorted."""
    return sorted({text for text in behaviour.strings(config) if text.startswith("/") and "/models/" in text})
