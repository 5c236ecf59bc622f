"""What it costs to give three hosts of the lab another Coral stack: from a changed registry to services that run it.

The packages lie on the datasink; each host pulls, checks and unpacks them. Speed is shown, not asserted.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.timing import as_typed, seconds_of
from lab import site_copy
from lab.fleet import fleet
from lab.lab import Lab
from lab.site.standards import STANDARDS
from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Outpost
from tests.fleet.node import Node
from tests.fleet.stacks import NEW, OLD, keep

CHECKOUT = Path(__file__).parent.parent
HOSTS = ("sentinel", "alpha5", "lab1")
ROUNDS = 5
GOAL = 10.0  # seconds beside the settle time
SOURCE = """\
from pathlib import Path as _Path

from bench.coral import fleet_of as _fleet_of
from lab.network import enter as _connect

_SOURCES = _Path({sources!r})
_FLEET = _fleet_of({version!r})
"""
PYINFRA = str(Path(sys.executable).with_name("pyinfra"))
SETTLE = (PYINFRA, "lab/inventory.py", "deploys/models.py", "-y")


def main() -> None:
    """Time an update of three hosts, print what it took. Exits 1 when a run fails."""
    with TemporaryDirectory() as folder:
        try:
            taken = list(measure(Path(folder)))
        except OperatorError as error:
            sys.exit(str(error))
    settle = max(STANDARDS.health_checks.sentinel.settle_time, STANDARDS.health_checks.imagenode.settle_time)
    print(
        f"{median(taken) - settle:6.2f} s beside the settle time of {settle:g} s; the goal is at most {GOAL:g} "
        f"(median of {ROUNDS}, {os.cpu_count()} cores, {date.today().isoformat()})"
    )


def measure(folder: Path) -> Iterator[float]:
    """Update the hosts again and again, each time from a node that has only the stack before. Yields seconds."""
    before, after = (_deploy(folder / f"{version}.py", version) for version in (OLD, NEW))
    print(f"settling the lab: {as_typed(SETTLE)}", flush=True)
    seconds_of(SETTLE, CHECKOUT)
    print(f"updating: {as_typed(after)}", flush=True)
    for number in range(1, ROUNDS + 1):
        seconds_of(before, CHECKOUT)
        for host in HOSTS:
            keep(Node(Lab(), host), OLD)
        seconds = seconds_of(after, CHECKOUT)
        print(f"round {number} of {ROUNDS}: {seconds:.2f} s", flush=True)
        yield seconds


def fleet_of(version: str) -> Fleet:
    """The lab's fleet with this current version of the stack, and a stick for lab1."""
    made = fleet()
    lab1, coral = made.host("lab1"), made.registry.coral
    assert isinstance(lab1, Outpost)
    assert coral is not None
    cameras = {name: camera.model_copy(update={"accelerator": "coral"}) for name, camera in lab1.cameras.items()}
    fields = {"cameras": cameras, "models": ("mobilenet_ssd", "mobilenet_ssd_edgetpu")}
    hosts = {**made.site.hosts, "lab1": lab1.model_copy(update=fields)}
    registry = made.registry.model_copy(update={"coral": coral.model_copy(update={"current_version": version})})
    return replace(made, site=made.site.model_copy(update={"hosts": hosts}), registry=registry)


def _deploy(path: Path, version: str) -> tuple[str, ...]:
    """The command that gives the three hosts this version."""
    path.write_text(SOURCE.format(version=version, sources=str(site_copy.FOLDER / "inventory")), encoding="utf-8")
    return (PYINFRA, str(path), "deploys/models.py", "-y", *(word for host in HOSTS for word in ("--limit", host)))


if __name__ == "__main__":
    main()
