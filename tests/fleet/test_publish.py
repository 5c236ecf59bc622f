"""From the trainer to the fleet in one command: over the datasink and the control node, each of which its keys open."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import keys
from lab.control_node import INVENTORY, PRODUCT
from lab.hosts import CONTROL
from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.control_node import ControlNode
from tests.fleet.node import Node
from tests.fleet.operator import pyinfra

MODEL, NOW, NEW = "face_recognition", "2026-02-02", "2026-11-21"
USER = "pyimagesearch"
ROOT = f"/home/{USER}/deepthink"
OWN = f"{ROOT}/.sentinelcam"
KEY = f"/home/{USER}/.ssh/sentinelcam_receive"
STORED = f"/home/ops/sentinelcam/model_registry/{MODEL}"
HONEST = Path(__file__).parents[1] / "unit" / "node" / "registry" / "models"
NOTEBOOK = Path(__file__).parents[1] / "unit" / "trainer" / "notebooks" / "good.ipynb"
FILES = ("facemodel.pickle", "baselines.hdf5", "facelist.csv", "facedata.hdf5")


@pytest.fixture
def new_clones(lab: Lab) -> Iterator[None]:
    """The control node's clones are as new again, when the nodes have forgotten what was committed there."""
    yield
    lab.reset(CONTROL.name)


@pytest.fixture
def deepend(new_clones: None, control_node: ControlNode, deployed: Lab, node: NodeOf) -> Iterator[Node]:
    """A trainer that is set up, with the files of a training, and let in by the control node."""
    del new_clones
    done = pyinfra("deploys/trainer.py", "--limit", "deepend", "--json", "-y")
    assert (deployed is not None, done.code) == (True, 0), done.err
    trainer = node("deepend")
    settings = json.loads(trainer.read(f"{OWN}/settings.json"))
    settings["control"] = {"user": CONTROL.login, "address": str(CONTROL.address), "port": 22}
    trainer.write(f"{OWN}/settings.json", json.dumps(settings))
    kind, key, _ = keys.public(keys.host_key(CONTROL)).split()
    trainer.write(f"{OWN}/known_hosts", trainer.read(f"{OWN}/known_hosts") + f"{CONTROL.address} {kind} {key}\n")
    put(trainer, "models/facemodel.pickle", (HONEST / "1.6.1-4.pickle").read_bytes())
    put(trainer, "models/baselines.hdf5", (HONEST / "1.6.1.hdf5").read_bytes())
    for name in FILES[2:]:
        put(trainer, f"models/{name}", base64.b64decode(node("data1").shell(f"base64 {STORED}/{NOW}/{name}")))
    put(trainer, "notebooks/output/out.ipynb", NOTEBOOK.read_bytes())
    shell = f"{PRODUCT}/.venv/bin/modelctl trainer-shell --site {INVENTORY}"
    with control_node.authorized(trainer.read(f"{KEY}.pub"), f'restrict,command="{shell}"'):
        yield trainer


def put(trainer: Node, name: str, content: bytes) -> None:
    text = base64.b64encode(content).decode()
    trainer.lab.run("deepend", f"runuser --user {USER} -- sh -c 'base64 -d >{ROOT}/{name}'", stdin=text)


def test_from_the_trainer_to_the_fleet(deepend: Node, control_node: ControlNode, node: NodeOf) -> None:
    command = (
        f"cd / && runuser --user {USER} -- {ROOT}/upload_and_deploy.sh {MODEL} {NEW} {' '.join(FILES)} "
        f"--notebook {ROOT}/notebooks/output/out.ipynb"
    )
    done = deepend.lab.run("deepend", command, limit=400)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert f"{MODEL}/{NEW}: stored on data1" in said
    assert said[-1] == f"{MODEL} {NEW}: ended with 0"
    for name in FILES:
        digest = deepend.sha256(f"{ROOT}/models/{name}")
        assert node("data1").sha256(f"{STORED}/{NEW}/{name}") == digest
    assert node("sentinel").sha256(f"/home/ops/sentinel/models/{MODEL}/{NEW}/{FILES[0]}") == deepend.sha256(
        f"{ROOT}/models/{FILES[0]}"
    )
    manifest = node("data1").read(f"{STORED}/{NEW}/manifest.yaml")
    assert "accuracy: 0.981" in manifest
    assert "host: deepend" in manifest
    assert control_node.git("log", "--format=%s", "-2").splitlines()[0].startswith(f"Promote {MODEL} from {NOW}")
    assert f"Z {MODEL} {NEW}: {said[-1]}\n" in deepend.read(f"{ROOT}/logs/model_publish.log")

    before = node("sentinel").snapshot()
    again = deepend.lab.run("deepend", command, limit=400)
    assert (again.returncode, node("sentinel").snapshot()) == (0, before), again.stdout + again.stderr
    assert "snapshot: 5 files, " in again.stdout
    assert ", as before, the files are unchanged" in again.stdout
