"""What the service's user does at the right moment: root's own folders and links are not turned against it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.attacker import SECRET, TARGET, Attacker, changes, picture, remove_targets, set_targets
from tests.fleet.attacks import CURRENT, FACES, PROTOTXT, SSD, STAGING
from tests.fleet.conftest import NodeOf
from tests.fleet.held import Held
from tests.fleet.node import STATE, Node
from tests.fleet.operator import begin, deploy, end
from tests.fleet.settlement import Settlement

NOTE = "/home/ops/note"
"""A file of root's that lies where its owner has no say."""
FILES = "manifest.yaml MobileNetSSD_deploy.prototxt MobileNetSSD_deploy.caffemodel"
SWITCHING = "/run/systemd/transient/sentinelcam-switch-datapump.service"


@pytest.fixture(scope="module", autouse=True)
def targets(deployed: Lab, settlement: Settlement) -> Iterator[None]:
    """What is aimed at."""
    settlement.restore()
    set_targets(deployed, "lab1", "data2")
    yield
    remove_targets(deployed, "lab1", "data2")
    settlement.restore()


@pytest.fixture(scope="module")
def undisturbed(node: NodeOf, targets: None) -> tuple[list[str], str]:
    """The moments of a pull of the version to lab1; and what it then has of the version."""
    del targets
    there, held = node("lab1"), Held(node("lab1"))
    Attacker(there).run(f"rm -rf {SSD}")
    held.order("pull", at=0)
    assert deploy("--limit", "lab1").code == 0
    held.forget()
    return held.moments(), version(there)


@pytest.fixture
def lab1(node: NodeOf, settlement: Settlement, undisturbed: object) -> Iterator[Node]:
    """lab1, which lacks its version; with others' orders forgotten afterwards."""
    del undisturbed
    there = node("lab1")
    Attacker(there).run(f"rm -rf {SSD}")
    there.shell(f"rm -rf {STATE}/stamps{SSD}")
    yield there
    there.shell(f"rm -rf /etc/sentinelcam-lab {STAGING}* /home/ops/mine")
    settlement.restore()


def version(node: Node) -> str:
    """What a host has of the version: kinds, owners, modes and bytes."""
    return node.shell(f"cd {SSD} && find . -printf '%y %u %m %p\\n' | sort && sha256sum *")


@pytest.mark.parametrize(
    "deed",
    [
        f"ln -sfn {SECRET} {STAGING}/mobilenet_ssd/2020-12-06/MobileNetSSD_deploy.prototxt",
        f"mv {STAGING} {STAGING}-root; ln -s {TARGET} {STAGING}",
        f"mv {STAGING} {STAGING}-root; mkdir -p {STAGING}/mobilenet_ssd/2020-12-06;"
        f"ln -s {SECRET} {STAGING}/mobilenet_ssd/2020-12-06/MobileNetSSD_deploy.prototxt;"
        f"ln -s {SECRET} {STAGING}/mobilenet_ssd/2020-12-06/manifest.yaml",
        f"mv {STAGING} {STAGING}-root; mkdir -p {STAGING}/mobilenet_ssd/2020-12-06;"
        f"for name in {FILES}; do echo mine >{STAGING}/mobilenet_ssd/2020-12-06/$name; done",
        f"mv {STAGING} {STAGING}-root; mkdir -p {STAGING}/mobilenet_ssd; mv {NOTE} {STAGING}/mobilenet_ssd/2020-12-06",
    ],
    ids=["file", "staging", "staging-with-a-link", "staging-of-files", "staging-with-a-note-of-root"],
)
def test_r3_a_verified_file_is_not_exchanged(lab1: Node, undisturbed: tuple[list[str], str], deed: str) -> None:
    """R3: while the next one is hashed, it, or all that was staged, is replaced by a link to what is root's.

    Or by others' bytes, which would count as verified.
    """
    moments, wanted = undisturbed
    lab1.shell(f"umask 077; echo mine >{NOTE}")
    last = max(number for number, moment in enumerate(moments, 1) if moment.startswith("before give"))
    before, held = picture(lab1.lab, "lab1"), Held(lab1)
    held.order("pull", at=last)
    with begin("--limit", "lab1", program="deploys/models.py") as deploying:
        held.wait()
        subprocess.run(Attacker(lab1).words(deed), check=False)  # in vain, or not
        held.release()
        run = end(deploying)
    assert changes(before, picture(lab1.lab, "lab1")) == []
    assert "Traceback" not in run.out + run.err
    assert version(lab1) == wanted
    assert lab1.shell(f"find {NOTE} {STAGING} -type f -user root -perm 600 -size -9c 2>/dev/null; true") != ""
    lab1.shell(f"rm -rf {STAGING} {STAGING}-root {NOTE}")
    assert deploy("--limit", "lab1").code == 0
    assert lab1.shell(f"stat --format='%U %a %F' {PROTOTXT}") == "ops 644 regular file"


def test_a_link_in_a_shared_folder_opens_nothing_of_its_group(
    node: NodeOf, settlement: Settlement, tmp_path: Path
) -> None:
    """What is made in a set-group-ID folder has the folder's group; whoever makes it need not be a member."""
    data2 = node("data2")
    data2.shell(f"chgrp root {FACES}; chmod g+s {FACES}; chmod 640 {SECRET}")
    try:
        Attacker(data2).run(f"mv {CURRENT} aside; ln -s {SECRET} {CURRENT}")
        assert data2.shell(f"stat --format=%G {CURRENT}") == "root"
        run = deploy("--limit", "data2", site=site.write(tmp_path / "site.py", hosts={"data2": {"debug_mode": True}}))
    finally:
        data2.shell(f"chmod 600 {SECRET}; chgrp ops {FACES}; chmod g-s {FACES}; mv /home/ops/aside {CURRENT}")
        settlement.restore()
    assert run.code == 1
    assert len([line for line in run.lines_with("[data2]") if f"{SECRET}: Permission denied" in line]) == 1, run.err


def test_a_link_that_was_found_does_not_come_back_as_root_s(
    node: NodeOf, deployed: Lab, settlement: Settlement, tmp_path: Path
) -> None:
    """The set that a node had before the first deploy has links whose targets are the attacker's choice.

    A return makes them again. As root's they would count, and the attacker could move one to where root writes.
    """
    data2 = node("data2")
    data2.misbehave(when="DEBUG", exit=[1, "out of order"])
    variant = site.write(tmp_path / "site.py", hosts={"data2": {"debug_mode": True}})
    data2.shell(f"rm -rf {STATE}/sets/datapump")
    before, attacker = picture(deployed, "data2"), Attacker(data2)
    try:
        once = f"ln -sfn {TARGET} {CURRENT}; sleep 6"  # it is found so, and not touched after that
        with attacker.repeating(f"test ! -e {SWITCHING} || {{ {once}; }}"):
            run = deploy("--limit", "data2", site=variant)
        assert (run.code, "Traceback" in run.err) == (1, False)
        assert f'"target": "{TARGET}"' in data2.shell(f"cat {STATE}/sets/datapump/*/set.json")
        attacker.run(f"mv {FACES} aside; mv -T aside/facelist_current.csv {FACES}")
        run = deploy("--limit", "data2", site=variant)
        assert "Traceback" not in run.out + run.err
        assert changes(before, picture(deployed, "data2")) == []
    finally:
        data2.shell(f"rm -rf /etc/sentinelcam-lab {STATE}/sets/datapump {FACES}; mv /home/ops/aside {FACES}")
        attacker.run(f"ln -sfn facelist_2026-02-02.csv {CURRENT}")
        settlement.restore()
