"""Whatever dies while a stack comes or is switched to, the service maps the libraries of one stack: that of its set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from modelctl.schema import CORAL
from tests.fleet import site, stacks
from tests.fleet.conftest import NodeOf
from tests.fleet.held import Held
from tests.fleet.node import STATE, Node
from tests.fleet.operator import DEFAULT_SITE, begin, deploy, end
from tests.fleet.settlement import Settlement
from tests.fleet.stacks import NEW, OLD

NAME = "alpha5"
LIMIT = 60.0  # seconds
COMMANDS = {"pull": 8, "switch-unit": 12}
"""What is killed, at so many points with --long."""
DEFAULT: dict[str, tuple[int, ...]] = {"pull": (), "switch-unit": (6,)}
"""Those that are always played; that a stack comes whole or not at all, unit tests tell of every point."""
CUTS = (2, 5, 8, 11)
"""Points at which the power is cut instead."""


@dataclass(frozen=True)
class Stage:
    """The host, the inventory file of each stack that it may want, and how many moments each command has."""

    node: Node
    sites: dict[str, Path]
    moments: dict[str, int]

    @property
    def now(self) -> str:
        """The version of the stack of the chosen set."""
        chosen = self.node.read(f"{STATE}/sets/imagenode/chosen/set.json")
        return NEW if NEW in chosen else OLD

    @property
    def next(self) -> str:
        return OLD if self.now == NEW else NEW


@pytest.fixture(scope="module")
def stage(settlement: Settlement, node: NodeOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    wanted = {NAME: {"model_version_overrides": {CORAL: NEW}}}
    path = site.write(tmp_path_factory.mktemp("coral") / "site.py", hosts=wanted)
    made, held = Stage(node(NAME), {OLD: DEFAULT_SITE, NEW: path}, {}), Held(node(NAME))
    for command in COMMANDS:
        stacks.keep(made.node, made.now)
        held.order(command, at=0)
        assert deploy("--limit", NAME, site=made.sites[made.next]).code == 0
        held.forget()
        made.moments[command] = len(held.moments())
    yield made
    settlement.restore()


@pytest.mark.parametrize(
    ("command", "point"),
    [
        pytest.param(command, point, marks=() if point in DEFAULT[command] else pytest.mark.long)
        for command, points in COMMANDS.items()
        for point in range(points)
    ],
)
def test_one_stack_whatever_dies(stage: Stage, lab: Lab, node: NodeOf, command: str, point: int) -> None:
    wanted, held = stage.next, Held(stage.node)
    stacks.keep(stage.node, stage.now)  # so that the wanted one must come anew
    held.order(command, at=1 + (point + 1) * (stage.moments[command] - 1) // (COMMANDS[command] + 1))
    deploying = begin("--limit", NAME, site=stage.sites[wanted], program="deploys/models.py")
    held.wait()
    if point in CUTS:
        lab.power_cut(NAME)
        end(deploying)
        lab.boot(NAME)
    else:
        held.kill()
        assert "Traceback" not in end(deploying).err
    wait_until(lambda: is_at_rest(stage), LIMIT, f"{NAME}: one stack mapped")
    assert stage.node.status()["errors"] == {}
    again = deploy("--limit", NAME, site=stage.sites[wanted])
    assert again.code == 0, again.err
    stacks.loads(node, wanted)
    assert stage.now == wanted


def is_at_rest(stage: Stage) -> bool:
    """Whether no switch is pending, and each process that has mapped a library has that of the chosen set's stack."""
    is_pending = stage.node.exists(f"{STATE}/sets/imagenode/pending")
    return not is_pending and stacks.versions(stage.node) == {stage.now}
