"""Forty hosts on a lab of a name of its own, whose outposts all pull at once, on far fewer cores (H17)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from lab.fleet import PINS
from lab.hosts import hosts
from lab.name import NAME, identity
from tests.fleet.conftest import traces
from tests.fleet.operator import CHECKOUT, DEFAULT_SITE, PYINFRA, Run, environment

pytestmark = pytest.mark.long

MANY = f"{NAME[:8]}many"
HOSTS = 40
ROUNDS = 10
RUN_SECONDS = 900.0
"""A run takes a minute on two cores that have nothing else to do. One that hangs takes longer than this."""

OUTPOSTS = sorted(name for name, host in hosts(HOSTS).items() if host.service == "imagenode")
PLAIN, FOR_OAK, FOR_CORAL = (
    "mobilenet_ssd/2020-12-06", "mobilenet_ssd_depthai/2022-04-02", "mobilenet_ssd_edgetpu/2025-12-19",
)  # fmt: skip
NAMED = {name: [PLAIN] for name in OUTPOSTS} | {"east": [FOR_OAK], "alpha5": [PLAIN, FOR_CORAL]}

AT_ONCE = """\
import json, sys
from concurrent.futures import ThreadPoolExecutor
from lab.lab import Lab
lab, command, names = Lab(), sys.argv[1], sys.argv[2:]
with ThreadPoolExecutor(8) as pool:
    done = list(pool.map(lambda name: lab.run(name, command, limit=300), names))
print(json.dumps({name: [each.returncode, each.stdout] for name, each in zip(names, done, strict=True)}))
"""
MODELS = "/home/ops/imagenode/models"
REMOVE = f"rm -rf {MODELS}/* {MODELS}/.staging && ls -A {MODELS}"
LOOK = f"cd {MODELS} && find . -type f -print0 | xargs -0 sha256sum"


def typed(*words: str) -> Run:
    """A command of an operator of the forty hosts, which must end in time."""
    done = subprocess.run(
        words, cwd=CHECKOUT, env={**environment(CHECKOUT), "LAB": MANY}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=RUN_SECONDS, check=False,
    )  # fmt: skip
    return Run(done.returncode, done.stdout, done.stderr)


def lab(*words: str) -> Run:
    return typed(sys.executable, "-m", "lab", *words)


def deploy() -> Run:
    return typed(PYINFRA, str(DEFAULT_SITE), "deploys/models.py", "-y", "--json")


def at_outposts(command: str) -> dict[str, str]:
    """What a command line prints at each outpost's console; it must succeed at all."""
    done = typed(sys.executable, "-c", AT_ONCE, command, *OUTPOSTS)
    assert done.code == 0, done.err
    said: dict[str, tuple[int, str]] = json.loads(done.out)
    assert {name: each for name, each in said.items() if each[0] != 0} == {}
    return {name: out for name, (_, out) in said.items()}


def digests() -> dict[str, dict[str, str]]:
    """Outpost to its model files, by path, with their SHA-256."""
    return {
        name: {path.removeprefix("./"): digest for digest, path in map(str.split, out.splitlines())}
        for name, out in at_outposts(LOOK).items()
    }


def pinned() -> dict[str, dict[str, str]]:
    """What that must be."""
    pins = json.loads(PINS.read_text())
    return {outpost: dict(chain.from_iterable(_files(pins, label) for label in NAMED[outpost])) for outpost in OUTPOSTS}


def _files(pins: dict[str, Any], label: str) -> Iterator[tuple[str, str]]:
    model, version = label.split("/")
    pin = pins[model][version]
    yield f"{label}/manifest.yaml", pin["manifest"]
    yield from ((f"{label}/{name}", file["sha256"]) for name, file in pin["files"].items())


@pytest.fixture(scope="module")
def first() -> Iterator[Run]:
    """The first deploy to forty bare hosts, which are taken down at the end whatever became of them."""
    lab("down")
    try:
        up = lab("up", "--hosts", str(HOSTS))
        assert up.code == 0, up.err
        yield deploy()
    finally:
        down = lab("down")
    assert down.code == 0, down.err
    assert traces(identity(MANY)) == []


def test_bare_hosts(first: Run) -> None:
    assert first.code == 0, first.err
    assert digests() == pinned()
    services = lab("services")
    assert services.code == 0, services.out


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("number", range(1, ROUNDS + 1))
def test_all_outposts_pull_at_once(number: int) -> None:
    """The same again and again: what goes wrong in one of hundreds of pulls shows."""
    del number
    assert set(at_outposts(REMOVE).values()) == {""}
    run = deploy()
    assert (run.code, run.failed()) == (0, set()), run.err
    assert run.changed()["Pull models"] == set(OUTPOSTS)
    assert digests() == pinned()
    services = lab("services")
    assert services.code == 0, services.out


@pytest.mark.usefixtures("first")
def test_then_nothing_is_left_to_do() -> None:
    run = deploy()
    assert (run.code, run.changed()) == (0, {})
