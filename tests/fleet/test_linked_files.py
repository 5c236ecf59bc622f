"""Linked files hold what exists nowhere else: copied aside before a switch that touches them, and never cut off."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.conftest import NodeOf, task_writing
from tests.fleet.node import STATE, Node
from tests.fleet.operator import CHECKOUT, begin, deploy, end

pytestmark = pytest.mark.usefixtures("settled")

VERSIONS = "/home/ops/sentinel/models/face_recognition"
OLD, NEW = "2026-02-02", "2026-03-03"
KEPT = f"{STATE}/kept/face_recognition"
NAMES = ("facelist.csv", "facedata.hdf5")


@pytest.fixture
def sentinel(node: NodeOf) -> Iterator[Node]:
    """The sentinel, whose tasks have added to both files."""
    there = node("sentinel")
    there.shell(f"cp -a {VERSIONS} /root/before")
    for name in NAMES:
        there.shell(f"echo 2026-11-22,{there.pid()},a new face >>{VERSIONS}/{OLD}/{name}")
    yield there
    there.shell(f"cp -a /root/before/{OLD}/face[ld]* {VERSIONS}/{OLD}/ && rm -rf {VERSIONS}/{NEW} /root/*before")


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The site with a newer version of the faces."""
    return site.write(tmp_path / "newer.py", versions={"face_recognition": NEW})


def digests(node: Node, version: str) -> dict[str, str]:
    return {name: node.sha256(f"{VERSIONS}/{version}/{name}") for name in NAMES}


def copies(node: Node) -> list[str]:
    return node.shell(f"find {KEPT} -type f").split()


def test_they_are_copied_aside_before_a_switch_to_another_version(sentinel: Node, newer: Path) -> None:
    before = digests(sentinel, OLD)
    assert deploy("--limit", "sentinel", site=newer).code == 0
    assert f"{VERSIONS}/{NEW}/facemodel.pickle" in sentinel.read("/home/ops/sentinel/tasks/FaceRecon.yaml")
    assert digests(sentinel, OLD) == before
    for name, sha256 in before.items():
        assert sentinel.sha256(f"{KEPT}/{OLD}/{name}.{sha256[:12]}") == sha256


def test_a_switch_that_keeps_their_version_copies_nothing(sentinel: Node, tmp_path: Path) -> None:
    before, kept = digests(sentinel, OLD), copies(sentinel)
    variant = site.write(tmp_path / "site.py", hosts={"sentinel": {"debug_mode": True}})
    assert deploy("--limit", "sentinel", site=variant).code == 0
    assert (digests(sentinel, OLD), copies(sentinel)) == (before, kept)


def test_the_runbook_s_commands_bring_one_back(sentinel: Node, newer: Path, lab: Lab) -> None:
    lost = digests(sentinel, OLD)
    assert deploy("--limit", "sentinel", site=newer).code == 0
    wrecked, pid = digests(sentinel, NEW), sentinel.pid()
    for name, sha256 in lost.items():
        copy = f"{KEPT}/{OLD}/{name}.{sha256[:12]}"
        commands = runbook_commands("Get a linked file back")
        for word, value in (("VERSION", NEW), ("FROM", OLD), ("NAME", name), ("DIGEST", sha256[:12])):
            commands = commands.replace(word, value)
        result = lab.run("sentinel", f"set -e\n{commands}", user="ops")
        assert (result.returncode, result.stderr) == (0, "")
        assert [line for line in result.stdout.splitlines() if line.endswith(f"  {copy}")]
        assert "/proc/" not in result.stdout
        assert sentinel.sha256(f"/root/{name}.before") == wrecked[name]
        assert sentinel.shell(f"stat --format='%U %G %a' {VERSIONS}/{NEW}/{name}") == "ops ops 644"
    assert digests(sentinel, NEW) == lost
    assert sentinel.pid() == pid
    assert deploy("--limit", "sentinel", site=newer).changed() == {}


def runbook_commands(section: str) -> str:
    """The commands of a section of the runbook, as they are printed."""
    text = (CHECKOUT / "docs" / "runbook.md").read_text(encoding="utf-8")
    [found] = [part for part in text.split("\n## ") if part.startswith(section)]
    return "\n".join(line.strip() for line in found.splitlines() if line.startswith("    "))


def test_a_runbook_command_shows_who_has_a_file_open(sentinel: Node, writer: "subprocess.Popen[str]", lab: Lab) -> None:
    [command] = [line for line in runbook_commands("Get a linked file back").splitlines() if "-lname" in line]
    shown = lab.run("sentinel", f"cd {VERSIONS}/{OLD}; {command.replace('NAME', 'facedata.hdf5')}", user="ops").stdout
    assert writer.poll() is None
    assert len(shown.splitlines()) == 1
    assert sentinel.shell(f"readlink {shown.strip()}") == f"{VERSIONS}/{OLD}/facedata.hdf5"


def tries(node: Node) -> int:
    """How often a return found a file open, after the switch itself had."""
    journal = node.shell("journalctl --unit=sentinelcam-recover@sentinel --output=cat")
    return journal.count("open for writing for more than 3 s")


def test_a_return_waits_until_the_file_is_closed(sentinel: Node, tmp_path: Path, lab: Lab) -> None:
    variant = site.write(
        tmp_path / "site.py", hosts={"sentinel": {"debug_mode": True}}, gates={"sentinel": {"deadline": 4}}
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
    [line] = run.lines_with(f"sentinel: returned to {old[:12]}: ")
    assert "port 5566 is closed, expected open within 4 s" in line
    assert sentinel.link("chosen") == old
    assert sentinel.pid() == sentinel.status()["pid"] not in (0, pid, bad)
