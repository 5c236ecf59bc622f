"""One booted lab for all stories. Each story restores what it changes."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import pages
from lab.hosts import CONTROL
from lab.lab import Lab
from lab.name import ID
from lab.pages import Pages
from tests.fleet.control_node import ControlNode
from tests.fleet.node import Node
from tests.fleet.operator import Run, deploy, predict
from tests.fleet.settlement import Settlement

NodeOf = Callable[[str], Node]
SERVED = ("data1", "data2", "sentinel", "lab1", "east", "alpha5")
EARLY = (
    "first_deploy", "attacks_files", "cleanup", "cleanup_nodes", "lies", "damage", "kills", "rollback", "releases",
    "publish_cuts", "publish", "takeover", "faults", "operators", "rollout", "bad_links", "tutorial", "terminal",
    "console", "attacks_links", "linked_files", "bad_updates", "arguments", "doctor", "host_lacks", "sites", "versions",
    "pull", "adopt", "coral", "see", "status", "override", "receive", "trainer",
)  # fmt: skip


@dataclass(frozen=True)
class FirstDeploy:
    """What became of seven bare hosts: a prediction, a run, and a second run."""

    predicted: Run
    first: Run
    pids: dict[str, int]
    second: Run
    pids_after_second: dict[str, int]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-lab", action="store_true", help="take the lab as it is and leave it up: to work on a story"
    )
    parser.addoption(
        "--rewrite-tutorial", action="store_true", help="write into docs/tutorial.md what its commands print now"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first deploy is looked at before other stories change what it made. Where several labs share the files
    out, the longest come next, so that all end at about the same time.
    """
    early = [f"test_{name}.py" for name in EARLY]
    items.sort(key=lambda item: early.index(item.path.name) if item.path.name in early else len(early))


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab, new and bare, taken down at the end without a trace."""
    lab, is_kept = Lab(), request.config.getoption("--keep-lab")
    if not is_kept:
        lab.down()
    lab.up()
    yield lab
    if not is_kept:
        lab.down()
        assert traces() == []


def traces(lab: str = ID) -> list[str]:
    """What a lab that is down must not leave behind: processes, mounts, namespaces, control groups."""
    below = f"=/var/lib/{lab}/".encode()
    processes = [path for path in Path("/proc").glob("[0-9]*/cmdline") if below in _read(path)]
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if f"/var/lib/{lab}/" in line]
    namespaces = [*Path("/run/netns").glob(lab), *Path("/run/netns").glob(f"{lab}-*")]
    groups = subprocess.run(
        ["find", "/sys/fs/cgroup", "-name", lab], capture_output=True, text=True, check=False
    ).stdout  # it may fail: other groups come and go
    return [*map(str, processes), *mounts, *map(str, namespaces), *groups.split()]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has just ended


@pytest.fixture(scope="session")
def node(lab: Lab) -> NodeOf:
    """Hosts by name."""
    return lambda name: Node(lab, name)


@pytest.fixture(scope="session")
def new_lab(lab: Lab, request: pytest.FixtureRequest) -> Lab:
    """The lab, whose hosts are as new."""
    if request.config.getoption("--keep-lab"):
        lab.reset(*lab.hosts)
    return lab


@pytest.fixture(scope="session")
def first_deploy(new_lab: Lab) -> FirstDeploy:
    """The default site, deployed to bare hosts."""
    predicted, first = predict(), deploy()
    pids = _pids(new_lab)
    return FirstDeploy(predicted, first, pids, deploy(), _pids(new_lab))


def _pids(lab: Lab) -> dict[str, int]:
    return {name: Node(lab, name).pid() for name in SERVED}


@pytest.fixture(scope="session")
def settlement(new_lab: Lab) -> Settlement:
    """The lab with the default site deployed, and the way back to that."""
    run = deploy()
    assert run.code == 0, run.err
    return Settlement(new_lab)


@pytest.fixture(scope="session")
def deployed(lab: Lab, settlement: Settlement) -> Lab:
    """The lab with the default site deployed."""
    del settlement
    return lab


@pytest.fixture
def settled(settlement: Settlement) -> Iterator[None]:
    """The default site, deployed; restored after a story that leaves it changed.

    A story that itself ends with a deploy of the default site asks for `deployed`.
    """
    yield
    settlement.restore()


@pytest.fixture(scope="module")
def verified(deployed: Lab) -> Lab:
    """The lab whose nodes know all their files: after a power cut, which stories leave, a deploy reads them anew."""
    run = deploy()
    assert run.code == 0, run.err
    return deployed


@pytest.fixture
def control_node(verified: Lab, settled: None) -> Iterator[ControlNode]:
    """The control node in the lab's network. Nodes forget what was committed there, and it what the datasink knew."""
    del settled
    verified.boot(CONTROL.name)
    booted = ControlNode(verified)
    yield booted
    verified.forget_commits(booted.own_commits())
    booted.forget_telling()


@pytest.fixture
def writer(lab: Lab) -> Iterator["subprocess.Popen[str]"]:
    """A task that holds the sentinel's face data open for writing, until its standard input is closed."""
    path = "/home/ops/sentinel/models/face_recognition/2026-02-02/facedata.hdf5"
    with task_writing(lab, path) as process:
        yield process


@pytest.fixture
def release_pages(lab: Lab) -> Iterator[Pages]:
    """Release pages of both Coral stacks, an apt repository, and an index that nobody may ask; the site's source."""
    del lab
    with pages.served() as served:
        yield served


@contextmanager
def task_writing(lab: Lab, path: str) -> Iterator["subprocess.Popen[str]"]:
    """Hold a file of the sentinel open for writing, until the process's standard input is closed."""
    script = f"f = open({path!r}, 'r+b'); print('open', flush=True); import sys; sys.stdin.read()"
    command = [*lab.console("sentinel", "ops"), "python3", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()
