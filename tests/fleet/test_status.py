"""`modelctl status` tells what hosts run, and what is not as this checkout wants it. Each story ends as it began."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, Run, modelctl

pytestmark = pytest.mark.usefixtures("deployed")

COMMAND = "/usr/local/sbin/sentinelcam-node"
CONFIG = "/home/ops/imagenode.yaml"
CODE = {"sentinel": "to 0.2.4", "imagenode": "0.2", "datapump": "-"}
"""The releases that the lab's hosts have of each service."""


@pytest.fixture
def lab1(node: NodeOf) -> Iterator[Node]:
    """An outpost, settled again afterwards: the start of its service puts its files in place."""
    yield node("lab1")
    node("lab1").shell("systemctl restart imagenode")
    assert status("lab1").code == 0


def status(*words: str) -> Run:
    return modelctl("status", *words, "--site", str(DEFAULT_SITE))


def rows(run: Run) -> dict[str, list[str]]:
    """The cells of the table of sets, but for its header, by host."""
    lines = [re.split("  +", line) for line in run.out.split("\n\n")[0].splitlines()[1:]]
    return {cells[0]: cells[1:] for cells in lines}


def notes(run: Run) -> list[str]:
    """The lines below all tables, but for those on how an earlier story's switches ended."""
    parts = [part for part in run.out.split("\n\n")[2:] if not part.startswith("host ")]
    lines = [line for part in parts for line in part.splitlines()]
    return [line for line in lines if not re.match(r"\w+ \w+: (returned|failed|refused) \(", line)]


def chosen(node: Node) -> str:
    return node.shell(f"readlink /var/lib/sentinelcam/sets/{node.service}/chosen")


def test_a_settled_fleet_has_a_row_for_each_service(node: NodeOf) -> None:
    run = status()
    assert (run.code, run.err) == (0, "")
    assert notes(run) == []
    assert rows(run) == {
        name: [node(name).service, *[chosen(node(name))[:12]] * 3, "healthy", "none", CODE[node(name).service]]
        for name in SERVED
    }


def test_json_says_what_the_hosts_hold(node: NodeOf) -> None:
    run = status("--json")
    assert (run.code, run.json["ok"], set(run.json["hosts"])) == (0, True, set(SERVED))
    for name in SERVED:
        service = run.json["hosts"][name]["services"][node(name).service]
        assert service["wanted"] == service["chosen"] == service["running"] == chosen(node(name))
        held = json.loads(node(name).read(f"/var/lib/sentinelcam/sets/{node(name).service}/chosen/set.json"))
        assert service["models"] == {
            model: {"wanted": version, "chosen": version, "override": False}
            for model, version in held["models"].items()
        }
        assert service["last"]["outcome"] in ("chosen", "returned", "refused", "restored")


def test_a_config_changed_by_hand_is_drift(lab1: Node) -> None:
    lab1.shell(f"echo '# by hand' >>{CONFIG}")
    run = status("lab1", "east")
    assert run.code == 3
    assert {name: cells[-3:-1] for name, cells in rows(run).items()} == {
        "lab1": ["healthy", "drift"], "east": ["healthy", "none"],
    }  # fmt: skip
    assert notes(run) == [
        f"lab1 imagenode: drift: {CONFIG} differs",
        f"what a deploy would do about drift: pyinfra {DEFAULT_SITE} deploys/models.py --limit lab1 --dry",
    ]
    assert status("lab1", "--json").json["hosts"]["lab1"]["services"]["imagenode"]["drift"] == [f"{CONFIG} differs"]


def test_a_stopped_service_is_unhealthy(lab1: Node) -> None:
    lab1.shell("systemctl stop imagenode")
    run, found = status(), status("--json")
    assert (run.code, found.code, found.json["ok"]) == (3, 3, False)
    expected = {**dict.fromkeys(SERVED, "healthy"), "lab1": "unhealthy"}
    assert {name: cells[-3] for name, cells in rows(run).items()} == expected
    assert notes(run)[0] == (
        "lab1 imagenode: unhealthy: imagenode.service is inactive, expected active; "
        "look there: sudo journalctl --unit imagenode --lines 50 --no-pager"
    )
    service = found.json["hosts"]["lab1"]["services"]["imagenode"]
    assert (service["chosen"], service["running"]) == (chosen(lab1), None)
    assert service["health"] == "unhealthy: imagenode.service is inactive, expected active"


def test_a_host_whose_cable_is_cut_is_unknown(lab: Lab, node: NodeOf) -> None:
    lab.cut("east")
    try:
        run, found = status(), status("--json")
    finally:
        lab.mend("east")
    assert (run.code, found.code) == (3, 3)
    expected = {name: [chosen(node(name))[:12], "healthy", "none"] for name in SERVED}
    assert {name: cells[-4:-1] for name, cells in rows(run).items()} == {**expected, "east": ["unknown"] * 3}
    [line] = notes(run)
    assert line.startswith("east (198.18.0.")
    assert line.endswith("; look at its power and its cable, then run again")
    assert found.json["hosts"]["east"] == {"services": {}, "running": [], "error": line}
    assert status("east").code == 0


def test_a_host_that_was_never_deployed_to_is_unknown(lab1: Node) -> None:
    lab1.shell(f"mv {COMMAND} /root/away")
    try:
        run = status("lab1")
    finally:
        lab1.shell(f"mv /root/away {COMMAND}")
    assert (run.code, rows(run)["lab1"][2:]) == (3, ["unknown"] * 5)
    [line] = notes(run)
    assert f"found no sentinelcam-node; a deploy brings it: pyinfra {DEFAULT_SITE} deploys/models.py" in line


def test_an_unfinished_switch_is_drift(lab1: Node) -> None:
    pending = {
        "request": {
            "id": "1", "host": "lab1", "service": "imagenode", "digest": chosen(lab1), "operator": "anna@ramrod",
            "purpose": "pyinfra -y", "commit": "unknown",
        },
        "boot": "0", "time": "2026-11-22T23:40:00Z", "old": None, "previous": None,
    }  # fmt: skip
    lab1.write("/var/lib/sentinelcam/sets/imagenode/pending", json.dumps(pending))
    try:
        run = status("lab1")
    finally:
        lab1.shell("rm /var/lib/sentinelcam/sets/imagenode/pending")
    assert run.code == 3
    assert notes(run)[0] == (
        f"lab1 imagenode: drift: a switch to {chosen(lab1)[:12]} has not ended "
        "(anna@ramrod, 2026-11-22T23:40:00Z: pyinfra -y); it does not run now"
    )


def test_a_checkout_that_wants_more_than_was_deployed(tmp_path: Path, node: NodeOf) -> None:
    newer = site.write(tmp_path / "newer.py", versions={"mobilenet_ssd": "2026-05-01"})
    run = modelctl("status", "lab1", "east", "--site", str(newer))
    assert run.code == 3
    [wanted, *rest] = rows(run)["lab1"][1:]
    assert rest == [chosen(node("lab1"))[:12]] * 2 + ["healthy", "drift", "0.2"]
    assert notes(run)[:2] == [
        f"lab1 imagenode: drift: chosen {rest[0]}, wanted {wanted}",
        "lab1 imagenode: drift: mobilenet_ssd 2020-12-06, wanted 2026-05-01",
    ]
    assert rows(run)["east"][-2] == "none"
