"""A rollback: registry.py, its commit and the hosts move together, or none of them does."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import checkout as checkouts
from tests.fleet.checkout import Checkout
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import MODELCTL, Run, environment
from tests.fleet.pulls import counter

MODEL, NEW, OLD = "face_recognition", "2026-02-02", "2025-02-25"
MOVING = ("data1", "sentinel", "data2")
BACK = f"Roll back {MODEL} from {NEW} to {OLD}"
LIMIT = 60.0  # seconds
SIZE = 2_400_000  # bytes of the smallest file that would tell of a model on the wire


@pytest.fixture(scope="module")
def checkout(deployed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with checkouts.checkout(tmp_path_factory.mktemp("rollback"), deployed) as made:
        # The sentinel held the old version once; a rollback is to what a node has.
        assert made.modelctl("rollback", MODEL, OLD, "--yes", "--unlock").code == 0
        assert made.modelctl("rollback", MODEL, "--previous", "--yes").code == 0
        yield made


@pytest.fixture(autouse=True)
def restored(checkout: Checkout, node: NodeOf) -> Iterator[None]:
    """Each story begins where the site wants to be, and leaves it so."""
    checkout.start_anew()
    yield
    node("sentinel").shell("rm -rf /etc/sentinelcam-lab")
    if runs(node) != dict.fromkeys(MOVING, NEW):
        checkout.start_anew()
        assert checkout.deploy("--data", "unlock=yes").code == 0


def runs(node: NodeOf) -> dict[str, str]:
    """The version of the model in each host's configs, as the services have read them."""
    found = {name: node(name).read("/home/ops/datapump.yaml") for name in ("data1", "data2")}
    found["sentinel"] = node("sentinel").read("/home/ops/sentinel/tasks/FaceRecon.yaml")
    found = {name: found[name] for name in MOVING}
    return {name: OLD if OLD in text else NEW if NEW in text else text for name, text in found.items()}


def table(run: Run) -> list[str]:
    return [line for line in run.out.splitlines() if line]


def test_back_and_forth_moves_no_model_bytes(checkout: Checkout, node: NodeOf) -> None:
    pids, counts = {name: node(name).pid() for name in MOVING}, [counter(node(name)) for name in MOVING]
    run = checkout.modelctl("rollback", MODEL, "--previous", "--yes", "--unlock", "--reason", "It greets strangers.")
    assert run.code == 0, run.err
    assert all(count() < SIZE / 4 for count in counts)
    assert table(run) == [
        "host      from        to          restarts  bytes to move  events unlocked",
        "data1     2026-02-02  2025-02-25  datapump              0               60",
        "sentinel  2026-02-02  2025-02-25  sentinel              0                0",
        "data2     2026-02-02  2025-02-25  datapump              0               60",
        BACK,
        f"{MODEL}: {OLD} is the current version; to {NEW} again: modelctl rollback {MODEL} --previous",
    ]
    assert runs(node) == dict.fromkeys(MOVING, OLD)
    assert all(node(name).pid() != pid for name, pid in pids.items())
    assert checkout.git("log", "-1", "--format=%B") == f"{BACK}\n\nIt greets strangers."
    assert checkout.git("diff", "--unified=0", "first", "HEAD").splitlines()[-4:] == [
        f'-            current_version="{NEW}",',
        f'-            previous_version="{OLD}",',
        f'+            current_version="{OLD}",',
        f'+            previous_version="{NEW}",',
    ]
    assert checkout.modelctl("status", *MOVING).code == 0

    again = checkout.modelctl("rollback", MODEL, OLD, "--yes")
    assert (again.code, again.out) == (
        0,
        f"{MODEL}: {OLD} is the current version already; what runs: modelctl status\n",
    )

    forth = checkout.modelctl("rollback", MODEL, "--previous", "--yes")
    assert (forth.code, checkout.log()[0]) == (0, f"Roll forward {MODEL} from {OLD} to {NEW}")
    assert runs(node) == dict.fromkeys(MOVING, NEW)
    assert not checkout.git("diff", "first", "HEAD")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            [MODEL, "2025-02-26"],
            f"VERSION: found '2025-02-26'; allowed: a pinned version of {MODEL}: 2025-02-25, 2026-02-02, 2026-03-03; "
            f"did you mean 2025-02-25?; one that is stored: modelctl pin {MODEL} 2025-02-26",
        ),
        (
            [MODEL, OLD],
            "the face list lacks 60 event(s) of the live one on data1, 60 event(s) of the live one on data2, so their "
            "recordings could be deleted; nothing was changed; to allow it: --unlock",
        ),
        ([MODEL, OLD, "--unlock"], "no terminal to ask at, nothing was changed; without a question: --yes"),
    ],
    ids=["unknown", "unlocks", "no terminal"],
)
def test_nothing_changes_without_consent(checkout: Checkout, node: NodeOf, words: list[str], line: str) -> None:
    before = {name: node(name).snapshot() for name in MOVING}
    run = checkout.modelctl("rollback", *words)
    assert (run.code, run.err.splitlines()) == (1, [line])
    assert {name: node(name).snapshot() for name in MOVING} == before
    assert checkout.log() == []
    assert checkout.is_as_first()


def test_a_deploy_that_fails_takes_everything_back(checkout: Checkout, node: NodeOf) -> None:
    node("sentinel").misbehave(when=OLD, crash_after=0.2)
    run = checkout.modelctl("rollback", MODEL, OLD, "--yes", "--unlock")
    assert run.code == 1
    undone = checkout.git("rev-parse", "HEAD")
    assert run.err.splitlines()[-1] == (
        f"{BACK}: the deploy failed, see above; the edit is undone by commit {undone[:12]}, "
        "and data1, sentinel, data2 run what they ran before"
    )
    assert run.lines_with("sentinel: returned to ")
    assert_undone(checkout, node)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_deploy_that_is_stopped_takes_everything_back(checkout: Checkout, node: NodeOf, number: int) -> None:
    with begun(checkout, node) as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert f"{BACK}: the deploy was stopped, see above; the edit is undone by commit " in err
    assert_undone(checkout, node)


def test_a_killed_one_is_named_by_status_and_ended_by_undo(checkout: Checkout, node: NodeOf) -> None:
    with begun(checkout, node) as process:
        process.kill()
    status = checkout.modelctl("status", *MOVING)
    assert status.code == 3
    [line] = [line for line in status.out.splitlines() if line.startswith("a change has not ended: ")]
    assert line.endswith(f"; end it: modelctl undo --site {checkout.folder / 'lab' / 'inventory.py'}")
    refused = checkout.modelctl("rollback", "haarcascades", "2026-05-01", "--yes")
    assert refused.code == 1
    assert refused.err.startswith(f"{checkout.folder}: a change has not ended: {BACK} (")

    undo = checkout.modelctl("undo", "--yes")
    assert undo.code == 0, undo.err
    assert_undone(checkout, node)
    nothing = checkout.modelctl("undo", "--yes")
    assert (nothing.code, nothing.out) == (0, f"{checkout.folder}: no change is unfinished\n")


def test_a_node_that_loses_power_meanwhile_comes_back_as_it_was(
    checkout: Checkout, node: NodeOf, deployed: Lab
) -> None:
    with begun(checkout, node) as process:
        deployed.power_cut("sentinel")
        _, err = process.communicate(timeout=2 * LIMIT)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith(f"{BACK}: the deploy failed, see above; the edit is undone by commit ")
    assert checkout.log() == [f"Undo: {BACK}", BACK]
    status = checkout.modelctl("status", *MOVING)
    assert status.code == 3
    assert any(line.startswith("sentinel (") for line in status.out.splitlines())
    deployed.boot("sentinel")
    assert checkout.deploy("--limit", "sentinel").code == 0
    assert_undone(checkout, node)


def assert_undone(checkout: Checkout, node: NodeOf) -> None:
    assert runs(node) == dict.fromkeys(MOVING, NEW)
    assert checkout.log() == [f"Undo: {BACK}", BACK]
    assert checkout.is_as_first()
    assert checkout.modelctl("status", *MOVING).code == 0


def begun(checkout: Checkout, node: NodeOf) -> "subprocess.Popen[str]":
    """A rollback whose deploy has just moved a host; it is not at its end yet."""
    node("sentinel").misbehave(when=OLD, port_after=3)
    words = [MODELCTL, "rollback", MODEL, OLD, "--yes", "--unlock", "--site", "lab/inventory.py"]
    process = subprocess.Popen(
        words, cwd=checkout.folder, env=environment(checkout.folder), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until(lambda: OLD in runs(node).values(), LIMIT, f"{MOVING} switching to {OLD}")
    return process


@pytest.mark.parametrize("state", ["uncommitted", "detached", "behind"])
def test_a_checkout_that_is_not_ready_is_refused(checkout: Checkout, tmp_path: Path, state: str) -> None:
    if state == "uncommitted":
        checkout.registry.write_text(checkout.registry.read_text() + "# mine\n")
        expected = f"{checkout.registry}: it has uncommitted changes; expected none; commit them, or git stash"
    elif state == "detached":
        checkout.git("checkout", "--quiet", "--detach")
        expected = f"{checkout.folder}: HEAD is detached; expected a branch to commit to: git switch BRANCH"
    else:
        checkout.git("clone", "--quiet", "--bare", str(checkout.folder), str(tmp_path / "upstream"))
        checkout.git("commit", "--quiet", "--allow-empty", "--message", "newer")
        checkout.git("push", "--quiet", str(tmp_path / "upstream"), "story")
        checkout.git("remote", "add", "upstream", str(tmp_path / "upstream"))
        checkout.git("fetch", "--quiet", "upstream")
        checkout.git("branch", "--quiet", "--set-upstream-to=upstream/story")
        checkout.git("reset", "--quiet", "--hard", "first")
        expected = (
            f"{checkout.folder}: story is 1 commits behind upstream/story; expected a branch that has them; "
            "take them in first: git pull"
        )
    try:
        run = checkout.modelctl("rollback", MODEL, OLD, "--yes", "--unlock")
        assert (run.code, run.err.splitlines()) == (1, [expected])
    finally:
        checkout.git("reset", "--quiet", "--hard", "first")
        checkout.git("checkout", "--quiet", "story")
        if state == "behind":
            checkout.git("branch", "--quiet", "--unset-upstream")
            checkout.git("remote", "remove", "upstream")
