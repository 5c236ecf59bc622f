"""What the service's user puts in the way of programs that root starts: none of it runs as root.

A service is started by systemd, after root has put its set in place; a deploy starts root's program from the home.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet.attacker import HOME, RAN, Attacker, changes, listing, picture
from tests.fleet.conftest import NodeOf
from tests.fleet.node import STATE, Node
from tests.fleet.operator import Run, deploy, modelctl
from tests.fleet.settlement import Settlement

PACKAGES = "lib/python3.11/site-packages"
BESIDE = f"{HOME}/imagenode/imagenode"
"""The program's folder, where its Python looks first, and its working directory."""
MODULES = {"json": "json/__init__.py", "shutil": "shutil.py", "hashlib": "hashlib.py", "tempfile": "tempfile.py"}
R1 = f"{BESIDE}/json.py", f"{HOME}/.local/{PACKAGES}/r1.pth", f"{BESIDE}/shutil.py", f"{BESIDE}/sitecustomize.py"
R8 = f"{HOME}/.opencv/{PACKAGES}/r8.pth", f"{HOME}/.opencv/{PACKAGES}/sitecustomize.py"
R2 = *(f"{HOME}/{module}.py" for module in MODULES), f"{HOME}/node/__init__.py", f"{HOME}/.local/{PACKAGES}/r2.pth"
PROGRAMS = ("python3", "systemctl", "rsync", "ssh-keygen", "systemd-run")
MADE = f"{HOME}/made"
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108
UNIT_VARIABLES = "Environment,EnvironmentFiles,PassEnvironment"


@dataclass(frozen=True)
class Result:
    """What of the planted code ran, and as whom; what has changed of root's; and what the operator saw."""

    ran: dict[str, set[str]]
    changed: list[str]
    run: Run
    status: dict[str, object]
    pid: int


def plant(attacker: Attacker, *paths: str) -> None:
    attacker.write(RAN, "")  # else root's would be closed to the service, which would not start
    for path in paths:
        module = path.rpartition("/")[2].removesuffix(".py")
        if path.endswith(".pth"):
            attacker.plant_start(path)
        else:
            attacker.plant(path, MODULES.get(module))


def result(node: Node, before: dict[str, tuple[int, int, int, str]], run: Run) -> Result:
    changed = changes(before, picture(node.lab, node.name))
    return Result(Attacker(node).ran(), changed, run, node.status(), node.pid())


@pytest.fixture(scope="module")
def infected(deployed: Lab, settlement: Settlement, node: NodeOf) -> Iterator[Result]:
    """lab1, its service ended by the attacker and started again by systemd, with all that R1 and R8 plant."""
    settlement.restore()
    lab1, files = node("lab1"), listing(node("lab1"))
    before, attacker = picture(deployed, "lab1"), Attacker(lab1)
    try:
        plant(attacker, *R1, *R8)
        for program in PROGRAMS:
            attacker.plant(f"{BESIDE}/{program}")
            attacker.run(f"sed -i '1i #!/usr/bin/python3' {BESIDE}/{program}; chmod 755 {BESIDE}/{program}")
        attacker.end_service()
        wait_until(lambda: lab1.status()["pid"] == lab1.pid() != 0, 20, "lab1: its service's status")
        yield result(lab1, before, modelctl("status", "lab1", "--site", "lab/inventory.py"))
    finally:
        lab1.shell(f"rm -rf {' '.join((*R1, *R8))} {RAN} {HOME}/.local /etc/ran-as-root")
        lab1.shell(f"cd {BESIDE} && rm -rf {' '.join(PROGRAMS)} __pycache__")
        settlement.restore()
    assert listing(lab1) == files


@pytest.fixture(scope="module")
def bare(deployed: Lab, settlement: Settlement, node: NodeOf) -> Iterator[Result]:
    """east, deployed to without an installed program, with all that R2 plants in the home."""
    settlement.restore()
    east, files = node("east"), listing(node("east"))
    before, attacker = picture(deployed, "east"), Attacker(east)
    try:
        plant(attacker, *R2)
        east.shell(f"rm -rf {STATE}/program")
        yield result(east, before, deploy("--limit", "east"))
    finally:
        east.shell(f"rm -rf {' '.join(R2)} {HOME}/node {HOME}/.local {RAN} /etc/ran-as-root")
        settlement.restore()
    assert listing(east) == files


def test_r1_what_lies_beside_a_program_does_not_run_as_root(infected: Result) -> None:
    """R1: json.py there, a module named like one of the standard library, and a .pth of the user's own."""
    assert {infected.ran[path] == {"1000"} for path in (R1[0], R1[1], R1[3])} == {True}  # it runs, as the service
    assert "0" not in set().union(*infected.ran.values())
    assert infected.changed == []


def test_r1_the_service_runs(infected: Result) -> None:
    """R1: the next start is a whole one."""
    assert infected.status["pid"] == infected.pid != 0
    assert infected.run.code == 0, infected.run.err


def test_r2_what_lies_in_the_home_does_not_run_as_root(bare: Result) -> None:
    """R2: json.py in the home, which is where a deploy's program is started."""
    assert bare.run.code == 0, bare.run.err
    assert "0" not in set().union(*bare.ran.values())
    assert bare.changed == []


def test_r2_full_disks_do_not_bring_the_program_into_the_home(
    deployed: Lab, settlement: Settlement, node: NodeOf
) -> None:
    """R2: what is not installed is unpacked first, and what is made in the home its owner can exchange."""
    settlement.restore()
    east = node("east")
    before, attacker = picture(deployed, "east"), Attacker(east)
    try:
        for folder in TEMPORARY:
            east.shell(f"mount -t tmpfs -o nr_inodes=3,mode=1777 small {folder}")
            attacker.run(f"touch {folder}/1 {folder}/2")
        east.shell(f"rm -rf {STATE}/program")
        with attacker.repeating(f"for made in sentinelcam-*; do test ! -e $made || echo $made >{MADE}; done"):
            run = deploy("--limit", "east")
        assert run.code == 0, run.err
        assert not east.exists(MADE)
        assert changes(before, picture(deployed, "east")) == []
    finally:
        east.shell(f"umount {' '.join(TEMPORARY)}; rm -f {MADE}")
        settlement.restore()


def test_r8_what_lies_in_the_services_python_does_not_run_as_root(infected: Result) -> None:
    """R8: sitecustomize.py and a .pth in the environment of the service's Python."""
    assert infected.ran[R8[0]] == {"1000"}
    assert "0" not in infected.ran.get(R8[1], set())
    assert infected.changed == []


def test_r8_no_variable_of_a_unit_reaches_what_root_runs_there(node: NodeOf, deployed: Lab) -> None:
    """R8: LD_LIBRARY_PATH, LD_PRELOAD and PYTHONPATH would."""
    for name in ("data1", "sentinel", "lab1"):
        unit = deployed.host(name).service
        shown = node(name).shell(f"systemctl show --property={UNIT_VARIABLES} {unit}")
        assert "=+" in node(name).read(f"/etc/systemd/system/{unit}.service")
        assert [line for line in shown.splitlines() if line.partition("=")[2]] == []
