"""A publish that is cut, killed or without power on its way, again and again, and goes on each time."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import yaml

from lab import hold
from lab.control_node import ORIGIN, SITE
from lab.hosts import CONTROL
from lab.lab import Lab
from lab.machine import wait_until
from modelctl.errors import OperatorError
from tests.fleet import trainer
from tests.fleet.control_node import ControlNode
from tests.fleet.held import Held
from tests.fleet.node import Node
from tests.fleet.operator import Run
from tests.fleet.trainer import DATA, FILES, INCOMING, MODEL, ROOT, STORED, Trainer

HOSTS = {"sentinel", "data1", "data2"}
LIMIT = 200.0  # seconds, until a publish is where it is to be cut: the trainer waits before it tries again
SLOW = "8mbit"
CUTS = {"link": 3, "long link": 60}
"""Seconds without a cable: of the first nobody takes notice; in the second ssh gives up."""
SETTLING = 1  # second, until the others have noticed: what was on its way then is not sent at full speed
MOST_RUNS = 4
PIECE = 1_000_000  # bytes: so much of what was sent may have to be sent again

Cut = tuple[str, str]
"""Where it is cut, and what is done there."""


@dataclass
class Way:
    """The trainer, and the machines on the way to the fleet; each case publishes the next version."""

    lab: Lab
    control: ControlNode
    trainer: Trainer
    numbers: Iterator[int] = field(default_factory=lambda: count(2))
    version: str = ""
    runs: list[Run] = field(default_factory=list)

    def next(self) -> None:
        """Have the files of the next version."""
        self.runs = []
        self.version = f"2026-11-22.{next(self.numbers)}"
        self.node("data1").shell(f"rm -rf {INCOMING}")
        self.trainer.train()

    def node(self, name: str) -> Node:
        return Node(self.lab, name)

    def git(self, *words: str) -> str:
        """What git says in the clone on the control node, also while that does not answer over ssh."""
        done = self.lab.run(CONTROL.name, ["git", "-C", SITE, *words], user=CONTROL.login)
        return done.stdout.strip()

    def pid(self, name: str, pattern: str) -> int:
        """The process of a host whose command line has that; 0 when there is none."""
        return int(self.lab.run(name, ["pgrep", "--oldest", "--full", pattern]).stdout or 0)

    def part(self) -> int:
        """Bytes of the face data that have come so far."""
        size = f"stat --format=%s {INCOMING}/{self.version}/.facedata.hdf5.*.part"
        return int(self.lab.run("data1", size).stdout or 0)


def held(way: Way, place: str) -> Held | None:
    """What is held where the publish is to be cut."""
    names = {"copy": "data1", "deploy": "sentinel"}
    return Held(way.node(names[place])) if place in names else None


def prepare(way: Way, place: str) -> None:
    """Have a publish get no further than to that place, or not quickly."""
    at = held(way, place)
    if at is not None and place == "copy":
        at.order("import", 6, f"{STORED}/.import-{way.version}")
    elif at is not None:
        at.order("switch-unit", 5)
    elif place == "upload":
        way.lab.limit("deepend", SLOW)


def has_come(way: Way, place: str) -> bool:
    at = held(way, place)
    if at is not None:
        with suppress(OperatorError):  # it is still booting
            return at.node.exists(str(hold.HELD))
        return False
    if place == "pin":
        return f"Pin {MODEL} {way.version}" in way.git("log", "-2", "--format=%s").splitlines()
    return way.part() > DATA / 12


def reached(way: Way, publishing: "subprocess.Popen[str]", place: str) -> "subprocess.Popen[str]":
    """Wait until it is at a place; what a cut has ended is begun again. Return what runs then."""
    running = [publishing]

    def is_there() -> bool:
        if running[-1].poll() is not None:
            way.runs.append(trainer.end(running[-1]))
            assert way.runs[-1].code != 0, f"{place}: it got past\n{way.runs[-1].out}"
            running.append(way.trainer.begin(way.version))
        return has_come(way, place)

    wait_until(is_there, LIMIT, place)
    at = held(way, place)
    if at is not None:
        at.forget()
    return running[-1]


def hit(way: Way, blow: str) -> None:
    killed = {
        "trainer": ("deepend", "trainer publish"),
        "upload": ("data1", "current upload deepend"),
        "receive": (CONTROL.name, f"modelctl receive {MODEL} {way.version}"),
    }
    if blow in killed:
        name, pattern = killed[blow]
        way.node(name).shell(f"kill -KILL {way.pid(name, pattern)}")
        time.sleep(SETTLING)
    elif blow in CUTS:
        way.lab.cut("deepend")
        time.sleep(CUTS[blow])
    else:
        way.lab.power_cut(blow)
        way.lab.boot(blow)
    way.lab.mend("deepend")


def assert_one_truth(way: Way) -> None:
    """What is stored is whole, what is pinned is stored, and what a host runs was committed."""
    data1, stored = way.node("data1"), f"{STORED}/{way.version}"
    is_stored = data1.exists(stored)
    if is_stored:
        manifest = yaml.safe_load(data1.read(f"{stored}/manifest.yaml"))
        listed = {file["name"]: file["sha256"] for file in manifest["files"]}
        assert listed == {name: data1.sha256(f"{stored}/{name}") for name in FILES}
    for commit in ("HEAD", "origin/main"):
        pins = json.loads(way.git("show", f"{commit}:inventory/pins.json"))
        assert is_stored or way.version not in pins[MODEL]
    if trainer.runs(way.lab, way.version):
        assert f" to {way.version}\n" in way.git("log", "-9", "--format=%s") + "\n"


def assert_published(way: Way) -> None:
    assert trainer.runs(way.lab, way.version) == HOSTS
    for name in FILES:
        digest = way.trainer.node.sha256(f"{ROOT}/models/{name}")
        assert way.node("data1").sha256(f"{STORED}/{way.version}/{name}") == digest
    last, head = way.git("log", "-1", "--format=%s %H").rsplit(" ", 1)
    assert last.endswith(f" to {way.version}")
    assert way.git(f"--git-dir={ORIGIN}", "rev-parse", "main") == head
    assert way.git("status", "--porcelain") == ""
    status = way.control.modelctl("status")
    assert status.code == 0, status.out + status.err


def publish_and_cut(way: Way, cuts: tuple[Cut, ...]) -> None:
    """Publish a version, cut at each of these; the same command brings it to its end."""
    way.next()
    sent = way.lab.bytes_sent("deepend")
    prepare(way, cuts[0][0])
    publishing = way.trainer.begin(way.version)
    for (place, blow), following in zip(cuts, (*cuts[1:], None), strict=True):
        publishing = reached(way, publishing, place)
        if following is not None:
            prepare(way, following[0])
        hit(way, blow)
        assert_one_truth(way)
        at = held(way, place)
        if at is not None and at.node.exists(str(hold.HELD)):
            at.release()
    way.runs.append(trainer.end(publishing))
    while way.runs[-1].code != 0 and len(way.runs) < len(cuts) + MOST_RUNS:
        assert_one_truth(way)
        way.runs.append(way.trainer.publish(way.version))
    print(*(f"{run.code}\n{run.out}{run.err}" for run in way.runs))
    assert way.runs[-1].code == 0
    assert_published(way)
    uploads = sum(place == "upload" for place, _ in cuts)
    assert way.lab.bytes_sent("deepend") - sent <= 1.02 * way.trainer.size() + max(uploads, 1) * PIECE
