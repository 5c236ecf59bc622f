"""Damage to what a node keeps of its own: one deploy mends all that can be mended, and no other host has a part in it.

Each file below the state folder is emptied, zeroed, cut in half, filled with other bytes, removed, replaced by a folder
or by a link to nothing; several hosts at a time. By default a round for each kind of damage; the long run has each kind
for each sort of file.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import operator, site
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.node import STATE, Node
from tests.fleet.operator import DEFAULT_SITE, Run, pyinfra
from tests.fleet.settlement import Settlement
from tests.fleet.stage import is_healthy

HOSTS = ("data1", "sentinel", "lab1", "east")
"""The damaged ones; the others must have no part in it."""
DAMAGES = {
    "emptied": "truncate --size=0 {}",
    "zeroed": "size=$(stat --format=%s {}) && truncate --size=0 {} && truncate --size=$size {}",
    "halved": "truncate --size=$(($(stat --format=%s {}) / 2)) {}",
    "other bytes": "size=$(stat --format=%s {}) && head --bytes=$size /dev/urandom >{}",
    "absent": "rm {}",
    "a folder": "rm {} && mkdir {}",
    "a link": "rm {} && ln --symbolic /nowhere {}",
}
SORTS: Mapping[str, str] = {
    "access": r"access/.*",
    "program": r"program/.*",
    "stamps": r"stamps/.*",
    "description": r"sets/\w+/chosen/set\.json",
    "content": r"sets/\w+/chosen/files/.*",
    "previous": r"sets/\w+/previous/.*",
    "lock": r"sets/\w+/lock|pull\.lock",
    "history": r"history\.jsonl",
    "roots": r"roots/.*",
}
"""What is alike, by its path. What a link leads to is looked for there."""
OWN = ("backups", "kept/.*")
"""What nobody can make anew: damage to it is told by who needs it."""


@dataclass(frozen=True)
class Round:
    """A deploy after damage, and the one after a power cut."""

    damaged: Mapping[str, Sequence[str]]
    mended: Run
    again: Run


def paths(node: Node) -> dict[str, list[str]]:
    """The files below the state folder, by their sort; links are followed once."""
    found = node.shell(f"cd {STATE} && find . sets/*/chosen/ sets/*/previous/ -type f -printf '%p\\n'").splitlines()
    names = sorted({name.removeprefix("./") for name in found})
    sorts = {sort: [name for name in names if re.fullmatch(pattern, name)] for sort, pattern in SORTS.items()}
    return {sort: held for sort, held in sorts.items() if held}


def damage(node: Node, path: str, kind: str) -> None:
    node.shell(f"cd {STATE} && {DAMAGES[kind].format(*[repr(path)] * 4)}")


def deploy(*words: str, inventory: Path = DEFAULT_SITE) -> Run:
    return pyinfra("deploys/site.py", "-y", "--json", *words, site=inventory)


def strike(lab: Lab, chosen: Mapping[str, Mapping[str, str]]) -> Round:
    """Damage files of hosts, each in its way; deploy, cut the power of these hosts, and deploy again."""
    for name, files in chosen.items():
        for path, kind in files.items():
            damage(Node(lab, name), path, kind)
    mended = deploy()
    for name in chosen:
        lab.power_cut(name)
    lab.up()
    return Round({name: [*files] for name, files in chosen.items()}, mended, deploy())


def rounds(
    node: NodeOf, prepare: Callable[[], None], pairs: Sequence[tuple[str, str]]
) -> Iterator[dict[str, dict[str, str]]]:
    """Share sorts and kinds of damage out over the hosts, a few sorts at a time for each."""
    draw = random.Random(12)  # noqa: S311
    left = list(pairs)
    while left:
        prepare()
        held = {name: paths(node(name)) for name in HOSTS}
        assert set().union(*held.values()) == set(SORTS)
        taken: dict[str, dict[str, str]] = {name: {} for name in HOSTS}
        for pair in list(left):
            sort, kind = pair
            free = [name for name in HOSTS if sort in held[name] and not _has(taken[name], sort)]
            if free:
                name = min(free, key=lambda each: len(taken[each]))
                taken[name][draw.choice(held[name][sort])] = kind
                left.remove(pair)
        yield {name: files for name, files in taken.items() if files}


def _has(taken: Mapping[str, str], sort: str) -> bool:
    return any(re.fullmatch(SORTS[sort], path) for path in taken)


@pytest.fixture(scope="module", autouse=True)
def settled(settlement: Settlement) -> Iterator[None]:
    settlement.restore()
    yield
    settlement.restore()


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[[], None]:
    """What gives each node all that can be damaged: a set to go back to, and the datasink its roots."""
    variant = site.write(tmp_path / "site.py", hosts={name: {"debug_mode": True} for name in HOSTS})

    def make() -> None:
        for each in (variant, DEFAULT_SITE):
            assert deploy(*(word for name in HOSTS for word in ("--limit", name)), inventory=each).code == 0

    return make


def assert_mended(node: NodeOf, found: Round) -> None:
    assert found.mended.code == 0, found.mended.err
    for name, hosts in found.mended.changed().items():
        allowed = {"deepend"} if name.startswith("deploys/trainer.py") else {*HOSTS}  # which may not be set up yet
        assert hosts <= allowed, found.mended.changed()
    for name in found.damaged:
        there = node(name)
        wait_until(partial(is_healthy, there), 30, f"{name}: {there.service} runs its chosen set")
        assert there.shell("systemctl is-system-running") == "running"
    assert (found.again.code, found.again.changed()) == (0, {}), found.again.err


def _runs(node: Node) -> bool:
    return node.pid() != 0


def short() -> list[tuple[str, str]]:
    """Each kind of damage to something, and each sort damaged in two ways, in one round.

    But for the roots: only the datasink has one, so it would need a second round.
    """
    kinds = list(DAMAGES)
    pairs = [(sort, kinds[number % len(kinds)]) for number, sort in enumerate([*SORTS, *SORTS])]
    assert pairs[-1][0] == "roots"
    return pairs[:-1]


def test_one_deploy_mends_what_is_damaged(lab: Lab, node: NodeOf, prepare: Callable[[], None]) -> None:
    for chosen in rounds(node, prepare, short()):
        assert_mended(node, strike(lab, chosen))


@pytest.mark.long
def test_one_deploy_mends_each_sort_of_file_damaged_in_each_way(
    lab: Lab, node: NodeOf, prepare: Callable[[], None]
) -> None:
    for chosen in rounds(node, prepare, list(product(SORTS, DAMAGES))):
        assert_mended(node, strike(lab, chosen))


def test_a_service_starts_whatever_became_of_our_program(lab: Lab, node: NodeOf) -> None:
    """H2: at a boot with no operator there; and the next deploy mends it."""
    kinds = dict(zip(HOSTS, ("emptied", "zeroed", "absent", "a folder"), strict=True))
    modules = dict(
        zip(HOSTS, ("__main__.py", "node/store/handles.py", "node/store/sets.py", "node/cli.py"), strict=True)
    )
    for name in HOSTS:
        damage(node(name), f"program/current/{modules[name]}", kinds[name])
        lab.power_cut(name)
    lab.up()
    for name in HOSTS:
        wait_until(partial(_runs, node(name)), 30, f"{name}: its service")
        assert node(name).status()["errors"] == {}
    run = deploy()
    assert run.code == 0, run.err
    changed = [hosts for name, hosts in run.changed().items() if name.endswith("Make the host ready")]
    assert changed == [{*HOSTS}]
    assert all(is_healthy(node(name)) for name in SERVED)
    again = deploy()
    assert (again.code, again.changed()) == (0, {})


def test_nobody_but_root_can_write_what_root_runs(node: NodeOf) -> None:
    """Byte code of our program lies on /run, where it is gone after a power cut: root executes it."""
    for name in SERVED:
        there = node(name)
        assert there.shell("find /run/sentinelcam/bytecode -name '*.pyc' | head -1")
        others = r"! -type l \( ! -user root -o -perm /022 \)"
        assert there.shell(f"find /run/sentinelcam {STATE}/program {others}") == ""
        assert there.shell(f"find {STATE}/program -name '*.pyc'") == ""


def test_what_cannot_be_replaced_is_told_before_the_service_stops(
    node: NodeOf, tmp_path: Path, settlement: Settlement
) -> None:
    """H4."""
    east, config = node("east"), "/home/ops/imagenode.yaml"
    variant = site.write(tmp_path / "site.py", hosts={"east": {"debug_mode": True}})
    before = east.snapshot()
    east.shell(f"mount --bind {config} {config}")
    try:
        refused = operator.deploy("--limit", "east", site=variant)
    finally:
        east.shell(f"umount {config}")
    assert refused.code == 1
    assert len(refused.lines_with(f"imagenode: {config}: cannot be replaced (")) == 1
    assert east.snapshot() == before
    assert operator.deploy("--limit", "east", site=variant).code == 0
    settlement.restore()
