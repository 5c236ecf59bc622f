"""Nodes that an older public release (commit 9c8291b) set up: the first run of this one takes them over whole.

fixtures/README.md says what that release left on them.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.fleet import older_release
from tests.fleet.conftest import NodeOf
from tests.fleet.node import STATE, Node
from tests.fleet.older_release import HOSTS, RELEASE
from tests.fleet.operator import Run, pyinfra
from tests.fleet.settlement import Settlement
from tests.fleet.stage import assert_copies_are_whole, is_healthy

UNITS = "etc/systemd/system"
CONSOLE = "usr/local/sbin/sentinelcam-node"
PROGRAM = f"{STATE}/program/"
ISOLATED = "/usr/bin/python3 -I -S -B "
LINKED = "/home/ops/sentinel/models/face_recognition/*/face[ld]*"
HISTORY = f"{STATE}/history.jsonl"
FROM_BEFORE = ("--data", f"older={','.join(HOSTS)}")
"""Needed in a shallow clone, which has not got the commit of that release."""


def take_over(mode: str = "-y") -> Run:
    limits = [word for name in HOSTS for word in ("--limit", name)]
    return pyinfra("deploys/site.py", mode, "--json", *FROM_BEFORE, *limits)


def disk(node: Node) -> Path:
    """A host's own disk, from outside."""
    return node.lab.host(node.name).folder / "upper"


def commands(node: Node) -> list[str]:
    """The lines of all units, and of the console's command, that run the node program."""
    paths = [*sorted((disk(node) / UNITS).glob("*.service")), disk(node) / CONSOLE]
    lines = [line for path in paths if not path.is_symlink() for line in path.read_text().splitlines()]
    return [line for line in lines if PROGRAM in line]


def staging(node: Node) -> dict[str, tuple[int, int]]:
    """Owner and mode of each folder for what is being fetched, seen from outside."""
    found = {path: path.stat() for path in (disk(node) / "home").rglob(".staging")}
    return {str(path.relative_to(disk(node))): (each.st_uid, each.st_mode & 0o777) for path, each in found.items()}


def unit_of(node: Node) -> str:
    """What systemd goes by."""
    return node.shell(f"systemctl cat {node.service}")


def linked_files(node: Node) -> str:
    return node.shell(f"stat --format='%n %i %y %U:%G %a' {LINKED}; sha256sum {LINKED}")


def numbers(history: str) -> list[int]:
    return [json.loads(line)["n"] for line in history.splitlines()]


@dataclass(frozen=True)
class Old:
    """What was found on a node before: texts that must stay, and what a look at it said."""

    chosen: str
    history: str
    unit: str
    commands: list[str]
    staging: dict[str, tuple[int, int]]
    commit: str
    program: str
    is_healthy: bool


def look_at(node: Node) -> Old:
    chosen = node.link("chosen")
    stored = json.loads(node.read(f"{STATE}/sets/{node.service}/chosen/set.json"))
    return Old(
        chosen, node.read(HISTORY), unit_of(node), commands(node), staging(node), stored["commit"],
        node.shell(f"readlink {PROGRAM}current"), is_healthy(node),
    )  # fmt: skip


@dataclass(frozen=True)
class Story:
    """The nodes before, the run that took them over, and the next one."""

    old: dict[str, Old]
    linked: str
    kept: list[str]
    predicted: Run
    run: Run
    linked_then: str
    histories: dict[str, str]
    again: Run


@pytest.fixture(scope="module")
def story(lab: Lab, settlement: Settlement, node: NodeOf) -> Iterator[Story]:
    older_release.leave(lab, *HOSTS)
    old, sentinel = {name: look_at(node(name)) for name in HOSTS}, node("sentinel")
    linked, kept = linked_files(sentinel), sentinel.shell(f"find {STATE}/kept -type f | sort").splitlines()
    predicted, run = take_over("--dry"), take_over()
    linked_then, histories = linked_files(sentinel), {name: node(name).read(HISTORY) for name in HOSTS}
    yield Story(old, linked, kept, predicted, run, linked_then, histories, take_over())
    settlement.restore()


def test_the_nodes_were_as_that_release_leaves_them(story: Story) -> None:
    for name, old in story.old.items():
        assert (old.commit, old.is_healthy) == (RELEASE, True), name
        assert len(old.commands) == (5 if name == "data1" else 4)
        assert not any(" -I " in line for line in old.commands)
        assert ("\nEnvironment=PYTHONPATH=/home/ops/imagenode/imagenode\n" in old.unit) == (name in ("lab1", "east"))
        assert numbers(old.history) == [1, 2]
    assert story.old["lab1"].staging == {"home/ops/imagenode/models/.staging": (1000, 0o755)}
    assert story.old["sentinel"].staging == {"home/ops/sentinel/models/.staging": (1000, 0o755)}
    assert len(story.kept) == 6


def test_one_run_takes_them_over_and_was_predicted(story: Story, node: NodeOf) -> None:
    assert story.run.code == 0, story.run.err
    assert story.predicted.predicted() == story.run.changed()
    for name in HOSTS:
        there = node(name)
        assert is_healthy(there)
        assert there.link("chosen") != story.old[name].chosen
        assert there.shell(f"readlink {PROGRAM}current") != story.old[name].program
        assert there.shell("systemctl is-system-running") == "running"


def test_no_user_has_a_say_in_what_root_runs_there(story: Story, node: NodeOf) -> None:
    for name in HOSTS:
        there = node(name)
        # The sweep of the registry has a second one: it has its clock looked at by root.
        assert len(commands(there)) == len(story.old[name].commands) + (name == "data1")
        assert [line for line in commands(there) if f"{ISOLATED}{PROGRAM}current " not in line] == []
        services = [path.read_text() for path in (disk(there) / UNITS).glob("*.service") if not path.is_symlink()]
        assert [text for text in services if "Environment=" in text] == []
        assert set(there.shell("systemctl show --value --property=NeedDaemonReload '*'").split()) == {"no"}
        assert there.shell(f"systemctl show --value --property=Environment {there.service}") == ""


def test_what_was_staged_as_the_service_s_user_is_gone(story: Story, node: NodeOf) -> None:
    assert story.run.code == 0
    for name in HOSTS:
        assert set(staging(node(name)).values()) <= {(0, 0o700)}
    assert node("lab1").exists("/home/ops/imagenode/models/mobilenet_ssd/2020-12-06")


def test_the_next_run_changes_nothing(story: Story) -> None:
    assert (story.again.code, story.again.changed()) == (0, {})


def test_histories_go_on_where_they_were(story: Story, node: NodeOf) -> None:
    for name, old in story.old.items():
        now = story.histories[name]
        assert now.startswith(old.history)
        assert numbers(now) == [1, 2, 3]
        assert f"{name}#3 {node(name).service} chosen {old.chosen[:12]} -> " in "\n".join(node(name).history())
    log = node("data1").read("/home/ops/sentinelcam/logs/model_deployment.log")
    assert sorted(re.findall(r" (\w+#\d) ", log)) == sorted(f"{name}#{n}" for name in HOSTS for n in (1, 2, 3))


def test_linked_files_and_their_backups_are_as_they_were(story: Story, node: NodeOf, lab: Lab) -> None:
    assert story.linked_then == story.linked
    shown = lab.run("sentinel", ["sudo", "sentinelcam-node", "restore"], user="ops")
    assert (shown.returncode, shown.stderr) == (0, "")
    listed = {tuple(line.split()[:2]) for line in shown.stdout.splitlines()}
    now = set(node("sentinel").shell(f"find {STATE}/kept -type f").splitlines())
    assert set(story.kept) <= now  # a stop copies the lists besides, as they are
    assert listed == {("/".join([*path.parts[-3:-1], path.stem]), path.suffix[1:]) for path in map(Path, now)}
    assert_copies_are_whole(node("sentinel"))


def test_a_revert_goes_back_to_that_release_s_set_and_a_deploy_forward_again(
    story: Story, node: NodeOf, lab: Lab
) -> None:
    for name in HOSTS:
        there = node(name)
        new, old = there.link("chosen"), story.old[name]
        assert there.link("previous") == old.chosen
        done = lab.run(name, ["sudo", "sentinelcam-node", "revert"], user="ops")
        assert (done.returncode, done.stderr) == (0, "")
        assert (there.link("chosen"), there.link("previous")) == (old.chosen, new)
        assert unit_of(there) == old.unit
        assert is_healthy(there)
    forward = take_over()
    assert forward.code == 0, forward.err
    assert take_over().changed() == {}
    assert all(is_healthy(node(name)) for name in HOSTS)
    assert linked_files(node("sentinel")) == story.linked


@pytest.mark.long
def test_where_the_rollout_stopped_old_nodes_start_their_service_after_a_boot(
    story: Story, node: NodeOf, lab: Lab
) -> None:
    """lab1 and east have the new program and the old set by then; the sentinel, which was away, only what is old."""
    older_release.leave(lab, *HOSTS)
    lab.cut("sentinel")
    node("lab1").misbehave(when="2020-12-06", exit=[3, "no camera"])
    run = take_over()
    assert (run.code, run.failed()) == (1, {"lab1", "east", "sentinel"})
    assert run.lines_with("east: not touched: lab1 rolled back to its old set")
    lab.mend("sentinel")
    for name in ("lab1", "east", "sentinel"):
        lab.power_cut(name)
    lab.up()
    for name in ("lab1", "east", "sentinel"):
        there, old = node(name), story.old[name]
        assert (there.link("chosen"), unit_of(there)) == (old.chosen, old.unit)
        assert (there.shell(f"readlink {PROGRAM}current") == old.program) == (name == "sentinel")
        assert is_healthy(there)
        assert there.read(f"/run/sentinelcam/{there.service}") == old.chosen
    node("lab1").shell("rm -r /etc/sentinelcam-lab")
    last = take_over()
    assert last.code == 0, last.err
