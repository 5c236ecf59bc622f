"""Coral: hosts with a stick load the libraries of one stack, whatever is updated, taken back, broken or killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.architecture import ARCHITECTURE
from lab.coral import Fault
from lab.machine import wait_until
from modelctl.schema import CORAL, Pin
from tests.chandler.inventory.registry import REGISTRY
from tests.fleet import missing, site, stacks
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import DEFAULT_SITE, Run, deploy, modelctl, predict
from tests.fleet.pulls import counter
from tests.fleet.settlement import Settlement
from tests.fleet.stacks import HOSTS, NEW, OLD

HEALTH_CHECKS = {"imagenode": {"settle_time": 2, "model_wait": 3}, "sentinel": {"settle_time": 2}}
OFFERED = "2026-02-01"
BY_REFUSAL = 300_000  # bytes: a question, twice


@pytest.mark.usefixtures("deployed")
def test_hosts_with_a_stick_start_with_the_stack_and_others_have_none(node: NodeOf) -> None:
    stacks.loads(node, OLD)
    for name in HOSTS:
        there = node(name)
        assert there.shell(f"ls {stacks.STACKS}").split() == [stacks.digest_of(node, name)]
        assert "plugdev" in there.shell(f"cat /proc/{there.pid()}/status; id -Gn ops")
        assert "Environment=" not in there.read(f"/etc/systemd/system/{there.service}.service")
    for name in ("lab1", "east", "data1"):
        assert not node(name).exists(stacks.STACKS)


UNFIT = {
    "unresolved": (Fault(library="unresolved"), "undefined symbol: "),
    "truncated": (Fault(library="truncated"), "truncated"),
    "crashes": (Fault(library="crashes"), "segmentation fault"),
    "illegal instruction": (Fault(library="illegal"), "illegal instruction"),
    "another machine's": (Fault(library="of another machine"), "expected"),
    "another Python's": (Fault(pycoral_tag="cp39-cp39-linux_x86_64"), "cp39"),
    "a newer numpy's": (Fault(numpy="1.26", asked_numpy="1.26"), "numpy"),
}
BY_DEFAULT = ("unresolved",)


@pytest.fixture
def offered(node: NodeOf, tmp_path: Path, request: pytest.FixtureRequest, settlement: Settlement) -> Iterator[Path]:
    """A site in which alpha5 wants a stack with a fault; the datasink has it."""
    stack = stacks.known()
    pins = stacks.pins({OFFERED: stacks.stored(node("data1"), OFFERED, stack, request.param)})
    wanted = {"alpha5": {"model_version_overrides": {CORAL: OFFERED}}}
    yield site.write(
        tmp_path / "site.py", hosts=wanted, pins=pins, stacks={OFFERED: stack}, health_checks=HEALTH_CHECKS
    )
    stacks.removed(node("data1"), OFFERED)
    settlement.restore()


def run(path: Path) -> Run:
    """Deploy to alpha5, and to a host that is settled: where all hosts fail pyinfra reports nothing."""
    return deploy("--limit", "alpha5", "--limit", "data2", site=path)


@pytest.mark.parametrize(
    ("offered", "says"),
    [
        pytest.param(*case, id=name, marks=() if name in BY_DEFAULT else pytest.mark.long)
        for name, case in UNFIT.items()
    ],
    indirect=["offered"],
)
def test_an_unfit_stack_is_refused_while_the_service_runs_on(offered: Path, says: str, node: NodeOf) -> None:
    before, chosen = node("alpha5").snapshot(), node("alpha5").link("chosen")
    played = run(offered)
    assert (played.code, played.failed()) == (1, {"alpha5"})
    assert [line for line in played.lines_with("alpha5") if says in line], played.err
    assert "Traceback" not in played.err
    assert (node("alpha5").snapshot(), node("alpha5").link("chosen")) == (before, chosen)
    assert stacks.versions(node("alpha5")) == {OLD}


@pytest.mark.parametrize("offered", [Fault(library_tensorflow="2.17.1")], indirect=True, ids=["mixed"])
def test_a_mixed_stack_rolls_back_by_itself(offered: Path, node: NodeOf) -> None:
    """It imports cleanly, and crashes when the detector loads its model."""
    chosen = node("alpha5").link("chosen")
    played = run(offered)
    assert (played.code, played.failed()) == (1, {"alpha5"})
    assert " imagenode returned " in node("alpha5").history()[-1]
    assert node("alpha5").link("chosen") == chosen
    stacks.loads(node, OLD)


def test_the_real_packages_for_a_pi_are_refused_before_a_byte_comes(
    node: NodeOf, tmp_path: Path, settlement: Settlement
) -> None:
    """The registry's own names, of arm64; the lab's hosts are of another architecture."""
    assert REGISTRY.coral is not None
    real = REGISTRY.coral.stacks["2025-12-19"]
    pin = {"manifest": "a" * 64, "files": {name: {"sha256": "b" * 64, "size": 10_000_000} for name in real.files}}
    pins = stacks.pins({OFFERED: Pin.model_validate(pin)})
    wanted = {"alpha5": {"model_version_overrides": {CORAL: OFFERED}}}
    path = site.write(
        tmp_path / "site.py", hosts=wanted, pins=pins, stacks={OFFERED: real}, health_checks=HEALTH_CHECKS
    )
    before, received = node("alpha5").snapshot(), counter(node("alpha5"))
    predicted, played = predict("--limit", "alpha5", "--limit", "data2", site=path), run(path)
    line = f"{CORAL}/{OFFERED}: built for architecture arm64, and this host has {ARCHITECTURE}"
    assert [each for each in played.lines_with("[alpha5]") if line in each], played.err
    assert [each for each in predicted.lines_with("[alpha5]") if line in each], predicted.err
    assert (played.code, played.failed()) == (1, {"alpha5"})
    assert received() < BY_REFUSAL
    assert node("alpha5").snapshot() == before
    settlement.restore()


def test_another_numpy_is_refused_while_the_service_runs_on(
    node: NodeOf, tmp_path: Path, settlement: Settlement
) -> None:
    wanted = {"alpha5": {"model_version_overrides": {CORAL: NEW}}}
    path, before = (
        site.write(tmp_path / "site.py", hosts=wanted, health_checks=HEALTH_CHECKS),
        node("alpha5").snapshot(),
    )
    with missing.another_numpy(node("alpha5"), "2.1.0"):
        played = run(path)
    assert (played.code, played.failed()) == (1, {"alpha5"})
    assert [line for line in played.lines_with("numpy 2.1.0") if "pip install 'numpy<2'" in line], played.err
    assert node("alpha5").snapshot() == before
    settlement.restore()


ANOTHER = "/home/ops/imagenode/imagenode/pycoral"


@pytest.mark.parametrize("way", ["beside the script", pytest.param("tensorflow", marks=pytest.mark.long)])
def test_a_foreign_package_is_refused_by_its_place(
    node: NodeOf, way: str, tmp_path: Path, settlement: Settlement
) -> None:
    alpha5 = node("alpha5")
    place = ANOTHER if way == "beside the script" else f"{missing.SITE_PACKAGES}/tensorflow"
    alpha5.shell(f"mkdir {place} && touch {place}/__init__.py && chown -R ops:ops {place}")
    wanted = {"alpha5": {"model_version_overrides": {CORAL: NEW}}}
    try:
        pid = alpha5.pid()
        played = run(site.write(tmp_path / "site.py", hosts=wanted, health_checks=HEALTH_CHECKS))
        assert (played.code, played.failed()) == (1, {"alpha5"})
        assert played.lines_with(place)
        assert alpha5.pid() == pid
    finally:
        alpha5.shell(f"rm -r {place}")
    settlement.restore()


def test_a_library_of_another_place_is_told_by_status(node: NodeOf, settlement: Settlement) -> None:
    """S5 of stacks: a drop-in leads the service to another library."""
    alpha5, dropin = node("alpha5"), "/etc/systemd/system/imagenode.service.d/mine.conf"
    unit = alpha5.read("/etc/systemd/system/imagenode.service")
    [start] = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    alpha5.shell(f"cp -r {stacks.STACKS}/{stacks.digest_of(node, 'alpha5')}/lib /opt/another")
    other = start.replace(f"{stacks.STACKS}/{stacks.digest_of(node, 'alpha5')}/lib", "/opt/another")
    alpha5.write(dropin, f"[Service]\nExecStart=\n{other}\n")
    try:
        alpha5.shell("systemctl daemon-reload && systemctl restart imagenode")
        wait_until(lambda: {"/opt/another/libedgetpu.so.1"} in stacks.mapped(alpha5).values(), stacks.LOADED, "mapped")
        shown = modelctl("status", "alpha5", "--site", str(DEFAULT_SITE))
        assert shown.code == 3
        assert "has mapped /opt/another/libedgetpu.so.1" in " ".join(shown.out.split())
    finally:
        alpha5.shell(f"rm -r {dropin} /opt/another; systemctl daemon-reload; systemctl restart imagenode")
    settlement.restore()
