"""Linked files hold what exists nowhere else: copied aside before a switch that touches them, and never cut off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.conftest import NodeOf, task_writing
from tests.fleet.node import STATE, Node
from tests.fleet.operator import CHECKOUT, begin, deploy, end, modelctl
from tests.fleet.settlement import Settlement

VERSIONS = "/home/ops/sentinel/models/face_recognition"
OLD, NEW = "2026-02-02", "2026-03-03"
KEPT = f"{STATE}/kept/face_recognition"
NAMES = ("facelist.csv", "facedata.hdf5")


@pytest.fixture
def sentinel(settled: None, node: NodeOf) -> Iterator[Node]:
    """The sentinel, whose tasks have added to both files."""
    del settled
    with added_to(node("sentinel")) as there:
        yield there


@contextmanager
def added_to(there: Node) -> Iterator[Node]:
    """Let tasks add to both files; as before afterwards."""
    there.shell(f"cp -a {VERSIONS} /root/before")
    for name in NAMES:
        there.shell(f"echo 2026-11-22,{there.pid()},a new face >>{VERSIONS}/{OLD}/{name}")
    try:
        yield there
    finally:
        there.shell(f"cp -a /root/before/{OLD}/face[ld]* {VERSIONS}/{OLD}/ && rm -rf {VERSIONS}/{NEW} /root/*before")


def digests(node: Node, version: str) -> dict[str, str]:
    return {name: node.sha256(f"{VERSIONS}/{version}/{name}") for name in NAMES}


def copies(node: Node) -> list[str]:
    return node.shell(f"find {KEPT} -type f").split()


@dataclass(frozen=True)
class Switched:
    """The sentinel after a switch to a newer version of the faces, and what the tasks had added to the older one.

    :param site: the site that has the newer version.
    """

    sentinel: Node
    before: dict[str, str]
    site: Path


@pytest.fixture(scope="class")
def switched(settlement: Settlement, node: NodeOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switched]:
    newer = site.write(tmp_path_factory.mktemp("newer") / "newer.py", versions={"face_recognition": NEW})
    with added_to(node("sentinel")) as sentinel:
        before = digests(sentinel, OLD)
        assert deploy("--limit", "sentinel", site=newer).code == 0
        yield Switched(sentinel, before, newer)
    settlement.restore()


class TestASwitchToAnotherVersion:
    def test_they_are_copied_aside_before_it(self, switched: Switched) -> None:
        sentinel, before = switched.sentinel, switched.before
        assert f"{VERSIONS}/{NEW}/facemodel.pickle" in sentinel.read("/home/ops/sentinel/tasks/FaceRecon.yaml")
        assert digests(sentinel, OLD) == before
        for name, sha256 in before.items():
            assert sentinel.sha256(f"{KEPT}/{OLD}/{name}.{sha256[:12]}") == sha256

    def test_the_runbook_s_command_brings_one_back(self, switched: Switched) -> None:
        """D2"""
        sentinel, lost, newer = switched.sentinel, switched.before, switched.site
        wrecked, shown = digests(sentinel, NEW), modelctl("restore", "sentinel", "--site", str(newer))
        assert (shown.code, shown.err) == (0, "")
        [*_, command] = [line for line in runbook_commands("Get a linked file back") if line.endswith("DIGEST")]
        for name, sha256 in lost.items():
            assert f"sentinel: face_recognition/{OLD}/{name} {sha256[:12]} of 20" in shown.out
            pid, words = (
                sentinel.pid(),
                command.replace("VERSION", NEW).replace("NAME", name).replace("DIGEST", sha256[:12]),
            )
            done = modelctl(*words.split()[1:], "--site", str(newer))
            assert (done.code, done.err) == (0, "")
            assert sentinel.sha256(done.out.split()[-1]) == wrecked[name]
            assert sentinel.shell(f"stat --format='%U %G %a' {VERSIONS}/{NEW}/{name}") == "ops ops 644"
            assert sentinel.pid() not in (0, pid)
        assert digests(sentinel, NEW) == lost
        assert " restored " in sentinel.shell("sentinelcam-node history | tail -1")
        assert deploy("--limit", "sentinel", site=newer).changed() == {}

    def test_a_sweep_that_is_running_does_not_write_over_what_was_put_back(self, switched: Switched) -> None:
        """D2: it holds its list in memory, and has no file open until its end."""
        sentinel, wanted = switched.sentinel, switched.before["facelist.csv"]
        live = f"{VERSIONS}/{NEW}/facelist.csv"
        sentinel.shell(f"echo not what was put back >>{live}")
        sweep = begin_task(sentinel, f"sleep 8; echo swept >{live}; touch /run/swept")
        words = (f"face_recognition/{NEW}/facelist.csv", wanted[:12])
        assert modelctl("restore", "sentinel", *words, "--site", str(switched.site)).code == 0
        wait_until(lambda: sentinel.code(f"kill -0 {sweep}") != 0, 20, "the end of the sweep")
        assert not sentinel.exists("/run/swept")
        assert sentinel.sha256(live) == wanted


def test_a_switch_that_keeps_their_version_copies_nothing(sentinel: Node, tmp_path: Path) -> None:
    before, kept = digests(sentinel, OLD), copies(sentinel)
    variant = site.write(tmp_path / "site.py", hosts={"sentinel": {"debug_mode": True}})
    assert deploy("--limit", "sentinel", site=variant).code == 0
    assert (digests(sentinel, OLD), copies(sentinel)) == (before, kept)


def test_a_list_that_the_stop_cuts_short_is_put_back_and_told(sentinel: Node, node: NodeOf, tmp_path: Path) -> None:
    """D3: SIGTERM comes while the list is written in place."""
    live = f"{VERSIONS}/{OLD}/facelist.csv"
    whole, size = sentinel.sha256(live), sentinel.size(live)
    sentinel.misbehave(when="level: INFO", tear=live)
    begin_anew(sentinel)
    variant = site.write(tmp_path / "site.py", hosts={"sentinel": {"debug_mode": True}})
    run = deploy("--limit", "sentinel", "--limit", "data1", site=variant)
    assert run.code == 0, run.err
    assert sentinel.sha256(live) == whole
    assert sentinel.shell(f"stat --format='%U %G %a' {live}") == "ops ops 644"
    assert sentinel.status()["pid"] == sentinel.pid() != 0

    [told] = [line for line in sentinel.history() if f"{live}: cut short by the stop" in line]
    assert "it is again as it was just before; what was left: " in told
    half = told.rpartition(" ")[2]
    assert (sentinel.size(half), sentinel.sha256(half)[:12]) == (size // 2, half.rpartition(".")[2])
    assert told.split(" sentinel ", 1)[1] in node("data1").read("/home/ops/sentinelcam/logs/model_deployment.log")
    assert deploy("--limit", "sentinel", site=variant).changed() == {}


def begin_anew(node: Node) -> None:
    """Let the service start as it has been ordered to since."""
    node.shell(f"systemctl restart {node.service}")
    wait_until(lambda: node.status()["pid"] == node.pid() != 0, 20, f"{node.name}: another start")


def begin_task(node: Node, script: str) -> str:
    """Run a script that begins with a sleep beside the sentinel's processes, as its tasks run; returns its id."""
    dropin = "/run/systemd/system/sentinel.service.d"
    node.shell(f"mkdir {dropin}")
    node.write(f"{dropin}/task.conf", f"[Service]\nExecStartPost=/bin/sh -c '({script}) &'\n")
    node.shell(f"systemctl daemon-reload && systemctl restart sentinel && rm -r {dropin} && systemctl daemon-reload")
    process = node.shell("ps -o ppid= -p $(pgrep --exact --newest sleep)").strip()
    assert process in node.shell("systemd-cgls --unit sentinel.service")
    return process


def runbook_commands(section: str) -> list[str]:
    """The commands of a section of the runbook's page on linked files, as they are printed."""
    text = (CHECKOUT / "docs" / "how-to" / "linked-files.md").read_text(encoding="utf-8")
    [found] = [part for part in text.split("\n## ") if part.startswith(section)]
    return [line.strip() for line in found.splitlines() if line.startswith("    ")]


def tries(node: Node) -> int:
    """How often a return found a file open, after the switch itself had."""
    journal = node.shell("journalctl --unit=sentinelcam-recover@sentinel --output=cat")
    return journal.count("open for writing for more than 3 s")


def test_a_return_waits_until_the_file_is_closed(sentinel: Node, tmp_path: Path, lab: Lab) -> None:
    variant = site.write(
        tmp_path / "site.py", hosts={"sentinel": {"debug_mode": True}}, health_checks={"sentinel": {"start_timeout": 4}}
    )
    old, pid, before = sentinel.link("chosen"), sentinel.pid(), tries(sentinel)
    sentinel.misbehave(when="DEBUG", port_after=None)
    with begin("--limit", "sentinel", site=variant) as deploying:
        wait_until(lambda: sentinel.link("chosen") != old and sentinel.pid() not in (0, pid), 20, "the bad set's start")
        bad = sentinel.pid()
        with task_writing(lab, f"{VERSIONS}/{OLD}/facedata.hdf5") as task:
            wait_until(lambda: tries(sentinel) > before, 20, "a try to return")
            assert (sentinel.pid(), sentinel.link("chosen") != old, task.poll()) == (bad, True, None)
            assert "  pending   " in sentinel.shell("sentinelcam-node status")
        run = end(deploying)
    assert run.code == 1
    [line] = run.lines_with(f"sentinel: rolled back to {old[:12]}: ")
    assert "port 5566 is closed, expected open within 4 s" in line
    assert sentinel.link("chosen") == old
    assert sentinel.pid() == sentinel.status()["pid"] not in (0, pid, bad)
