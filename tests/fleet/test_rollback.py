"""A rollback: registry.py, its commit and the hosts move together, or none of them does."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import CHECKOUT, MODELCTL, Run, environment, hint
from tests.fleet.pulls import counter
from tests.fleet.repository import Repository, cloned

MODEL, NEW, OLD = "face_recognition", "2026-02-02", "2025-02-25"
MOVING = ("data1", "sentinel", "data2")
BACK = f"Roll back {MODEL} from {NEW} to {OLD}"
LIMIT = 60.0  # seconds
SIZE = 2_400_000  # bytes of the smallest file that would tell of a model on the wire


@pytest.fixture(scope="module")
def repository(deployed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    with cloned(tmp_path_factory.mktemp("rollback"), deployed) as made:
        # The sentinel held the old version once; a rollback is to what a node has.
        assert made.modelctl("rollback", MODEL, OLD, "--yes", "--unlock").code == 0
        assert made.modelctl("rollback", MODEL, "--previous", "--yes").code == 0
        yield made


@pytest.fixture(autouse=True)
def restored(repository: Repository, node: NodeOf) -> Iterator[None]:
    """Each story begins where the site wants to be, and leaves it so."""
    repository.start_anew()
    yield
    node("sentinel").shell("rm -rf /etc/sentinelcam-lab")
    if runs(node) != dict.fromkeys(MOVING, NEW):
        repository.start_anew()
        assert repository.deploy("--data", "unlock=yes").code == 0


def runs(node: NodeOf) -> dict[str, str]:
    """The version of the model in each host's configs, as the services have read them."""
    found = {name: node(name).read("/home/ops/datapump.yaml") for name in ("data1", "data2")}
    found["sentinel"] = node("sentinel").read("/home/ops/sentinel/tasks/FaceRecon.yaml")
    found = {name: found[name] for name in MOVING}
    return {name: OLD if OLD in text else NEW if NEW in text else text for name, text in found.items()}


def table(run: Run) -> list[str]:
    return [line for line in run.out.splitlines() if line]


def test_back_and_forth_moves_no_model_bytes(repository: Repository, node: NodeOf) -> None:
    pids, counts = {name: node(name).pid() for name in MOVING}, [counter(node(name)) for name in MOVING]
    run = repository.modelctl("rollback", MODEL, "--previous", "--yes", "--unlock", "--reason", "It greets strangers.")
    assert run.code == 0, run.err
    assert all(count() < SIZE / 4 for count in counts)
    *told, last = table(run)
    assert told[:5] == [
        "host      from        to          restarts  to move  events unlocked",
        "data1     2026-02-02  2025-02-25  datapump      0 B               60",
        "sentinel  2026-02-02  2025-02-25  sentinel      0 B                0",
        "data2     2026-02-02  2025-02-25  datapump      0 B               60",
        BACK,
    ]
    assert told[-1] == f"3 of 3 hosts run what {repository.git('rev-parse', 'HEAD')[:12]} says; 3 changed"
    back = hint(f"rollback {MODEL} --previous", repository.inventory)
    assert last == f"{MODEL}: {OLD} is the current version; to {NEW} again: {back}"
    assert runs(node) == dict.fromkeys(MOVING, OLD)
    assert all(node(name).pid() != pid for name, pid in pids.items())
    assert repository.git("log", "-1", "--format=%B") == f"{BACK}\n\nIt greets strangers."
    assert repository.git("diff", "--unified=0", "first", "HEAD").splitlines()[-4:] == [
        f'-            current_version="{NEW}",',
        f'-            previous_version="{OLD}",',
        f'+            current_version="{OLD}",',
        f'+            previous_version="{NEW}",',
    ]
    assert repository.modelctl("status", *MOVING).code == 0

    again = repository.modelctl("rollback", MODEL, OLD, "--yes")
    assert (again.code, again.out) == (
        0,
        f"{MODEL}: {OLD} is the current version already; what runs: {hint('status', repository.inventory)}\n",
    )

    forth = repository.modelctl("rollback", MODEL, "--previous", "--yes")
    assert (forth.code, repository.log()[0]) == (0, f"Roll forward {MODEL} from {OLD} to {NEW}")
    assert runs(node) == dict.fromkeys(MOVING, NEW)
    assert not repository.git("diff", "first", "HEAD")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            [MODEL, "2025-02-26"],
            f"VERSION: found '2025-02-26'; allowed: a pinned version of {MODEL}: 2025-02-25, 2026-02-02, 2026-03-03; "
            f"one that is stored: modelctl pin {MODEL} 2025-02-26 --site {{site}}",
        ),
        (
            [MODEL, OLD],
            "the face list lacks 60 events of the live one on data1, 60 events of the live one on data2, so their "
            "recordings could be deleted; nothing was changed; to allow it: --unlock",
        ),
        ([MODEL, OLD, "--unlock"], "no terminal to ask at, nothing was changed; without a question: --yes"),
    ],
    ids=["unknown", "unlocks", "no terminal"],
)
def test_nothing_changes_without_consent(repository: Repository, node: NodeOf, words: list[str], line: str) -> None:
    before = {name: node(name).snapshot() for name in MOVING}
    run = repository.modelctl("rollback", *words)
    assert (run.code, run.err.splitlines()) == (1, [line.replace("{site}", str(repository.inventory))])
    assert {name: node(name).snapshot() for name in MOVING} == before
    assert repository.log() == []
    assert repository.is_as_first()


def test_a_deploy_that_fails_takes_everything_back(repository: Repository, node: NodeOf) -> None:
    node("sentinel").misbehave(when=OLD, crash_after=0.2)
    run = repository.modelctl("rollback", MODEL, OLD, "--yes", "--unlock")
    assert run.code == 1
    undone = repository.git("rev-parse", "HEAD~1")
    assert run.err.splitlines()[-1].startswith(
        f"{BACK}: the deploy failed, see above; the edit is undone by commit {undone[:12]}, "
        "and data1, sentinel, data2 run what they ran before; sentinel rolled back: sentinel: rolled back to "
    )
    assert f"; {MODEL} {OLD} is marked bad on sentinel at " in run.err.splitlines()[-1]
    assert run.lines_with("sentinel: rolled back to ")
    assert repository.log()[0] == f"Mark {MODEL} {OLD} bad"
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    assert_undone(repository, node)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_deploy_that_is_stopped_takes_everything_back(repository: Repository, node: NodeOf, number: int) -> None:
    with begun(repository, node) as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert f"{BACK}: the deploy was stopped, see above; the edit is undone by commit " in err
    assert_undone(repository, node)


def test_a_killed_one_is_named_by_status_and_ended_by_undo(repository: Repository, node: NodeOf) -> None:
    with begun(repository, node) as process:
        process.kill()
    status = repository.modelctl("status", *MOVING)
    assert status.code == 3
    [line] = [line for line in status.out.splitlines() if line.startswith("a change has not ended: ")]
    assert line.endswith(f"; end it: {hint('undo', repository.inventory)}")
    refused = repository.modelctl("rollback", "haarcascades", "2026-05-01", "--yes")
    assert refused.code == 1
    assert refused.err.startswith(f"{repository.folder}: a change has not ended: {BACK} (")

    undo = repository.modelctl("undo", "--yes")
    assert undo.code == 0, undo.err
    assert_undone(repository, node)
    nothing = repository.modelctl("undo", "--yes")
    assert (nothing.code, nothing.out) == (0, f"{repository.folder}: no change is unfinished\n")


@pytest.mark.long
def test_a_node_that_loses_power_meanwhile_comes_back_as_it_was(
    repository: Repository, node: NodeOf, deployed: Lab
) -> None:
    with begun(repository, node) as process:
        deployed.power_cut("sentinel")
        _, err = process.communicate(timeout=2 * LIMIT)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith(f"{BACK}: the deploy failed, see above; the edit is undone by commit ")
    assert repository.log() == [f"Undo: {BACK}", BACK]
    status = repository.modelctl("status", *MOVING)
    assert status.code == 3
    assert any(line.startswith("sentinel (") for line in status.out.splitlines())
    deployed.boot("sentinel")
    assert repository.deploy("--limit", "sentinel").code == 0
    assert_undone(repository, node)


def assert_undone(repository: Repository, node: NodeOf) -> None:
    assert runs(node) == dict.fromkeys(MOVING, NEW)
    assert repository.log() == [f"Undo: {BACK}", BACK]
    assert repository.is_as_first()
    assert repository.modelctl("status", *MOVING).code == 0


def begun(repository: Repository, node: NodeOf) -> "subprocess.Popen[str]":
    """A rollback whose deploy has just moved a host; it is not at its end yet."""
    node("sentinel").misbehave(when=OLD, port_after=3)
    words = [MODELCTL, "rollback", MODEL, OLD, "--yes", "--unlock", "--site", str(repository.inventory)]
    process = subprocess.Popen(
        words, cwd=CHECKOUT, env=environment(CHECKOUT), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until(lambda: OLD in runs(node).values(), LIMIT, f"{MOVING} switching to {OLD}")
    return process


@pytest.mark.parametrize("state", ["uncommitted", "detached", "behind"])
def test_a_checkout_that_is_not_ready_is_refused(repository: Repository, tmp_path: Path, state: str) -> None:
    if state == "uncommitted":
        repository.registry.write_text(repository.registry.read_text() + "# mine\n")
        expected = f"{repository.registry}: it has uncommitted changes; expected none; commit them: git -C "
    elif state == "detached":
        repository.git("checkout", "--quiet", "--detach")
        expected = f"{repository.folder}: HEAD is detached; expected a branch to commit to: git switch BRANCH"
    else:
        repository.git("clone", "--quiet", "--bare", str(repository.folder), str(tmp_path / "upstream"))
        repository.git("commit", "--quiet", "--allow-empty", "--message", "newer")
        repository.git("push", "--quiet", str(tmp_path / "upstream"), "story")
        repository.git("remote", "add", "upstream", str(tmp_path / "upstream"))
        repository.git("fetch", "--quiet", "upstream")
        repository.git("branch", "--quiet", "--set-upstream-to=upstream/story")
        repository.git("reset", "--quiet", "--hard", "first")
        expected = (
            f"{repository.folder}: story is 1 commit behind upstream/story; "
            "expected a branch that is level with it: git pull"
        )
    try:
        run = repository.modelctl("rollback", MODEL, OLD, "--yes", "--unlock")
        [refused] = run.err.splitlines()
        assert (run.code, refused[: len(expected)]) == (1, expected)
    finally:
        repository.git("reset", "--quiet", "--hard", "first")
        repository.git("checkout", "--quiet", "story")
        if state == "behind":
            repository.git("branch", "--quiet", "--unset-upstream")
            repository.git("remote", "remove", "upstream")
