"""At a node's own console, with the operator's machine off: what was chosen, what runs, and back by one set."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.fleet import PINS
from lab.lab import Lab
from modelctl import product
from node import protocol
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.held import Held
from tests.fleet.node import Node
from tests.fleet.operator import Run, begin, deploy, end
from tests.fleet.settlement import Settlement

pytestmark = pytest.mark.usefixtures("deployed")

FACES = "/home/ops/sentinelcam/face_recognition"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def console(node: Node, *words: str) -> Run:
    """What somebody types who is logged in at the node."""
    result = node.lab.run(node.name, ["sudo", "sentinelcam-node", *words], user="ops")
    return Run(result.returncode, result.stdout, result.stderr)


def switched(lab: Lab, node: Node, path: Path, **variant: Any) -> tuple[str, str]:
    """Switch a node to a variant of the site, and pull its cable. Returns the sets before and now."""
    before = node.link("chosen")
    assert deploy("--limit", node.name, site=site.write(path / "site.py", **variant)).code == 0
    lab.cut(node.name)
    assert node.link("previous") == before
    return before, node.link("chosen")


@dataclass(frozen=True)
class Switched:
    """An outpost after a switch, with its cable pulled.

    :param old: the set before, and `before` the digests of its configs.
    """

    node: Node
    old: str
    new: str
    before: dict[str, str]


@pytest.fixture(scope="class")
def switched_outpost(
    lab: Lab, node: NodeOf, settlement: Settlement, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Switched]:
    lab1, before = node("lab1"), node("lab1").configs()
    old, new = switched(lab, lab1, tmp_path_factory.mktemp("outpost"), hosts={"lab1": {"debug_mode": True}})
    yield Switched(lab1, old, new, before)
    settlement.restore()


@pytest.fixture
def outpost(switched_outpost: Switched) -> Switched:
    """The same, with the new set, also where the story before failed."""
    if switched_outpost.node.link("chosen") != switched_outpost.new:
        assert console(switched_outpost.node, "revert").code == 0
    return switched_outpost


class TestAnOutpostAfterASwitch:
    """Each story ends with the set that it begins with."""

    def test_the_status_shows_the_sets_the_models_and_the_last_switch(self, outpost: Switched) -> None:
        lab1, old, new = outpost.node, outpost.old, outpost.new
        manifest = json.loads(PINS.read_text(encoding="utf-8"))["mobilenet_ssd"]["2020-12-06"]["manifest"]
        shown, history = console(lab1, "status"), console(lab1, "history")
        commit = re.search(r"chosen .* by commit (\w+), release (.*)\n", shown.out)
        assert commit is not None
        assert shown.out == (
            "imagenode (imagenode.service)\n"
            f"  chosen    {new[:12]}, by commit {commit[1]}, release {product.release()}\n"
            f"  live      {new[:12]}\n"
            f"  previous  {old[:12]}\n"
            f"  model     mobilenet_ssd 2020-12-06, manifest {manifest[:12]}\n"
            "  health    healthy\n"
            f"  last      {history.out.splitlines()[-1]}\n"
        )
        assert re.fullmatch(
            rf"{TIME} lab1#\d+ imagenode chosen {old[:12]} -> {new[:12]} commit {commit[1]}( dirty)? "
            r"by \S+@\S+: pyinfra \S+ deploys/models\.py -y --json --limit lab1",
            history.out.splitlines()[-1],
        )
        data = json.loads(console(lab1, "status", "--json").out)["services"]["imagenode"]
        assert (data["chosen"], data["live"], data["previous"]) == (new, new, old)
        assert (data["health"], data["drift"], data["pending"]) == (None, [], None)
        assert data["manifests"] == {"mobilenet_ssd": manifest}
        assert json.loads(console(lab1, "history", "--json").out)["entries"][-1] == data["last"]

    def test_a_revert_goes_back_one_set_and_the_next_one_forward_again(self, outpost: Switched) -> None:
        lab1, old, new = outpost.node, outpost.old, outpost.new
        before, after = outpost.before, lab1.configs()
        for here, there, configs in ((new, old, before), (old, new, after)):
            run = console(lab1, "revert")
            assert (run.code, run.err) == (0, "")
            assert run.out == (
                f"imagenode: {there[:12]} is chosen and runs; the next deploy will want what its checkout says\n"
            )
            assert (lab1.link("chosen"), lab1.link("previous")) == (there, here)
            assert lab1.configs() == configs != {}
            assert lab1.pid() == lab1.status()["pid"]
            assert lab1.status()["config_sha256"] == configs["/home/ops/imagenode.yaml"]
            assert f" imagenode chosen {here[:12]} -> {there[:12]} commit " in lab1.history()[-1]
            assert lab1.history()[-1].endswith(" by ops@lab1: sentinelcam-node revert")

    def test_a_revert_to_a_set_that_is_not_well_comes_back(self, outpost: Switched) -> None:
        lab1, old, new = outpost.node, outpost.old, outpost.new
        lab1.misbehave(when="INFO", exit=[3, "the camera of that time is gone"])
        run = console(lab1, "revert")
        assert (run.code, run.out) == (1, "")
        assert run.err.startswith(f"imagenode: rolled back to {new[:12]}: imagenode.service ended after its start")
        assert "the camera of that time is gone" in run.err
        assert (lab1.link("chosen"), lab1.link("previous")) == (new, old)
        assert lab1.pid() == lab1.status()["pid"] != 0


@pytest.mark.usefixtures("settled")
def test_the_status_shows_drift_and_ill_health(node: NodeOf) -> None:
    lab1 = node("lab1")
    lab1.shell("echo '# by hand' >>/home/ops/imagenode.yaml; systemctl stop imagenode")
    shown = console(lab1, "status").out.splitlines()
    assert "  live      nothing that is known" in shown
    assert "  health    unhealthy: imagenode.service is inactive, expected active" in shown
    assert "  drift     /home/ops/imagenode.yaml differs" in shown


@pytest.mark.usefixtures("settled")
def test_a_revert_of_the_sentinel_goes_back_to_the_older_model(lab: Lab, node: NodeOf, tmp_path: Path) -> None:
    sentinel, task = node("sentinel"), "/home/ops/sentinel/tasks/FaceRecon.yaml"
    before = sentinel.configs()
    switched(lab, sentinel, tmp_path, versions={"haarcascades": "2026-05-01"})
    assert "haarcascades/2026-05-01" in sentinel.read(task)
    assert "  model     haarcascades 2026-05-01, manifest " in console(sentinel, "status").out
    assert console(sentinel, "revert", "sentinel").code == 0
    assert sentinel.configs() == before
    assert sentinel.pid() == sentinel.status()["pid"]
    assert sentinel.history()[-1].endswith(" by ops@sentinel: sentinelcam-node revert sentinel")


@pytest.mark.usefixtures("settled")
def test_a_revert_that_unlocks_events_is_refused_until_allowed(node: NodeOf, lab: Lab, tmp_path: Path) -> None:
    data2 = node("data2")
    older = site.write(tmp_path / "site.py", versions={"face_recognition": "2025-02-25"})
    assert deploy("--limit", "data2", "--data", "unlock=yes", site=older).code == 0
    assert deploy("--limit", "data2").code == 0
    lab.cut("data2")
    before, link = data2.snapshot(), f"readlink {FACES}/facelist_current.csv"
    lost = data2.status()["locked_events"]
    refused = console(data2, "revert")
    assert (refused.code, refused.out) == (1, "")
    assert re.fullmatch(r".*its face list lacks \d+ events? that the live one locks; .*--unlock\n", refused.err)
    assert data2.snapshot() == before
    assert data2.shell(link) == "facelist_2026-02-02.csv"

    assert console(data2, "revert", "--unlock").code == 0
    assert data2.shell(link) == "facelist_2025-02-25.csv"
    assert f"lacks {lost - data2.status()['locked_events']} event" in refused.err


@pytest.mark.usefixtures("settled")
def test_a_switch_under_way_is_shown_and_is_not_disturbed(node: NodeOf, tmp_path: Path) -> None:
    lab1, held = node("lab1"), Held(node("lab1"))
    variant = site.write(tmp_path / "site.py", hosts={"lab1": {"debug_mode": True}})
    held.order("switch-unit", at=15)
    with begin("--limit", "lab1", site=variant) as deploying:
        held.wait()
        assert re.search(
            rf"\n  pending   a switch to \w{{12}} by \S+@\S+ since {TIME}, running now\n", console(lab1, "status").out
        )
        refused = console(lab1, "revert")
        held.release()
        assert end(deploying).code == 0
    assert refused.code == 1
    assert re.fullmatch(
        rf"imagenode: another switch is running here: \S+@\S+, since {TIME}, process \d+: "
        r"pyinfra \S+ deploys/configs\.py -y --json --limit lab1; wait for it and run again\n",
        refused.err,
    )
    assert "DEBUG" in lab1.read("/home/ops/imagenode.yaml")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sentinelcam-node", "status"], "sentinelcam-node needs root: sudo sentinelcam-node status\n"),
        (["sudo", "sentinelcam-node", "undo"], "found undo; allowed: status, history, revert, restore, python\n"),
        (["sudo", "sentinelcam-node", "status", "--jsno"], "found --jsno; allowed: --json\n"),
        (["sudo", "sentinelcam-node", "revert", "sentinel"], "found sentinel; allowed: one of imagenode\n"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(node: NodeOf, words: list[str], said: str) -> None:
    result = node("lab1").lab.run("lab1", words, user="ops")
    code = protocol.UNKNOWN_COMMAND if "undo" in words else protocol.REFUSED
    assert (result.returncode, result.stdout, result.stderr) == (code, "", said)
