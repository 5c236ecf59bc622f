"""Two operators, and one who lost a connection: nobody undoes another's work unawares, and all of it is on record."""

import getpass
import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import site_copy
from lab.lab import Lab
from lab.machine import wait_until
from tests import warm
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.node import STATE, Node
from tests.fleet.operator import COLLECT, DEFAULT_SITE, begin, deploy, end, predict, pyinfra
from tests.fleet.repository import Repository, cloned

OPERATOR = f"{getpass.getuser()}@{socket.gethostname()}"
LOCK = site_copy.FOLDER / "inventory" / ".deploy.lock"
LOG = "/home/ops/sentinelcam/logs/model_deployment.log"
READY = "Make the host ready"
LIMIT = 30  # seconds
SETTLE = 3  # seconds: long enough to break a switch off

pytestmark = pytest.mark.usefixtures("settled")


class TestOneSite:
    @pytest.fixture
    def first(self) -> Iterator[warm.Process]:
        """A deploy that has taken the site, and stands still."""
        with begin("--limit", "lab1") as process:
            wait_until(lambda: LOCK.exists() and f'"pid": {process.pid},' in LOCK.read_text(), LIMIT, "the site taken")
            process.send_signal(signal.SIGSTOP)
            yield process
            process.kill()

    def test_the_second_deploy_learns_who_holds_it(self, first: warm.Process) -> None:
        second = deploy("--limit", "east")
        since = json.loads(LOCK.read_text())["since"]
        assert second.code == 1
        assert second.err.strip().splitlines()[-1] == (
            f"{LOCK.parent}: another deploy of this site is running: {OPERATOR}, since {since}, "
            f"process {first.pid}: pyinfra {DEFAULT_SITE} deploys/configs.py -y --json --limit lab1; "
            "wait for it and run again"
        )
        assert "Connecting" not in second.err
        assert "Traceback" not in second.err
        assert predict("--limit", "east").code == 0
        assert pyinfra("--limit", "east", "exec", "--", "true").code == 0
        first.send_signal(signal.SIGCONT)
        assert end(first).code == 0

    def test_a_deploy_that_was_killed_is_no_obstacle(self, first: warm.Process) -> None:
        first.kill()
        first.wait(timeout=10)
        assert json.loads(LOCK.read_text())["pid"] == first.pid
        assert deploy("--limit", "east").code == 0


@pytest.fixture
def ahead(deployed: Lab, tmp_path: Path) -> Iterator[Repository]:
    """A clone of the lab's site, one commit ahead of it."""
    with cloned(tmp_path / "ahead", deployed) as repository:
        yield repository


def test_a_node_that_a_newer_commit_switched_is_refused_unless_it_is_named(
    ahead: Repository, tmp_path: Path, node: NodeOf
) -> None:
    lab1, newest = node("lab1"), ahead.git("rev-parse", "HEAD")
    hosts = {name: {"debug_mode": True} for name in ("lab1", "east")}
    newer = site.write(tmp_path / "newer.py", hosts=hosts, repository=ahead.folder)
    assert deploy("--limit", "lab1", site=newer).code == 0
    assert deploy("--limit", "east", site=site.write(tmp_path / "same.py", hosts=hosts)).code == 0
    ahead.git("reset", "--quiet", "--soft", "HEAD~1")

    before, limit = lab1.snapshot(), ("--limit", "lab1", "--limit", "east")
    reason = (
        f"lab1: imagenode was switched by commit {newest[:12]}, which this checkout does not contain; "
        f"git -C {ahead.folder}/inventory pull, or allow it with --data older=lab1"
    )
    predicted = pyinfra("deploys/configs.py", "--dry", "--json", *limit, site=ahead.inventory)
    refused = pyinfra("deploys/configs.py", "-y", "--json", *limit, site=ahead.inventory)
    for run in (predicted, refused):
        assert run.code == 1
        assert [line.strip().endswith(reason) for line in run.lines_with("which this checkout")] == [True]
    assert refused.failed() == {"lab1"}
    assert refused.changed() == {"Switch the canaries": {"east"}}
    assert lab1.snapshot() == before
    assert lab1.history()[-1].endswith(reason)
    assert " refused " in lab1.history()[-1]

    allowed = deploy("--limit", "lab1", "--data", "older=lab1", site=ahead.inventory)
    assert allowed.code == 0, allowed.err
    assert "INFO" in lab1.read("/home/ops/imagenode.yaml")
    assert deploy("--limit", "lab1", site=ahead.inventory).changed() == {}


def test_a_settled_run_renews_the_commit_of_a_set_that_the_site_has_squashed_away(
    ahead: Repository, tmp_path: Path, node: NodeOf
) -> None:
    """H11: else each later switch there would be refused."""
    lab1, gone = node("lab1"), ahead.git("rev-parse", "HEAD")
    newer = site.write(tmp_path / "newer.py", hosts={"lab1": {"debug_mode": True}}, repository=ahead.folder)
    assert deploy("--limit", "lab1", site=newer).code == 0
    ahead.git("reset", "--quiet", "--soft", "HEAD~1")
    ahead.git("commit", "--quiet", "--allow-empty", "--message", "All in one")
    pid = lab1.pid()
    predicted, settled = predict("--limit", "lab1", site=newer), deploy("--limit", "lab1", site=newer)
    assert settled.code == 0, settled.err
    assert predicted.predicted() == settled.changed() == {READY: {"lab1"}}
    assert lab1.pid() == pid
    commit = json.loads(lab1.read(f"{STATE}/sets/imagenode/chosen/set.json"))["commit"]
    assert commit.startswith(ahead.git("rev-parse", "HEAD")) != commit.startswith(gone)
    assert deploy("--limit", "lab1", site=newer).changed() == {}
    other = deploy("--limit", "lab1", site=ahead.inventory)
    assert other.code == 0, other.err


def log_of(node: NodeOf) -> list[str]:
    return node("data1").read(LOG).splitlines()


def test_the_datasink_has_the_lines_of_a_switch_and_a_second_run_changes_nothing(tmp_path: Path, node: NodeOf) -> None:
    before, words = log_of(node), ("--limit", "data1", "--limit", "east")
    variant = site.write(tmp_path / "variant.py", hosts={"east": {"debug_mode": True}})
    assert deploy(*words, site=variant).code == 0
    kept, [line] = log_of(node)[: len(before)], log_of(node)[len(before) :]
    chosen, left = node("east").link("chosen"), node("east").link("previous")
    assert kept == before
    assert f" imagenode chosen {left[:12]} -> {chosen[:12]} commit " in line
    assert line.endswith(f" by {OPERATOR}: pyinfra {variant} deploys/models.py -y --json {' '.join(words)}")
    assert line == node("east").history()[-1]
    assert node("data1").shell(f"stat -c '%U %a' {LOG}") == "ops 644"
    again = deploy(*words, site=variant)
    assert (again.code, again.changed()) == (0, {})
    assert log_of(node) == [*before, line]


def test_what_happened_without_the_datasink_is_collected_when_it_is_next_in_a_run(tmp_path: Path, node: NodeOf) -> None:
    before, words = log_of(node), ("--limit", "data1", "--limit", "east")
    variant = site.write(tmp_path / "variant.py", hosts={"east": {"debug_mode": True}})
    assert deploy("--limit", "east", site=variant).code == 0
    assert log_of(node) == before
    assert predict(*words, site=variant).predicted() == {COLLECT: {"data1"}}
    assert deploy(*words, site=variant).changed() == {COLLECT: {"data1"}}
    assert log_of(node) == [*before, node("east").history()[-1]]


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A site that changes two outposts, whose switches take their time."""
    hosts = {name: site.untried() for name in ("east", "alpha5")}
    return site.write(tmp_path / "slow.py", hosts=hosts, health_checks={"imagenode": {"settle_time": SETTLE}})


def is_switching(node: Node) -> bool:
    return node.code("systemctl is-active --quiet sentinelcam-switch-imagenode.service") == 0


def lose_connection(node: Node) -> None:
    """End the operator's session on the node, and what it had begun there."""
    node.shell("pkill -KILL -u ops sshd")


@pytest.mark.parametrize("is_bad", [False, True], ids=["good", "bad"])
def test_a_switch_that_the_operator_lost_is_found_and_reported_by_the_next_run(
    slow: Path, node: NodeOf, is_bad: bool
) -> None:
    east, log, limit = node("east"), log_of(node), ("--limit", "data1", "--limit", "east", "--limit", "alpha5")
    before, left = node("alpha5").snapshot(), east.link("chosen")
    if is_bad:
        east.misbehave(when="DEBUG", crash_after=SETTLE / 2)
    with begin(*limit, site=slow) as first:
        wait_until(lambda: is_switching(east), LIMIT, "east: switching")
        lose_connection(east)
        run = end(first)
    assert (run.code, run.failed()) == (1, {"east", "alpha5"})
    assert [line.strip() for line in run.err.splitlines()[-4:]] == [
        "--> Rollout: east gave no answer in mid-switch",
        "new set: data1",
        "unknown: east",
        "never touched: alpha5",
    ]
    assert node("alpha5").snapshot() == before

    pending = f"{STATE}/sets/imagenode/pending"
    wait_until(lambda: not is_switching(east) and not east.exists(pending), LIMIT, "east: the end of its switch")
    assert (east.link("chosen") == left) is is_bad
    outcome = " returned " if is_bad else " chosen "
    assert outcome in east.history()[-1]
    following = pyinfra("deploys/configs.py", "-y", "--json", *limit, site=slow)
    tried = following.lines_with("imagenode: this set was tried at ")
    if is_bad:
        assert following.code == 1
        # A look may fall between a worker's last words and the end of them all.
        assert re.search(f"by {OPERATOR} and returned: imagenode.service (ended after its start|said: )", tried[0])
    else:
        assert (following.code, tried) == (0, [])
    [line, *_] = [line for line in log_of(node)[len(log) :] if " east#" in line]
    assert outcome in line
