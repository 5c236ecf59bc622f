"""What stories of pulls share: lab1's only model, which is large enough to be interrupted in mid-pull."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.fleet import PINS
from lab.machine import wait_until
from tests import warm
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, begin

MODELS = "/home/ops/imagenode/models"
NAME = "mobilenet_ssd/2020-12-06"
VERSION = f"{MODELS}/{NAME}"
MODEL = f"{VERSION}/MobileNetSSD_deploy.caffemodel"
STAGING = f"{MODELS}/.staging"
STAGED = f"{STAGING}/{NAME}/MobileNetSSD_deploy.caffemodel"
SIZE = 23_147_564
BY_DEPLOY = 400_000
"""Bytes that a deploy to a bare node sends besides models (144 kB), and room for the node program to grow."""

LIMIT = 30.0  # seconds


def wait_until_staged(node: Node, size: int) -> None:
    wait_until(lambda: node.size(STAGED) > size, LIMIT, f"{node.name}: {size} bytes staged")


def counter(node: Node) -> Callable[[], int]:
    """Return what tells the bytes that have come to a node since now."""
    start = node.lab.bytes_received(node.name)
    return lambda: node.lab.bytes_received(node.name) - start


@contextmanager
def pulling(site: Path = DEFAULT_SITE) -> Iterator[warm.Process]:
    """A deploy to lab1 that goes on meanwhile."""
    with begin("--limit", "lab1", site=site, program="deploys/models.py") as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def first_sight(node: Node) -> Iterator[Callable[[], dict[str, str]]]:
    """Look at lab1's version in the moment in which it can be seen. What it gives returns the SHA-256 of each file."""
    script = f"until [ -e {VERSION} ]; do sleep 0.02; done; cd {VERSION} && sha256sum *"
    command = [*node.lab.console(node.name), "sh", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:

        def seen() -> dict[str, str]:
            lines = watch.communicate(timeout=LIMIT)[0].splitlines()
            return {name: digest for digest, name in map(str.split, lines)}

        try:
            yield seen
        finally:
            watch.kill()


def pinned() -> dict[str, str]:
    """The SHA-256 of each file of lab1's version."""
    model, version = NAME.split("/")
    pin = json.loads(PINS.read_text(encoding="utf-8"))[model][version]
    return {"manifest.yaml": pin["manifest"], **{name: file["sha256"] for name, file in pin["files"].items()}}
