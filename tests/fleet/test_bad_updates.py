"""A broken update undoes itself: its node goes back to the set before, by itself and in time. What is only slow stays.

The first host of each role is switched in one run, so each round tries up to three updates at once.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.node import STATE, Node
from tests.fleet.operator import CHECKOUT, Run, deploy, pyinfra
from tests.fleet.settlement import Settlement

DEADLINE = 4  # seconds
SETTLED = "data2"
"""A host that needs nothing in any round, and must not fail for the others."""
PATIENCE = 15  # seconds beyond the start timeout and a stop that takes long, in which the node must be back
MODELS = "/home/ops/imagenode/models/mobilenet_ssd"
NEWER = f"{MODELS}/2026-05-01/MobileNetSSD_deploy.caffemodel"
OPENFACE = "/home/ops/sentinel/models/openface_torch/2020-03-25/openface_nn4.small2.v1.t7"
BLOB = "/home/ops/imagenode/models/mobilenet_ssd_depthai/2022-04-02/mobilenet-ssd_openvino_2021.4_6shave.blob"


def mobilenet(version: str) -> dict[str, Any]:
    """What a host's fields say for another version of that model."""
    return {"model_version_overrides": {"mobilenet_ssd": version}}


@dataclass(frozen=True)
class Update:
    """One update: where, how it is bad, and what the run's line says of it.

    :param orders: what the stand-in does when it runs with the new set.
    :param fields: what the site says of the host then.
    :param health_check: how the service's health check differs from the round's.
    :param stop: for how many seconds systemd waits for the service's end.
    :param prepare: what is done at the host's console before; `undo` puts it right.
    """

    name: str
    host: str
    says: tuple[str, ...] = ()
    orders: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=lambda: {"debug_mode": True})
    health_check: Mapping[str, float] = field(default_factory=dict)
    stop: float = 0
    prepare: str = "true"
    undo: str = "true"
    outcome: str = "returned"

    @property
    def start_timeout(self) -> float:
        return self.health_check.get("start_timeout", DEADLINE)


ENDED = "{service}.service ended after its start"
CLOSED = "datapump.service: port 5556 is closed, expected open within 4 s"
ON_NEW_MODEL = {"when": "mobilenet_ssd/2026-05-01"}
ON_DEBUG = {"when": "DEBUG"}

ROUNDS: Mapping[str, tuple[Update, ...]] = {
    "first": (
        Update("crashes at once", "lab1", (ENDED, "status=1/FAILURE"), ON_DEBUG | {"crash_after": 0}),
        Update(
            "killed for memory",
            "data1",
            (ENDED, "status=9/KILL"),
            ON_DEBUG | {"killed_after": 1},
            health_check={"settle_time": 2},
        ),
        Update("ends well at once", "sentinel", (ENDED, "nothing to do"), ON_DEBUG | {"exit": [0, "nothing to do"]}),
    ),
    "second": (
        Update(
            "hears no SIGTERM",
            "lab1",
            ("port 5567 is closed, expected open within 4 s",),
            ON_DEBUG | {"deaf": True, "port_after": None},
            stop=10,
        ),
        Update(
            "closes its port again", "data1", (CLOSED,), ON_DEBUG | {"port_until": 1}, health_check={"settle_time": 3}
        ),
        Update(
            "opens its port late but in time",
            "sentinel",
            orders=ON_DEBUG | {"port_after": 2},
            health_check={"start_timeout": 10},
            outcome="chosen",
        ),
    ),
    "third": (
        Update(
            "model missing",
            "lab1",
            ("LensTasking ended",),
            ON_NEW_MODEL | {"remove": NEWER},
            mobilenet("2026-05-01"),
            undo=f"rm -r {MODELS}/2026-05-01",
        ),
        Update("its set before is bad too", "data1", (ENDED,), {"exit": [1, "no disk"]}, outcome="failed"),
        Update("unit does not parse", "sentinel", ("bad unit file setting",)),
    ),
    "fourth": (
        Update(
            "model was never pulled",
            "lab1",
            (f"{NEWER}: missing; run deploys/models.py",),
            fields=mobilenet("2026-05-01"),
            prepare=f"rm -rf {MODELS}/2026-05-01",
            outcome="refused",
        ),
        Update(
            "model not readable before the switch",
            "sentinel",
            (f"{OPENFACE}: not readable by ops",),
            prepare=f"chmod 600 {OPENFACE} && chown root {OPENFACE}",
            undo=f"chmod 644 {OPENFACE} && chown ops {OPENFACE}",
            outcome="refused",
        ),
        Update(
            "model truncated before the switch",
            "east",
            (f"{BLOB}: not verified with its pinned SHA-256",),
            prepare=f"mv {BLOB} /root/whole && head --bytes=-1 /root/whole >{BLOB} && chown ops:ops {BLOB}",
            undo=f"mv /root/whole {BLOB}",
            outcome="refused",
        ),
    ),
    "fifth": (
        Update("rejects its config", "lab1", (ENDED, "P1: no such"), ON_DEBUG | {"exit": [2, "P1: no such setting"]}),
        Update("never opens its port", "data1", (CLOSED,), ON_DEBUG | {"port_after": None}),
        Update(
            "crashes after 3 s",
            "sentinel",
            (ENDED, "status=1/FAILURE"),
            ON_DEBUG | {"crash_after": 3},
            health_check={"settle_time": 5, "start_timeout": 10},
        ),
    ),
    "sixth": (
        Update(
            "model unreadable to its user",
            "lab1",
            ("LensTasking ended",),
            ON_NEW_MODEL | {"lock": NEWER},
            mobilenet("2026-05-01"),
            undo=f"rm -r {MODELS}/2026-05-01",
        ),
        Update("opens its port too late", "data1", (CLOSED,), ON_DEBUG | {"port_after": 8}),
    ),
}
LONG = ("fifth", "sixth")
"""Rounds that are left to the long run: each update is of a kind with one in another round."""


@dataclass(frozen=True)
class Before:
    """What was live on a host."""

    pid: int
    configs: Mapping[str, str]
    chosen: str
    previous: str


@dataclass(frozen=True)
class Round:
    """A run over bad updates, and what was live on their hosts before."""

    run: Run
    before: Mapping[str, Before]
    outcomes: Mapping[str, str]


def live(node: Node) -> Before:
    return Before(node.pid(), node.configs(), node.link("chosen"), node.link("previous"))


@pytest.fixture(scope="module")
def played(
    settlement: Settlement, node: NodeOf, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Round]:
    """A round, played; afterwards the default site is restored."""
    updates, folder = ROUNDS[request.param], tmp_path_factory.mktemp("round")
    before = {update.host: live(node(update.host)) for update in updates}
    for update in updates:
        node(update.host).shell(update.prepare)
        if update.orders:
            node(update.host).misbehave(**update.orders)
    yield Round(run(request.param, folder), before, {update.host: update.outcome for update in updates})
    for update in updates:
        node(update.host).shell(f"rm -rf /etc/sentinelcam-lab; {update.undo}")
    settlement.restore()


def run(name: str, folder: Path) -> Run:
    """Deploy a round's updates to their hosts."""
    updates = ROUNDS[name]
    services = [(Node(Lab(), each.host).service, each.health_check) for each in updates]
    health_checks = {
        name: {"start_timeout": DEADLINE, **site.PATIENT.get(name, {}), **health_check}
        for name, health_check in services
    }
    variant = site.write(
        folder / "site.py", hosts={each.host: each.fields for each in updates}, health_checks=health_checks
    )
    limits = [word for host in (*(each.host for each in updates), SETTLED) for word in ("--limit", host)]
    if name == "fourth":
        return pyinfra("deploys/configs.py", "-y", "--json", *limits, site=variant)
    checkout = with_broken_unit(folder / "checkout") if name == "third" else CHECKOUT
    return deploy(*limits, site=variant, checkout=checkout)


def with_broken_unit(checkout: Path) -> Path:
    """A copy of the checkout, in which somebody has broken the sentinel's unit."""
    shutil.copytree(CHECKOUT, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    unit = checkout / "templates" / "sentinel" / "sentinel.service.j2"
    unit.write_text(unit.read_text().replace("ExecStart=", "ExecStart=./"))
    return checkout


def line_of(played: Round, update: Update) -> str:
    """What the run says last of a host, in one line: pyinfra's own words come after it."""
    assert "Traceback" not in played.run.err
    lines = played.run.lines_with(f"[{update.host}]")
    [number] = [number for number, line in enumerate(lines) if "Error: executed 0 commands" in line]
    return lines[number - 1]


def assert_says(line: str, update: Update, node: Node) -> None:
    for words in update.says:
        assert words.format(service=node.service) in line


def assert_returned(played: Round, update: Update, there: Node) -> None:
    before, line = played.before[update.host], line_of(played, update)
    assert f"{there.service}: rolled back to {before.chosen[:12]}: " in line
    assert "; last journal lines: " in line
    assert_says(line, update, there)

    assert there.configs() == before.configs
    assert (there.link("chosen"), there.link("previous")) == (before.chosen, before.previous)
    assert there.pid() == there.status()["pid"] not in (0, before.pid)
    assert there.status()["config_sha256"] == before.configs[f"/home/ops/{there.service}.yaml"]
    assert there.read(f"/run/sentinelcam/{there.service}") == before.chosen
    assert f" {there.service} returned {before.chosen[:12]} -> " in there.history()[-1]
    assert there.seconds_of_switch() < update.start_timeout + update.stop + PATIENCE


def assert_chosen(played: Round, update: Update, there: Node) -> None:
    before = played.before[update.host]
    assert there.link("chosen") != there.link("previous") == before.chosen
    assert "DEBUG" in there.read(f"/home/ops/{there.service}.yaml")
    assert there.pid() == there.status()["pid"] != before.pid
    assert there.status()["config_sha256"] == there.sha256(f"/home/ops/{there.service}.yaml")
    assert f" {there.service} chosen {before.chosen[:12]} -> " in there.history()[-1]


def assert_failed(played: Round, update: Update, there: Node) -> None:
    """Without a healthy set to return to, the new one stays, and both are said."""
    before, new, line = played.before[update.host], there.link("chosen"), line_of(played, update)
    ended = ENDED.format(service=there.service)
    assert f"{there.service}: failed, {new[:12]} stays chosen: {ended}" in line
    assert f"; set {before.chosen[:12]} is unhealthy too: {ended}" in line
    assert_says(line, update, there)

    assert there.link("previous") == before.chosen != new
    assert "DEBUG" in there.read(f"/home/ops/{there.service}.yaml")
    assert f" {there.service} failed {before.chosen[:12]} -> {new[:12]} " in there.history()[-1]
    assert there.shell(f"systemctl is-active {there.service}; true") != "inactive"  # systemd goes on trying


def assert_refused(played: Round, update: Update, there: Node) -> None:
    """What cannot run is refused before anything is changed."""
    before = played.before[update.host]
    assert_says(line_of(played, update), update, there)
    assert live(there) == before
    assert f" {there.service} refused {before.chosen[:12]} -> " in there.history()[-1]


ASSERTIONS = {
    "returned": assert_returned,
    "chosen": assert_chosen,
    "failed": assert_failed,
    "refused": assert_refused,
}
TABLE = [
    pytest.param(name, each, id=f"{each.outcome}: {each.name}", marks=[pytest.mark.long] if name in LONG else [])
    for name in ROUNDS
    for each in ROUNDS[name]
]


@pytest.mark.parametrize(("played", "update"), TABLE, indirect=["played"], scope="module")
def test_a_broken_update_undoes_itself(played: Round, update: Update, node: NodeOf) -> None:
    assert played.run.code == 1
    assert played.run.failed() == {host for host in played.before if played.outcomes[host] != "chosen"}
    ASSERTIONS[update.outcome](played, update, node(update.host))
    assert not node(update.host).exists(f"{STATE}/sets/{node(update.host).service}/pending")
