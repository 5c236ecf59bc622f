"""The lab's trainer, as its user publishes there, and what the fleet then runs."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import contents
from lab.control_node import INVENTORY, PRODUCT
from lab.lab import Lab
from tests.fleet.control_node import ControlNode
from tests.fleet.node import Node
from tests.fleet.operator import Run, pyinfra

MODEL, NOW = "face_recognition", "2026-02-02"
NAME, USER = "deepend", "pyimagesearch"
ROOT = f"/home/{USER}/deepthink"
KEY = f"/home/{USER}/.ssh/sentinelcam_receive"
STORED = f"/home/ops/sentinelcam/model_registry/{MODEL}"
INCOMING = f"/home/ops/sentinelcam/incoming/{MODEL}"
FILES = ("facemodel.pickle", "baselines.hdf5", "facelist.csv", "facedata.hdf5")
PUBLISHED = "2026-11-2*"
"""The versions that stories publish."""
DATA = 24_000_000  # bytes of facedata.hdf5, by far the largest
HONEST = Path(__file__).parents[1] / "unit" / "node" / "registry" / "models"
SHELL = f"{PRODUCT}/.venv/bin/modelctl trainer-shell --site {INVENTORY}"
LIMIT = 300.0  # seconds


@dataclass(frozen=True)
class Trainer:
    """The host. Its user's command is typed at its console, so that a cut cable does not end it."""

    lab: Lab

    @property
    def node(self) -> Node:
        return Node(self.lab, NAME)

    def put(self, name: str, content: bytes) -> None:
        """Write a file of the user's, below the trainer's folder."""
        text = base64.b64encode(content).decode()
        done = self.lab.run(NAME, f"base64 -d >{ROOT}/{name}", user=USER, stdin=text)
        assert done.returncode == 0, done.stderr

    def train(self) -> None:
        """Write face data that no version holds yet."""
        header = contents.HEADER.format(size=DATA)
        rest = f"head -c {DATA - len(header)} /dev/urandom"
        self.node.shell(f"{{ printf '{header[:-1]}\\n'; {rest}; }} >{ROOT}/models/facedata.hdf5")

    def size(self) -> int:
        """Bytes of all files that are published."""
        return sum(self.node.size(f"{ROOT}/models/{name}") for name in FILES)

    def begin(self, version: str, *words: str) -> "subprocess.Popen[str]":
        command = [f"{ROOT}/upload_and_deploy.sh", MODEL, version, *FILES, *words]
        return subprocess.Popen(
            [*self.lab.console(NAME, USER), *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def publish(self, version: str, *words: str) -> Run:
        return end(self.begin(version, *words))


def end(process: "subprocess.Popen[str]") -> Run:
    out, err = process.communicate(timeout=LIMIT)
    return Run(process.returncode, out, err)


@contextmanager
def set_up(control_node: ControlNode) -> Iterator[Trainer]:
    """A trainer with the files of a training, as a deploy sets it up, and let in by the control node."""
    done = pyinfra("deploys/trainer.py", "--limit", NAME, "--json", "-y")
    assert done.code == 0, done.err
    trainer, data1 = Trainer(control_node.lab), Node(control_node.lab, "data1")
    trainer.put("models/facemodel.pickle", (HONEST / "1.6.1-4.pickle").read_bytes())
    trainer.put("models/baselines.hdf5", (HONEST / "1.6.1.hdf5").read_bytes())
    trainer.put("models/facelist.csv", data1.read(f"{STORED}/{NOW}/facelist.csv").encode())
    trainer.train()
    with control_node.authorized(trainer.node.read(f"{KEY}.pub"), f'restrict,command="{SHELL}"'):
        yield trainer
    data1.shell(f"rm -rf {INCOMING} {STORED}/{PUBLISHED}")


def runs(lab: Lab, version: str) -> set[str]:
    """The hosts whose configs name the version."""
    sentinel = f"{MODEL}/{version}/facemodel.pickle" in Node(lab, "sentinel").read(
        "/home/ops/sentinel/tasks/FaceRecon.yaml"
    )
    pumps = {
        name for name in ("data1", "data2") if f"_{version}.csv" in Node(lab, name).read("/home/ops/datapump.yaml")
    }
    return pumps | ({"sentinel"} if sentinel else set())
