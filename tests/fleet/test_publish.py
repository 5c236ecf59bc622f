"""From the trainer to the fleet in one command: over the datasink and the control node, each of which its keys open.

The second version is cut at three places on its way; at seventeen more in test_publish_cuts.py.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.control_node import ORIGIN
from lab.hosts import CONTROL
from lab.lab import Lab
from tests.fleet import trainer
from tests.fleet.conftest import NodeOf
from tests.fleet.control_node import ControlNode
from tests.fleet.cuts import Way, publish_and_cut
from tests.fleet.trainer import FILES, MODEL, NOW, ROOT, STORED, Trainer

NEW = "2026-11-21"
NOTEBOOK = Path(__file__).parents[1] / "unit" / "trainer" / "notebooks" / "good.ipynb"
HOSTS = {"sentinel", "data1", "data2"}


@pytest.fixture
def new_clones(lab: Lab) -> Iterator[None]:
    """The control node's clones are as new again, when the nodes have forgotten what was committed there."""
    yield
    lab.reset(CONTROL.name)


@pytest.fixture
def deepend(new_clones: None, control_node: ControlNode) -> Iterator[Trainer]:
    del new_clones
    with trainer.set_up(control_node) as ready:
        ready.put("notebooks/output/out.ipynb", NOTEBOOK.read_bytes())
        yield ready


def test_from_the_trainer_to_the_fleet(deepend: Trainer, control_node: ControlNode, node: NodeOf) -> None:
    lab, words, bytes_sent = deepend.lab, ("--notebook", f"{ROOT}/notebooks/output/out.ipynb"), deepend.lab.bytes_sent
    sent, size = bytes_sent("deepend"), deepend.size()
    done = deepend.publish(NEW, *words)
    sent = bytes_sent("deepend") - sent
    assert (done.code, done.err) == (0, ""), done.out + done.err
    assert size < sent <= 1.02 * size
    said = done.out.splitlines()
    assert f"{MODEL}/{NEW}: stored on data1" in said
    assert said[-1] == f"{MODEL} {NEW}: ended with 0"
    for name in FILES:
        assert node("data1").sha256(f"{STORED}/{NEW}/{name}") == deepend.node.sha256(f"{ROOT}/models/{name}")
    assert trainer.runs(lab, NEW) == HOSTS
    manifest = node("data1").read(f"{STORED}/{NEW}/manifest.yaml")
    assert "accuracy: 0.981" in manifest
    assert "host: deepend" in manifest
    pushed = control_node.git(f"--git-dir={ORIGIN}", "log", "--format=%s", "-2", "main").splitlines()
    assert pushed == [f"Promote {MODEL} from {NOW} to {NEW}", f"Pin {MODEL} {NEW}"]
    assert f"Z {MODEL} {NEW}: {said[-1]}\n" in deepend.node.read(f"{ROOT}/logs/model_publish.log")

    taken, head, sent = node("sentinel").snapshot(), control_node.git("rev-parse", "HEAD"), bytes_sent("deepend")
    again = deepend.publish(NEW, *words)
    assert (again.code, node("sentinel").snapshot()) == (0, taken), again.out + again.err
    assert control_node.git("rev-parse", "HEAD") == head
    assert ", as before, the files are unchanged" in again.out
    assert bytes_sent("deepend") - sent < 100_000

    publish_and_cut(Way(lab, control_node, deepend), (("upload", "deepend"), ("copy", "data1"), ("deploy", "receive")))
