"""Whatever is cut, killed or without power while a trainer publishes, the same command brings it to its end.

Until then there are never two truths: no version is in the registry that is not whole, no commit pins one that is not
there, and no host runs one that git does not tell of.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
import yaml

from lab import hold
from lab.control_node import ORIGIN, SITE
from lab.hosts import CONTROL
from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import trainer
from tests.fleet.control_node import ControlNode
from tests.fleet.held import Held
from tests.fleet.node import Node
from tests.fleet.settlement import Settlement
from tests.fleet.trainer import DATA, FILES, INCOMING, MODEL, ROOT, STORED, Trainer

HOSTS = {"sentinel", "data1", "data2"}
LIMIT = 60.0  # seconds, until a publish is where it is to be cut
SLOW = "8mbit"
CUTS = {"link": 3, "long link": 60}
"""Seconds without a cable: of the first nobody takes notice; in the second ssh gives up."""
SETTLING = 1  # second, until the others have noticed: what was on its way then is not sent at full speed
MOST_RUNS = 4
PIECE = 1_000_000  # bytes: so much of what was sent may have to be sent again
NORMAL = (("upload", "deepend"), ("copy", "data1"), ("deploy", "receive"))
FURTHER = (
    ("upload", "upload"), ("pin", "ramrod"),
    ("upload", "trainer"), ("upload", "link"), ("upload", "long link"), ("upload", "data1"), ("copy", "link"),
    ("copy", "trainer"), ("copy", "receive"), ("copy", "ramrod"), ("copy", "deepend"), ("pin", "receive"),
    ("pin", "data1"), ("deploy", "trainer"), ("deploy", "long link"), ("deploy", "ramrod"), ("deploy", "data1"),
)  # fmt: skip


@dataclass
class Way:
    """The trainer, and the machines on the way to the fleet; each case publishes the next version."""

    lab: Lab
    control: ControlNode
    trainer: Trainer
    numbers: Iterator[int] = field(default_factory=lambda: count(2))
    version: str = ""

    def next(self) -> None:
        self.version = f"2026-11-20.{next(self.numbers)}"
        self.node("data1").shell(f"rm -rf {INCOMING}")
        self.trainer.train()

    def node(self, name: str) -> Node:
        return Node(self.lab, name)

    @property
    def unit(self) -> str:
        return f"sentinelcam-receive-{MODEL}-{self.version}"

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


@pytest.fixture(scope="module")
def way(settlement: Settlement, lab: Lab) -> Iterator[Way]:
    lab.boot(CONTROL.name)
    control = ControlNode(lab)
    with trainer.set_up(control) as ready:
        yield Way(lab, control, ready)
    lab.forget_commits(control.own_commits())
    lab.reset(CONTROL.name)
    settlement.restore()


def held(way: Way, place: str) -> Held | None:
    """What is held where the publish is to be cut."""
    names = {"copy": "data1", "deploy": "sentinel"}
    return Held(way.node(names[place])) if place in names else None


def begin(way: Way, place: str) -> "subprocess.Popen[str]":
    """Begin a publish that gets no further than to that place, or not quickly."""
    at = held(way, place)
    if at is not None and place == "copy":
        at.order("import", 6, f"{STORED}/.import-{way.version}")
    elif at is not None:
        at.order("switch-unit", 5)
    else:
        way.lab.limit("deepend", SLOW)
    return way.trainer.begin(way.version)


def wait(way: Way, place: str) -> None:
    at = held(way, place)
    if at is not None:
        at.wait()
    elif place == "pin":
        wait_until(lambda: way.git("log", "-1", "--format=%s") == f"Pin {MODEL} {way.version}", LIMIT, "pinned")
    else:
        wait_until(lambda: way.part() > DATA / 12, LIMIT, "a twelfth uploaded")


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


@pytest.mark.parametrize(("place", "blow"), [
    *NORMAL, *(pytest.param(*case, marks=pytest.mark.long) for case in FURTHER),
])  # fmt: skip
def test_a_publish_that_is_cut_is_brought_to_its_end(way: Way, place: str, blow: str) -> None:
    way.next()
    sent = way.lab.bytes_sent("deepend")
    publishing = begin(way, place)
    wait(way, place)
    hit(way, blow)
    assert_one_truth(way)
    at = held(way, place)
    if at is not None and at.node.exists(str(hold.HELD)):
        at.release()
    runs = [trainer.end(publishing)]
    while runs[-1].code != 0 and len(runs) < MOST_RUNS:
        assert_one_truth(way)
        runs.append(way.trainer.publish(way.version))
    print(place, blow, *(f"{run.code}\n{run.out}{run.err}" for run in runs))
    assert runs[-1].code == 0
    assert_published(way)
    assert way.lab.bytes_sent("deepend") - sent <= 1.02 * way.trainer.size() + PIECE
