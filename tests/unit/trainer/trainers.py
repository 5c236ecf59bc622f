"""A trainer's folders and settings, the files of a training, and the machines that it asks."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from trainer import cli

NOTEBOOKS = Path(__file__).with_name("notebooks")
PAIR = ("face_recognition", "2025-12-08")
FILES = {
    "facemodel.pickle": b"p" * 300_000,
    "baselines.hdf5": b"b" * 70_000,
    "facelist.csv": b"id,name\n",
    "facedata.hdf5": b"d" * 200_001,
}
SETTINGS = {
    "format": 1,
    "host": "trainer1",
    "datasink": {"user": "ops", "address": "192.168.10.50"},
    "control": {"user": "sentinelcam", "address": "192.168.10.10", "port": 2222},
    "environment": "environment",
    "models": {"face_recognition": {"framework": "scikit-learn"}},
}


class Trainer:
    """What a test sees of it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.root = self.home / "deepthink"
        self.models = self.root / "models"
        self.snapshot = self.models / ".publish" / "-".join(PAIR)
        self.remote = folder / "remote"
        self.incoming = self.remote / "incoming" / PAIR[0] / PAIR[1]
        self.bin = folder / "bin"
        for each in (self.models, self.root / ".sentinelcam", self.remote, self.bin):
            each.mkdir(parents=True)
        for name, content in FILES.items():
            (self.models / name).write_bytes(content)
        self.settle(SETTINGS)
        self.order()
        ssh = self.bin / "ssh"
        ssh.write_text(f'#!/bin/sh\nexec {sys.executable} -S {Path(__file__).with_name("fake_ssh.py")} "$@"\n')
        ssh.chmod(0o755)

    def settle(self, settings: dict[str, Any]) -> None:
        (self.root / ".sentinelcam/settings.json").write_text(json.dumps(settings))

    def order(self, **orders: list[dict[str, Any]]) -> None:
        """What the other machines do: a list of orders for each command."""
        (self.remote / "orders.json").write_text(json.dumps(orders))

    def publish(self, *words: str) -> int:
        return cli.main(self.root, ["publish", *PAIR, *(words or FILES)])

    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.remote / "calls.jsonl").read_text().splitlines()]

    def log(self) -> str:
        return (self.root / "logs/model_publish.log").read_text()

    def manifest(self) -> dict[str, Any]:
        data: dict[str, Any] = yaml.safe_load((self.incoming / "manifest.yaml").read_text())
        return data
