"""Whatever dies in the middle of a switch, its node ends on one whole set and runs it.

The node program is held at one of its changes to the disk, and there it is killed, or the operator's run is, or the
power is cut. How often it changes the disk is counted first; the points are spread evenly over that.

Where no power is cut, the first story boots the host too, after each kill. The others need not: a boot without a note
only starts what is chosen.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from lab.lab import Lab
from tests import warm
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.held import Held
from tests.fleet.node import STATE, Node
from tests.fleet.operator import begin, end
from tests.fleet.settlement import Settlement
from tests.fleet.stage import (
    VARIANTS,
    Stage,
    assert_copies_are_whole,
    assert_whole,
    let_tasks_write,
    linked_files,
    set_up,
    switch,
)

StageOf = Callable[[str], Stage]


@pytest.fixture(scope="module")
def stage_of(settlement: Settlement, node: NodeOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StageOf]:
    """Stages by host, each set when it is first asked for. Afterwards the default site is restored."""
    known: dict[str, Stage] = {}

    def stage(name: str) -> Stage:
        if name not in known:
            known[name] = set_up(node(name), tmp_path_factory.mktemp(name) / "site.py")
        return known[name]

    yield stage
    settlement.restore()


@pytest.fixture(scope="module")
def bad_update(stage_of: StageOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """lab1, whose other set crashes at once, so that each switch to it returns. The moments are those of the return."""
    stage, held = stage_of("lab1"), Held(stage_of("lab1").node)
    path = site.write(tmp_path_factory.mktemp("bad") / "site.py", **VARIANTS["lab1"], health_checks=site.PATIENT)
    stage = replace(stage, other=replace(stage.other, site=path))
    if stage.now is not stage.default:
        assert switch(stage, stage.default).code == 0
    stage.node.misbehave(when="DEBUG", crash_after=0)
    held.order("switch-unit", at=0)
    assert switch(stage, stage.other).code == 1
    held.forget()
    moments = held.moments()
    chosen = moments.index(f"after rename {STATE}/sets/imagenode/chosen")
    begun = moments.index(f"before link {STATE}/sets/imagenode/.chosen.new", chosen)
    yield replace(stage, moments=tuple(moments[begun:]), skipped=begun, bad=stage.other)
    stage.node.shell("rm -r /etc/sentinelcam-lab")


@pytest.fixture(scope="module")
def recovery(stage_of: StageOf) -> Stage:
    """lab1, with the moments of a recovery from a switch that was killed when its files were in place."""
    stage, held = stage_of("lab1"), Held(stage_of("lab1").node)
    deploying = begin_and_hold(stage)
    held.order("recover", at=0)
    kill_switch(stage.node)
    assert end(deploying).code == 1
    held.forget()
    assert_whole(stage)
    return replace(stage, moments=tuple(held.moments()))


def begin_and_hold(stage: Stage) -> warm.Process:
    """Begin a switch, and hold it when the new files are in place and the service is down."""
    held = Held(stage.node)
    installed = f"after rename {STATE}/sets/{stage.node.service}/installed"
    held.order("switch-unit", stage.moments.index(installed) + 1)
    deploying = begin("--limit", stage.node.name, site=stage.next.site)
    held.wait()
    return deploying


def kill_switch(node: Node) -> None:
    kill(node, f"sentinelcam-switch-{node.service}")


def kill(node: Node, unit: str) -> None:
    node.shell(f"systemctl kill --signal=KILL {unit}")


def reboot(lab: Lab, stage: Stage) -> None:
    lab.power_cut(stage.node.name)
    lab.boot(stage.node.name)


def points(host: str, default: int, long: int) -> pytest.MarkDecorator:
    """Points spread evenly: so many with --long, of which so many are always run."""
    always = {(2 * number + 1) * long // (2 * default) for number in range(default)}
    return pytest.mark.parametrize(
        ("host", "part"),
        [
            pytest.param(host, (number + 1) / (long + 1), marks=[] if number in always else pytest.mark.long)
            for number in range(long)
        ],
    )


def switch_is_killed(stage: Stage, part: float) -> None:
    before, wanted, after, held = stage.now, stage.next, stage.end, Held(stage.node)
    held.order("switch-unit", stage.point(part))
    deploying = begin("--limit", stage.node.name, site=wanted.site)
    held.wait()
    expected = after if held.has_ended() else before
    kill_switch(stage.node)
    run = end(deploying)
    assert_whole(stage)
    assert "Traceback" not in run.err
    assert stage.now is expected
    assert (run.code == 0) == (stage.now is wanted)


def power_is_cut(stage: Stage, lab: Lab, part: float) -> None:
    before, wanted, after, held = stage.now, stage.next, stage.end, Held(stage.node)
    held.order("switch-unit", stage.point(part))
    deploying = begin("--limit", stage.node.name, site=wanted.site)
    held.wait()
    expected = after if held.has_ended() else before
    lab.power_cut(stage.node.name)
    run = end(deploying)
    assert run.code == 1
    assert "Traceback" not in run.err
    lab.boot(stage.node.name)
    assert_whole(stage)
    assert stage.now is expected


@points("lab1", default=1, long=20)
def test_all_or_nothing_when_the_switch_is_killed(stage_of: StageOf, lab: Lab, host: str, part: float) -> None:
    switch_is_killed(stage_of(host), part)
    reboot(lab, stage_of(host))
    assert_whole(stage_of(host))


@points("sentinel", default=1, long=8)
def test_the_switch_to_another_version_of_linked_files_is_killed(stage_of: StageOf, host: str, part: float) -> None:
    stage = stage_of(host)
    linked = let_tasks_write(stage.node)
    switch_is_killed(stage, part)
    assert linked_files(stage.node) == linked
    assert_copies_are_whole(stage.node)


@points("lab1", default=1, long=9)
def test_the_operator_s_run_is_killed(stage_of: StageOf, host: str, part: float) -> None:
    stage = stage_of(host)
    wanted, held = stage.next, Held(stage.node)
    held.order("switch-unit", stage.point(part))
    deploying = begin("--limit", host, site=wanted.site)
    held.wait()
    deploying.kill()
    deploying.communicate()
    held.release()
    assert_whole(stage)
    assert stage.now is wanted
    again = switch(stage, wanted)
    assert (again.code, again.changed()) == (0, {})


@points("lab1", default=1, long=12)
def test_all_or_nothing_when_the_power_is_cut_during_the_switch(
    stage_of: StageOf, lab: Lab, host: str, part: float
) -> None:
    power_is_cut(stage_of(host), lab, part)


@points("sentinel", default=1, long=3)
def test_the_power_is_cut_during_a_switch_to_another_version_of_linked_files(
    stage_of: StageOf, lab: Lab, host: str, part: float
) -> None:
    stage = stage_of(host)
    linked = let_tasks_write(stage.node)
    power_is_cut(stage, lab, part)
    assert linked_files(stage.node) == linked
    assert_copies_are_whole(stage.node)


@points("lab1", default=1, long=2)
def test_the_start_of_the_service_is_killed(stage_of: StageOf, host: str, part: float) -> None:
    """Before each start the unit puts the chosen set's files in place; here it dies of that."""
    stage, held = stage_of(host), Held(stage_of(host).node)
    held.order("install", at=1 + round(4 * part))
    deploying = begin("--limit", host, site=stage.next.site)
    held.wait()
    kill(stage.node, stage.node.service)
    run = end(deploying)
    assert_whole(stage)
    assert run.code == 1
    assert run.lines_with(f"{stage.node.service}: rolled back to {stage.now.digest[:12]}: ")


@points("lab1", default=1, long=4)
def test_the_recovery_is_killed(recovery: Stage, host: str, part: float) -> None:
    assert recovery.node.name == host
    before, held = recovery.now, Held(recovery.node)
    deploying = begin_and_hold(recovery)
    held.order("recover", recovery.point(part))
    kill_switch(recovery.node)
    held.wait()
    kill(recovery.node, f"sentinelcam-recover@{recovery.node.service}")
    run = end(deploying)
    assert_whole(recovery)
    assert (run.code, recovery.now) == (1, before)


@points("lab1", default=1, long=4)
def test_the_power_is_cut_during_the_recovery(recovery: Stage, lab: Lab, host: str, part: float) -> None:
    assert recovery.node.name == host
    before, held = recovery.now, Held(recovery.node)
    deploying = begin_and_hold(recovery)
    held.order("recover", recovery.point(part))
    kill_switch(recovery.node)
    held.wait()
    reboot(lab, recovery)
    assert end(deploying).code == 1
    assert_whole(recovery)
    assert recovery.now is before


@points("lab1", default=1, long=4)
def test_the_power_is_cut_during_the_recovery_at_boot(recovery: Stage, lab: Lab, host: str, part: float) -> None:
    before, held = recovery.now, Held(recovery.node)
    deploying = begin_and_hold(recovery)
    held.order("recover-at-boot", recovery.point(part))
    lab.power_cut(host)
    assert end(deploying).code == 1
    with ThreadPoolExecutor() as pool:
        booting = pool.submit(lab.boot, host)
        held.wait()
        lab.power_cut(host)
        assert booting.exception() is not None
    lab.boot(host)
    assert_whole(recovery)
    assert recovery.now is before


@points("lab1", default=0, long=4)
def test_the_return_is_killed(bad_update: Stage, host: str, part: float) -> None:
    assert bad_update.node.name == host
    switch_is_killed(bad_update, part)


@points("lab1", default=1, long=4)
def test_the_power_is_cut_during_the_return(bad_update: Stage, lab: Lab, host: str, part: float) -> None:
    assert bad_update.node.name == host
    power_is_cut(bad_update, lab, part)
