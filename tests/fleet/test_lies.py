"""Success means running: who only looks alive goes back to the set before, or is told by deploy and status.

Thirty lies, and ten truths that look like one, are data in tests/fleet/lies.py. A round plays one update for each
service at once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

import pytest

from lab import stick
from lab.hosts import hosts
from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import lies, site
from tests.fleet.conftest import NodeOf
from tests.fleet.lies import Incident, Update
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, Run, deploy, modelctl, predict
from tests.fleet.releases import looks_like
from tests.fleet.settlement import Settlement

SETTLED = "data2"
START, SETTLE = 4, 2  # seconds
STOP = {"sentinel": 90, "imagenode": 10, "datapump": 10}  # seconds: TimeoutStopSec of their units
MODEL_WAIT = 2  # seconds
PATIENCE = 15  # seconds
HEALTH_CHECKS = {name: {"start_timeout": START, "settle_time": SETTLE} for name in STOP}
SHORT = {
    "its model is cut short", "its child dies without a word", "its camera cannot be opened", "its pictures stop",
    "an engine ends in the settle time", "its job thread dies", "a later release misses an engine",
    "S6: another holds the datapump's port", "a slow model", "a late first frame",
    "more children than engines", "a later release's STATUS", "a detector dies at noon", "an engine dies at noon",
    "S2: a timer is stopped", "S1: other bytes with the old times", "systemd is started anew meanwhile",
}  # fmt: skip
"""What is played by default: one of each kind."""


Played = TypeVar("Played", Update, Incident)


@dataclass(frozen=True)
class Round:
    """One run over updates, and which set each host had chosen before, by host."""

    run: Run
    chosen: Mapping[str, str]
    pids: Mapping[str, int]


def service_of(host: str) -> str:
    service = hosts(0)[host].service
    assert service is not None
    return service


def rounds(each: Iterable[Played]) -> list[tuple[Played, ...]]:
    """What is to be played, as many at once as there are services."""
    by_service: dict[str, list[Played]] = {}
    for one in each:
        by_service.setdefault(service_of(one.host), []).append(one)
    return [tuple(one for one in found if one is not None) for found in zip_longest(*by_service.values())]


def split(each: tuple[Played, ...]) -> list[object]:
    """The rounds of those that are played by default, then those of all others."""
    default = tuple(one for one in each if one.name in SHORT)
    others = tuple(one for one in each if one.name not in SHORT)
    return [
        pytest.param(played, one, id=one.name, marks=marks)
        for chosen, marks in ((default, ()), (others, pytest.mark.long))
        for played in rounds(chosen)
        for one in played
    ]


@pytest.fixture(scope="module", autouse=True)
def restored(settlement: Settlement) -> Iterator[None]:
    """The last round may have left hosts that went back by themselves."""
    yield
    settlement.restore()


@pytest.fixture(scope="module")
def played(
    settlement: Settlement, node: NodeOf, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Round]:
    """A round, played; afterwards each host has the default set: those that did not go back to it are restored."""
    updates: tuple[Update, ...] = request.param
    there = {each.host: node(each.host) for each in updates}
    before = Round(
        Run(0, "", ""),
        {name: each.link("chosen") for name, each in there.items()},
        {name: each.pid() for name, each in there.items()},
    )
    with ExitStack() as stack:
        for each in updates:
            there[each.host].shell(each.prepare)
            if each.release:
                stack.enter_context(looks_like(there[each.host], each.release))
            if each.orders:
                there[each.host].misbehave(**each.orders)
        yield Round(run(updates, tmp_path_factory.mktemp("round")), before.chosen, before.pids)
        for each in updates:
            there[each.host].shell(f"rm -rf /etc/sentinelcam-lab; {each.undo}")
    if any(each.link("chosen") != before.chosen[name] for name, each in there.items()):
        settlement.restore()


def run(updates: tuple[Update, ...], folder: Path) -> Run:
    fields = {each.host: each.fields for each in updates}
    variant = site.write(folder / "site.py", hosts=fields, health_checks=HEALTH_CHECKS)
    return deploy(*limits(*(each.host for each in updates)), site=variant)


def limits(*names: str) -> list[str]:
    """These hosts, and one that needs nothing: where all hosts fail pyinfra reports nothing."""
    return [word for name in (*names, SETTLED) for word in ("--limit", name)]


@pytest.mark.parametrize(("played", "update"), split(lies.LYING_UPDATES), indirect=["played"], scope="module")
def test_a_lie_goes_back(played: Round, update: Update, node: NodeOf) -> None:
    there = node(update.host)
    assert played.run.code == 1
    assert update.host in played.run.failed()
    assert (there.link("chosen") == played.chosen[update.host]) == (update.outcome == "returned")
    entry = there.history()[-1]
    assert f" {there.service} {update.outcome} {played.chosen[update.host][:12]} -> " in entry
    for said in update.says:
        assert re.search(said, entry)
    limit = START + SETTLE + MODEL_WAIT + STOP[there.service] + PATIENCE
    assert there.seconds_of_switch() < limit


@pytest.mark.parametrize(("played", "update"), split(lies.TRUE_UPDATES), indirect=["played"], scope="module")
def test_a_truth_stays(played: Round, update: Update, node: NodeOf) -> None:
    there = node(update.host)
    assert played.run.code == 0, played.run.err
    assert there.link("chosen") != played.chosen[update.host]
    assert f" {there.service} chosen {played.chosen[update.host][:12]} -> " in there.history()[-1]
    assert there.pid() not in (0, played.pids[update.host])


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default site, with these limits."""
    return site.write(tmp_path_factory.mktemp("patient") / "site.py", health_checks=HEALTH_CHECKS)


def has_settled(node: Node) -> bool:
    return node.seconds_up() > START


@dataclass(frozen=True)
class Told:
    """What status, by host, a prediction and a deploy made of incidents, and the set that each host had chosen."""

    chosen: Mapping[str, str]
    statuses: Mapping[str, Run]
    predicted: Run
    run: Run


@pytest.fixture(scope="class")
def told(settlement: Settlement, node: NodeOf, patient: Path, request: pytest.FixtureRequest) -> Iterator[Told]:
    """Incidents on hosts whose services have started longer ago than their start timeout, and what is told of them."""
    incidents: tuple[Incident, ...] = request.param
    there = {each.host: node(each.host) for each in incidents}
    settlement.restore()  # the last round that was played is there yet
    for each in incidents:
        wait_until(partial(has_settled, there[each.host]), 30, f"{each.host}: the start timeout")
    for each in incidents:
        there[each.host].shell(each.does.format(pid=there[each.host].pid()))
    chosen = {name: each.link("chosen") for name, each in there.items()}
    statuses = {name: modelctl("status", name, "--site", str(DEFAULT_SITE)) for name in there}
    predicted = predict(*limits(*there), site=patient)
    yield Told(chosen, statuses, predicted, deploy(*limits(*there), site=patient))
    for each in incidents:
        there[each.host].shell(each.undo.format(pid=there[each.host].pid()))
        there[each.host].shell(f"rm -f /run/sentinelcam/restarted-{there[each.host].service}")
    settlement.restore()


class TestIncidents:
    @pytest.mark.parametrize(("told", "incident"), split(lies.INCIDENTS), indirect=["told"], scope="class")
    def test_what_happens_later_is_told_by_status_and_deploy_alike(
        self, told: Told, incident: Incident, node: NodeOf
    ) -> None:
        host, run, shown = incident.host, told.run, told.statuses[incident.host]
        assert shown.code == 3
        changed, predicted = (
            {name for name, hosts in operations.items() if host in hosts}
            for operations in (run.changed(), told.predicted.predicted())
        )
        for words in incident.says:
            assert words in shown.out
            assert any(words in line for line in run.lines_with(f"[{host}]")) or host not in run.failed()
        assert (host in run.failed(), bool(changed)) in ((False, True), (True, False))
        assert (run.code, run.failed() - told.chosen.keys()) == (bool(run.failed()), set())
        assert set().union(*run.changed().values()) <= told.chosen.keys()
        assert predicted >= changed
        assert node(host).link("chosen") == told.chosen[host]


def test_a_run_starts_it_anew_once_and_then_leaves_it(settlement: Settlement, node: NodeOf, patient: Path) -> None:
    lab1 = node("lab1")
    for number in (1, 2):
        wait_until(partial(has_settled, lab1), 30, "the start timeout")
        pid = lab1.pid()
        lab1.shell(lies.KILL_A_CHILD.format(pid=pid))
        run = deploy(*limits("lab1"), site=patient)
        assert run.lines_with("imagenode: unhealthy: imagenode.service: 0 of 1 workers live")
        assert (run.code, lab1.pid() != pid) == ((0, True) if number == 1 else (1, False))
    lab1.shell("rm /run/sentinelcam/restarted-imagenode; systemctl restart imagenode")
    settlement.restore()


def test_a_stick_that_is_absent_is_no_fault_of_the_set(settlement: Settlement, lab: Lab, node: NodeOf) -> None:
    """Nothing is switched, taken back or started anew for it; it is said."""
    there = node("sentinel")
    host, pid = lab.host("sentinel"), there.pid()
    assert there.shell("cat /sys/bus/usb/devices/1-1/idProduct") == "9302"
    stick.pull_out(host)
    try:
        there.shell(lies.KILL_A_CHILD.format(pid=pid))
        shown = modelctl("status", "sentinel", "--site", str(DEFAULT_SITE))
        assert shown.code == 3
        assert "no stick: sentinel.service: 2 of 3 workers live, and the Coral stick is absent" in shown.out
        run = deploy(*limits("sentinel"))
        assert (run.code, run.changed()) == (1, {})
        assert run.lines_with("no stick: sentinel.service")
        assert there.pid() == pid
    finally:
        stick.plug_in(host)
        there.shell("systemctl restart sentinel")
    settlement.restore()
