"""A trainer asks the control node to take an upload over: what its key opens, and what becomes of a lost connection."""

import base64
import json
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from lab import keys
from lab.control_node import INVENTORY, ORIGIN, PRODUCT
from lab.hosts import CONTROL
from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.control_node import ControlNode
from tests.fleet.node import Node
from tests.unit.attacks import table
from tests.unit.attacks.attack import Way

MODEL, NOW, NEW = "face_recognition", "2026-02-02", "2026-11-20"
TRAINER, KEY = "deepend", "/home/pyimagesearch/.ssh/story"
SHELL = f"{PRODUCT}/.venv/bin/modelctl trainer-shell --site {INVENTORY}"
INCOMING = f"/home/ops/sentinelcam/incoming/{MODEL}/{NEW}"
STORED = f"/home/ops/sentinelcam/model_registry/{MODEL}"
HONEST = Path(__file__).parents[1] / "unit" / "node" / "registry" / "models"
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
UNIT = f"sentinelcam-receive-{MODEL}-{NEW}"


@pytest.fixture
def upload(node: NodeOf) -> Iterator[None]:
    """A version as a trainer has uploaded it, of a real classifier and its baselines, with the live list."""
    data1 = node("data1")
    data1.shell(f"install -d -o ops -g ops {INCOMING} && cp {STORED}/{NOW}/face[ld]* {INCOMING}")
    for name, source in (("facemodel.pickle", "1.6.1-4.pickle"), ("baselines.hdf5", "1.6.1.hdf5")):
        content = base64.b64encode((HONEST / source).read_bytes()).decode()
        data1.lab.run("data1", f"base64 -d >{INCOMING}/{name}", stdin=content)
    about = {
        "name": MODEL, "version": NEW, "source": "train.ipynb", "host": TRAINER, "date_deployed": TODAY,
        "training_metrics": {"accuracy": 0.97}, "requires": {"scikit-learn": "1.6.1"},
    }  # fmt: skip
    data1.write(f"{INCOMING}/manifest.yaml", yaml.safe_dump(about))
    data1.shell(f"chown -R ops: {INCOMING}")
    yield
    data1.shell(f"rm -rf {INCOMING} {STORED}/{NEW}")


@pytest.fixture
def new_clones(lab: Lab) -> Iterator[None]:
    """The control node's clones are as new again, when the nodes have forgotten what was committed there."""
    yield
    lab.reset(CONTROL.name)


@pytest.fixture
def asking(new_clones: None, control_node: ControlNode, node: NodeOf) -> Iterator[str]:
    """The trainer's key for the control node: the command line that asks."""
    del new_clones
    trainer = node(TRAINER)
    as_user = "runuser --user pyimagesearch --"
    trainer.shell(f"{as_user} ssh-keygen -q -t ed25519 -N '' -C trainer -f {KEY}")
    kind, key, _ = keys.public(keys.host_key(CONTROL)).split()
    trainer.write(f"{KEY}.known", f"{CONTROL.name} {kind} {key}\n")
    with control_node.authorized(trainer.read(f"{KEY}.pub"), f'restrict,command="{SHELL}"'):
        yield f"{as_user} ssh -F none -i {KEY} -o UserKnownHostsFile={KEY}.known {CONTROL.login}@{CONTROL.name}"
    trainer.shell(f"rm {KEY}*")


def version_of(node: Node) -> str:
    """The version that the sentinel's tasks name."""
    return NEW if f"{MODEL}/{NEW}/facemodel.pickle" in node.read("/home/ops/sentinel/tasks/FaceRecon.yaml") else NOW


def pushed(control_node: ControlNode) -> list[str]:
    """The subjects of the last commits that every clone gets, newest first."""
    return control_node.git(f"--git-dir={ORIGIN}", "log", "--format=%s", "-3", "main").splitlines()


@pytest.mark.usefixtures("upload")
def test_a_lost_connection_ends_nothing_and_asking_again_attaches(
    asking: str, control_node: ControlNode, node: NodeOf
) -> None:
    lab, words = control_node.lab, f"receive {MODEL} {NEW}"
    with pytest.raises(subprocess.TimeoutExpired):
        lab.run(TRAINER, f"{asking} {words}", limit=3)
    running = control_node.type(f"systemctl --user show --value --property=SubState,InvocationID {UNIT}").out.split()
    done = lab.run(TRAINER, f"{asking} {words}", limit=300)
    assert (done.returncode, running[0]) == (0, "running"), done.stdout + done.stderr
    ended = control_node.type(f"systemctl --user show --value --property=SubState,InvocationID {UNIT}").out.split()
    assert ended == ["exited", running[1]]
    said = done.stdout.splitlines()
    assert said[0] == f"{MODEL}/{NEW}: stored on data1"
    assert said[-1].startswith(f"{MODEL}: {NEW} is the current version; to {NOW} again: modelctl rollback")

    assert version_of(node("sentinel")) == NEW
    for datasink in ("data1", "data2"):
        assert f"facelist_{NEW}.csv" in node(datasink).read("/home/ops/datapump.yaml")
    for name in ("facemodel.pickle", "baselines.hdf5"):
        digest = node("data1").sha256(f"{INCOMING}/{name}")
        assert node("data1").sha256(f"{STORED}/{NEW}/{name}") == digest
        assert node("sentinel").sha256(f"/home/ops/sentinel/models/{MODEL}/{NEW}/{name}") == digest
    assert pushed(control_node)[:2] == [f"Promote {MODEL} from {NOW} to {NEW}", f"Pin {MODEL} {NEW}"]
    recorded = json.loads(node("sentinel").read("/var/lib/sentinelcam/sets/sentinel/chosen/set.json"))
    assert recorded["commit"] == control_node.git("rev-parse", "HEAD")

    before = node("sentinel").snapshot()
    again = lab.run(TRAINER, f"{asking} {words}", limit=300)
    assert (again.returncode, node("sentinel").snapshot()) == (0, before)
    assert f"{MODEL}/{NEW}: data1 holds just these files as that version already" in again.stdout.splitlines()


@pytest.mark.usefixtures("upload")
def test_a_version_that_a_host_rolls_back_from_is_stored_and_marked(
    asking: str, control_node: ControlNode, node: NodeOf
) -> None:
    sentinel = node("sentinel")
    sentinel.misbehave(when=f"{MODEL}/{NEW}", exit=[1, "it knows nobody"])
    done = control_node.lab.run(TRAINER, f"{asking} receive {MODEL} {NEW}", limit=300)
    assert done.returncode == 1, done.stdout + done.stderr
    assert version_of(sentinel) == NOW
    assert pushed(control_node) == [
        f"Mark {MODEL} {NEW} bad", f"Undo: Promote {MODEL} from {NOW} to {NEW}", f"Promote {MODEL} from {NOW} to {NEW}",
    ]  # fmt: skip
    assert f"{MODEL} {NEW} is marked bad on sentinel at " in done.stdout.splitlines()[-1]
    assert node("data1").exists(f"{STORED}/{NEW}/manifest.yaml")
    again = control_node.lab.run(TRAINER, f"{asking} receive {MODEL} {NEW}", limit=300)
    assert again.returncode == 3
    assert "stored and pinned, and not promoted: it is marked bad on sentinel" in again.stdout


def test_the_key_opens_nothing_else(asking: str, control_node: ControlNode) -> None:
    [attack] = table.of(Way.LAB_RECEIVE)
    for case in attack.cases:
        done = control_node.lab.run(TRAINER, f"{asking} {shlex.quote(case.format(model=MODEL, version=NEW))}")
        assert (done.returncode, done.stdout) == (1, ""), case
        assert done.stderr.startswith(attack.found), case
    ahead = control_node.lab.run(TRAINER, f"{asking} -o ExitOnForwardFailure=yes -W data1:22")
    assert (ahead.returncode, "administratively prohibited" in ahead.stderr) == (255, True)
