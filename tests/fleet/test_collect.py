"""What a sentinel's tasks have gathered comes home to the datasink, whole or not at all, and never over anything."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from modelctl import quantities
from tests.fleet.conftest import NodeOf
from tests.fleet.depot import give_the_sentinel
from tests.fleet.held import Held
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, Run, begin_modelctl, end, hint, modelctl

pytestmark = pytest.mark.usefixtures("deployed")

MODEL, VERSION = "face_recognition", "2026-02-02"
HELD = f"/home/ops/sentinel/models/{MODEL}/{VERSION}"
COLLECTED = "/home/ops/sentinelcam/collected"
HOME = f"{COLLECTED}/sentinel/{MODEL}/{VERSION}"
NAMES = ("facedata.hdf5", "facelist.csv")


@pytest.fixture
def sentinel(node: NodeOf) -> Iterator[Node]:
    """The sentinel, whose tasks have added to both files; they are as before afterwards."""
    there = node("sentinel")
    there.shell(f"cp -a {HELD} /root/before")
    for name in NAMES:
        there.shell(f"echo 2026-11-23,{there.pid()},a new face >>{HELD}/{name}")
    yield there
    there.shell(f"cp -a /root/before/face[ld]* {HELD}/ && rm -rf /root/before /etc/sentinelcam-lab")


@pytest.fixture
def data1(node: NodeOf) -> Iterator[Node]:
    there = node("data1")
    yield there
    there.shell(f"rm -rf {COLLECTED} /etc/sentinelcam-lab")


def words(*more: str) -> tuple[str, ...]:
    return ("collect", "sentinel", MODEL, VERSION, *more, "--site", str(DEFAULT_SITE))


def collect(*more: str) -> Run:
    return modelctl(*words(*more))


def expected(sentinel: Node) -> dict[str, str]:
    """The path and digest of each file that should be home."""
    digests = {name: sentinel.sha256(f"{HELD}/{name}") for name in NAMES}
    return {f"{HOME}/{name}.{digest[:12]}": digest for name, digest in digests.items()}


def found(data1: Node) -> dict[str, str]:
    """Every file below the collected ones, by path, with its digest."""
    lines = data1.shell(f"find {COLLECTED} -type f -exec sha256sum {{}} + 2>/dev/null; true").splitlines()
    return {line.split(maxsplit=1)[1]: line.split()[0] for line in lines}


def unfinished() -> list[str]:
    run = modelctl("status", "sentinel", "--site", str(DEFAULT_SITE))
    return [line for line in run.out.splitlines() if "a collect has not ended" in line]


def test_linked_files_are_collected(sentinel: Node, data1: Node) -> None:
    paths = expected(sentinel)
    sizes = {name: quantities.size(sentinel.size(f"{HELD}/{name}")) for name in NAMES}
    width = max(map(len, ("size", *sizes.values())))
    rows = [
        f"{name:13}  {sizes[name]:>{width}}  {digest[:12]}  to {path}"
        for name, (path, digest) in zip(NAMES, paths.items(), strict=True)
    ]
    refused = collect()
    assert (refused.code, found(data1)) == (1, {})
    assert refused.err == "no terminal to ask at, nothing was collected; without a question: --yes\n"
    first = collect("--yes")
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines() == [
        f"sentinel: {MODEL}/{VERSION}:",
        "",
        f"linked file    {'size':>{width}}  SHA-256       where",
        *rows,
        "facedata.hdf5: collected, and verified at both ends",
        "facelist.csv: collected, and verified at both ends",
    ]
    assert found(data1) == paths
    assert set(data1.shell(f"stat --format='%a %U %G %h' {HOME}/*").splitlines()) == {"640 ops ops 1"}
    before = data1.shell(f"stat --format='%n %i %Y' {HOME}/*")
    again = collect()
    assert again.code == 0
    assert again.out.splitlines()[3:] == [
        *(row.replace("  to /", "  collected already: /") for row in rows),
        "",
        f"nothing to collect: sentinel has nothing of {MODEL}/{VERSION} that is not elsewhere",
    ]
    assert data1.shell(f"stat --format='%n %i %Y' {HOME}/*") == before


def test_what_the_registry_holds_does_not_move(node: NodeOf, data1: Node, deployed: Lab) -> None:
    sentinel = node("sentinel")
    give_the_sentinel(deployed, *(f"{MODEL}/{VERSION}/{name}" for name in NAMES))  # other stories' tasks have written
    run = collect()
    assert (run.code, found(data1)) == (0, {})
    rows = quantities.size(sentinel.size(f"{HELD}/facelist.csv"))
    digests = [sentinel.sha256(f"{HELD}/{name}")[:12] for name in NAMES]
    assert run.out.splitlines()[3:5] == [
        f"facedata.hdf5   2.4 MB  {digests[0]}  as the registry of data1 has it",
        f"facelist.csv   {rows:>7}  {digests[1]}  as the registry of data1 has it",
    ]


def test_a_file_that_is_open_for_writing_is_refused(
    sentinel: Node, data1: Node, writer: "subprocess.Popen[str]"
) -> None:
    run = collect("--yes")
    assert writer.poll() is None
    assert (run.code, found(data1)) == (1, {})
    [line] = run.err.splitlines()
    assert line.startswith(f"sentinel (198.18.0.{line.split('.')[3].split(')')[0]}): {HELD}/facedata.hdf5 (process ")
    assert line.endswith("): open for writing; expected the task to finish; run again later")
    assert sentinel.exists(f"{HELD}/facedata.hdf5")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("data2", MODEL, VERSION),
            "HOST: found 'data2'; allowed: a host with a models folder: ",
        ),
        (
            ("sentinel", "haarcascades", "2020-03-25"),
            "MODEL: found 'haarcascades'; allowed: a model with ",
        ),
        (("sentinel", MODEL, "2024-01-01"), f"): {MODEL}/2024-01-01: not on this node; versions of {MODEL} that are: "),
        (("lab1", MODEL, VERSION), f"): {MODEL}/{VERSION}: not on this node; versions of {MODEL} that are: none"),
    ],
)
def test_what_cannot_be_collected_is_refused_by_name(arguments: tuple[str, ...], said: str) -> None:
    run = modelctl("collect", *arguments, "--yes", "--site", str(DEFAULT_SITE))
    assert (run.code, run.out) == (1, "")
    [line] = run.err.splitlines()
    assert said in line


@pytest.mark.parametrize("killed", ["modelctl", pytest.param("receiver", marks=pytest.mark.long), "power"])
def test_whatever_ends_it_the_next_one_collects_all(sentinel: Node, data1: Node, lab: Lab, killed: str) -> None:
    paths, held = expected(sentinel), Held(data1)
    held.order("receive-collected", 4, f"{HOME}/.facedata")
    collecting = begin_modelctl(*words("--yes"))
    held.wait()
    if killed == "modelctl":
        collecting.send_signal(signal.SIGKILL)
        collecting.communicate()
        held.release()
        wait_until(lambda: not any(path.endswith(".part") for path in found(data1)), 20, "data1: the receiver's end")
    else:
        held.kill() if killed == "receiver" else lab.power_cut("data1")
        ended = end(collecting)
        assert (ended.code, ended.err.count("\n"), "Traceback" in ended.err) == (1, 1, False)
        lab.boot("data1")
    whole = {path: digest for path, digest in found(data1).items() if not path.endswith(".part")}
    assert set(whole.items()) <= set(paths.items())
    left = sorted(found(data1).keys() - whole.keys())
    assert bool(left) == (killed != "modelctl")
    assert unfinished() == [
        f"data1: {path}: a collect has not ended; {hint(f'collect sentinel {MODEL} {VERSION}')}, "
        "which keeps it if it came whole, and says so if not"
        for path in left
    ]
    sentinel.shell(f"echo 2026-11-24,another new face >>{HELD}/facedata.hdf5")
    last = collect("--yes")
    assert (last.code, last.err) == (0, "")
    finals = [path.replace("/.", "/").removesuffix(".part") for path in left]
    assert [line for line in last.out.splitlines() if line.startswith("/")] == [
        f"{path}: kept; it had come whole when a collect was broken off" for path in finals
    ]
    assert found(data1) == {**whole, **{path: paths[path] for path in finals}, **expected(sentinel)}
    assert unfinished() == []


@pytest.mark.long
def test_the_power_of_the_sentinel_is_cut(sentinel: Node, data1: Node, lab: Lab) -> None:
    paths, held = expected(sentinel), Held(data1)
    held.order("receive-collected", 4, f"{HOME}/.facedata")
    collecting = begin_modelctl(*words("--yes"))
    held.wait()
    lab.power_cut("sentinel")
    held.release()
    ended = end(collecting)
    assert ended.code in (0, 1)
    assert set(found(data1).items()) <= set(paths.items())
    lab.boot("sentinel")
    assert collect("--yes").code == 0
    assert found(data1) == paths
