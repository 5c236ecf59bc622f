"""What the service's user puts in root's way, in files and links: root is not led elsewhere, nor held up."""

import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.attacker import Attacker, changes, listing, picture, remove_targets, set_targets
from tests.fleet.attacks import ACCESSES, CLEANUPS, COLLECTS, DEPLOYS, KEYS, LOOKS, RESTORES, Attack
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.depot import give_the_sentinel
from tests.fleet.node import STATE
from tests.fleet.operator import DEFAULT_SITE, Run, deploy, modelctl, pyinfra
from tests.fleet.rounds import Outcome, assert_in_vain, assert_told, strike
from tests.fleet.settlement import Settlement
from tests.fleet.test_cleanup_nodes import SITE

LONG = (2, 3, 5, 6, 7)
"""Rounds that are left to the long run."""
COLLECTED = "/home/ops/sentinelcam/collected"
FACES = ("face_recognition", "2026-02-02")
OLD_FACES = "face_recognition/2025-02-25"
"""Another story may have deployed it; the clean-up of this one deletes it."""
SPARE_VERSIONS = ("mobilenet_ssd/2026-05-01", "mobilenet_ssd/2026-06-01")


@pytest.fixture(scope="module", autouse=True)
def targets(deployed: Lab, settlement: Settlement, node: NodeOf) -> Iterator[None]:
    """What is aimed at; nothing is left behind in a home."""
    settlement.restore()
    node("sentinel").shell(f"cd /home/ops/sentinel/models && rm -rf {OLD_FACES} {' '.join(SPARE_VERSIONS)}")
    node("data1").shell(f"rm -rf {COLLECTED}")
    set_targets(deployed, *SERVED)
    before = {name: set(listing(node(name))) for name in SERVED}
    yield
    remove_targets(deployed, *SERVED)
    node("data1").shell(f"rm -rf {COLLECTED}")
    settlement.restore()
    # The clean-up here may also have taken away what another story left.
    assert {name: set(listing(node(name))) - before[name] for name in SERVED} == {name: set() for name in SERVED}


@pytest.fixture(scope="module")
def debug(tmp_path_factory: pytest.TempPathFactory, targets: None, settlement: Settlement) -> Path:
    """A site that wants another set of each host; all have had it, so that none waits for another."""
    del targets
    path = tmp_path_factory.mktemp("debug") / "site.py"
    hosts = {name: {"debug_mode": True} for name in SERVED if name != "data1"}
    variant = site.write(path, hosts={**hosts, "data1": {"debug_mode": True}})
    assert deploy(site=variant).code == 0
    settlement.restore()
    return variant


@pytest.fixture(scope="module")
def deploys(deployed: Lab, settlement: Settlement, debug: Path) -> Callable[[int], Outcome]:
    """The rounds before a deploy, each made once."""

    def made(number: int) -> Outcome:
        try:
            return strike(deployed, DEPLOYS[number], lambda: deploy(*limits(DEPLOYS[number]), site=debug))
        finally:
            settlement.restore()

    return cache(made)


def limits(attacks: Iterable[Attack]) -> list[str]:
    """The attacked hosts, and one without a service: where all hosts fail pyinfra reports nothing."""
    return [word for name in (*(attack.host for attack in attacks), "deepend") for word in ("--limit", name)]


def rows(*rounds: tuple[Attack, ...]) -> pytest.MarkDecorator:
    """A row for each attack of the rounds, with its round's number."""
    found = [
        pytest.param(
            number, attack, id=f"{attack.host}-{attack.name}", marks=[pytest.mark.long] if number in LONG else []
        )
        for number, attacks in enumerate(rounds)
        for attack in attacks
    ]
    return pytest.mark.parametrize(("number", "attack"), found)


@rows(*DEPLOYS)
def test_a_deploy_is_not_misled(deploys: Callable[[int], Outcome], number: int, attack: Attack) -> None:
    outcome = deploys(number)
    assert_in_vain(attack, outcome)
    assert_told(attack, outcome, outcome.run.failed())


@pytest.fixture(scope="module")
def looks(deployed: Lab, targets: None) -> Outcome:
    """The round before who only looks: modelctl status, modelctl verify, and the status at each console."""
    del targets

    def look() -> Run:
        runs = [modelctl(*words, "--site", str(DEFAULT_SITE)) for words in (("status",), ("verify", "--nodes"))]
        for name in SERVED:
            runs.append(status_at_console(deployed, name))
        return Run(max(run.code for run in runs), "".join(run.out for run in runs), "".join(run.err for run in runs))

    return strike(deployed, LOOKS, look)


def status_at_console(lab: Lab, name: str) -> Run:
    """What it writes may be no text."""
    done = subprocess.run([*lab.console(name), "sentinelcam-node", "status"], capture_output=True, check=False)
    return Run(done.returncode, *(text.decode(errors="surrogateescape") for text in (done.stdout, done.stderr)))


@rows(LOOKS)
def test_who_only_looks_is_not_misled(looks: Outcome, number: int, attack: Attack) -> None:
    del number
    assert_in_vain(attack, looks)
    said = looks.run.out + looks.run.err
    assert not [letter for letter in said if not letter.isprintable() and letter != "\n"]
    assert "\nwell" not in said


@pytest.fixture
def second_keys(deployed: Lab, node: NodeOf) -> Iterator[None]:
    """The operator's key where sshd looks next, as an attacker leaves it who wants the operator to come."""
    del deployed
    data1 = node("data1")
    data1.shell(f"grep -v cert-authority {KEYS} >{KEYS}2 && chown ops: {KEYS}2")
    yield
    data1.shell(f"rm {KEYS}2")


@pytest.mark.usefixtures("second_keys")
@pytest.mark.parametrize("attack", ACCESSES, ids=lambda attack: attack.name)
def test_an_authorization_is_not_misled(deployed: Lab, node: NodeOf, attack: Attack) -> None:
    outcome = strike(deployed, [attack], lambda: pyinfra("deploys/access.py", "-y", "--limit", "data1"))
    assert_in_vain(attack, outcome)
    assert_told(attack, outcome, {"data1"} if outcome.run.code else set())
    assert "cert-authority" in node("data1").read(KEYS)


@pytest.mark.parametrize("attack", COLLECTS, ids=lambda attack: attack.name)
def test_a_collect_is_not_misled(deployed: Lab, attack: Attack) -> None:
    words = ("collect", "sentinel", *FACES, "--yes", "--site", str(DEFAULT_SITE))
    outcome = strike(deployed, [attack], lambda: modelctl(*words))
    assert_in_vain(attack, outcome)
    assert_told(attack, outcome, {"sentinel"} if outcome.run.code else set())


@pytest.fixture
def backup(deployed: Lab, node: NodeOf) -> str:
    """The digest of a backup of the sentinel's list."""
    del deployed
    there = node("sentinel")
    folder = f"{STATE}/kept/{'/'.join(FACES)}"
    listed = f"/home/ops/sentinel/models/{'/'.join(FACES)}/facelist.csv"
    digest = there.sha256(listed)[:12]
    there.shell(f"install -D --mode=600 {listed} {folder}/facelist.csv.{digest}")
    return digest


@pytest.mark.parametrize("attack", RESTORES, ids=lambda attack: attack.name)
def test_a_restore_is_not_misled(deployed: Lab, node: NodeOf, backup: str, attack: Attack) -> None:
    words = ("restore", "sentinel", f"{'/'.join(FACES)}/facelist.csv", backup, "--site", str(DEFAULT_SITE))
    outcome = strike(deployed, [attack], lambda: modelctl(*words))
    assert_in_vain(attack, outcome)
    there = node("sentinel")
    wait_until(lambda: there.pid() == there.status()["pid"] != 0, 20, "the sentinel's service")


@pytest.mark.parametrize("attack", CLEANUPS, ids=lambda attack: attack.name)
def test_a_clean_up_is_not_misled(deployed: Lab, node: NodeOf, tmp_path: Path, attack: Attack) -> None:
    path = tmp_path / "inventory.py"
    path.write_text(SITE, encoding="utf-8")
    give_the_sentinel(deployed, *SPARE_VERSIONS)
    try:
        outcome = strike(deployed, [attack], lambda: modelctl("prune", "nodes", "--yes", "--site", str(path)))
    finally:
        node("sentinel").shell(f"cd /home/ops/sentinel/models && rm -rf {' '.join(SPARE_VERSIONS)}")
    assert_in_vain(attack, outcome)


def test_a_change_of_what_is_root_s_is_seen(deployed: Lab, node: NodeOf) -> None:
    east = node("east")
    before = picture(deployed, "east")
    made = {
        "etc/hostname": "echo ' ' >>/etc/hostname",
        "etc/hosts": "chmod 666 /etc/hosts",
        "etc/target/secret": "chown ops /etc/target/secret",
        "etc/target/tree/empty/empty": "rmdir /etc/target/tree/empty/empty",
        "usr/local/sbin/sentinelcam-node": "ln -sf /home/ops/x /usr/local/sbin/sentinelcam-node",
        "root/left": "touch /root/left",
        "etc/cron.d/left": "mkdir -p /etc/cron.d; touch /etc/cron.d/left",
        "etc/systemd/system/left.service": "touch /etc/systemd/system/left.service",
    }
    east.shell("cp -a /etc/hostname /etc/hosts /etc/target /usr/local/sbin/sentinelcam-node /var/tmp/")
    try:
        for command in made.values():
            east.shell(command)
        found = changes(before, picture(deployed, "east"))
    finally:
        east.shell(
            "rm -rf /etc/target /etc/cron.d/left /etc/systemd/system/left.service /root/left; cd /var/tmp;"
            "mv hostname hosts target /etc/; mv sentinelcam-node /usr/local/sbin/"
        )
    assert set(made) <= set(found)
    assert set(changes(before, picture(deployed, "east"))) <= {"etc/cron.d"}


def test_the_attacker_has_no_way_to_root(deployed: Lab, node: NodeOf) -> None:
    attacker = Attacker(node("east"))
    for attempt in ("sudo -n true", "cat /root/secret", "ls /home/ops/imagenode/models/.staging", "touch /etc/ops"):
        with pytest.raises(AssertionError):
            attacker.run(attempt)
    attacker.run("test $(id --user) = 1000")
    assert deployed.running("east")
