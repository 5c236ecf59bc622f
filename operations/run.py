"""A run: its hosts, what the operator asks of it after `--data`, and what each of them should hold."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pyinfra.api import State

from modelctl import product
from modelctl.desired.desired_state import desired, versions_of
from modelctl.desired.services import service_of
from modelctl.desired.trainer import uploads
from modelctl.errors import Faults
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.pull_ca import PullCa
from modelctl.operator import operator, purpose
from node.desired_state import Datasink, DesiredState, Options, Version

KEYS = {
    "canary": (
        "the host of its role to switch before the others, or several as a,b; else the first that moves, "
        "and all that go back"
    ),
    "exit": "changes: let a dry run exit 3 when anything would change",
    "models": "the models to act on, as a,b; all without it",
    "older": "the hosts, as a,b, to switch although a commit made their set that this checkout does not contain",
    "stage": "download: fetch the packages of the Coral stack to the primary datasink (deploys/coral.py alone)",
    "unlock": "yes: put a face list in place that unlocks events",
    "verify": "full: read every byte of the models, not only size and time",
}
YES = (True, "yes")


@dataclass(frozen=True)
class Arguments:
    """The `--data` of a deploy. `models` is None when all are meant."""

    models: frozenset[str] | None = None
    unlock: bool = False
    verify: str | None = None
    older: frozenset[str] = frozenset()
    stage: str | None = None
    exit: str | None = None

    def selects(self, model: str) -> bool:
        return self.models is None or model in self.models


@dataclass(frozen=True)
class Run:
    """`site` is the folder of the site, `hosts` the names of the run's hosts in the order of the inventory."""

    fleet: Fleet
    site: Path
    hosts: Sequence[str]
    arguments: Arguments
    diff: bool

    @cached_property
    def needed(self) -> dict[str, list[Version]]:
        """The versions of each host of the run: what the registry must hold."""
        return {name: versions_of(desired(self.fleet, name)) for name in self.hosts}

    def desired(self, host: str) -> DesiredState:
        """The whole desired state of a host, with what is asked of it in this run."""
        wanted, asked = desired(self.fleet, host), self.arguments
        return wanted._replace(
            commit=product.commit_of(self.site),
            product=product.release(),
            operator=operator(),
            purpose=purpose(),
            options=Options(unlock=asked.unlock, full=asked.verify == "full", diff=self.diff),
            datasink=self._datasink(wanted) if wanted.source.local else None,
        )

    def _datasink(self, wanted: DesiredState) -> Datasink:
        """Not remembered: the run may make the pull CA."""
        fleet, pull_ca = self.fleet, PullCa(self.fleet.site.pull_ca)
        return Datasink(
            pull_ca=pull_ca.lines(str(wanted.source.registry), fleet.revoked, uploads(fleet))
            if pull_ca.exists()
            else None,
            needed={each.label: each.manifest for versions in self.needed.values() for each in versions},
            log=Path(fleet.deployment_log()),
        )


_runs: WeakKeyDictionary[State, Run] = WeakKeyDictionary()


def run_of(state: State) -> Run:
    """Return the run that a state of pyinfra's is of; it is made once. Raises Faults for what the operator said."""
    if state not in _runs:
        hosts = [host for host in state.inventory if state.is_host_in_limit(host)]
        data, names = hosts[0].data, [host.name for host in hosts]
        arguments = parse_data(state.inventory.get_override_data(), data.fleet, names)
        _runs[state] = Run(data.fleet, data.site_folder, names, arguments, bool(state.config.DIFF))
    return _runs[state]


def parse_data(data: Mapping[str, Any], fleet: Fleet, run: Collection[str]) -> Arguments:
    """Read `--data` values as pyinfra parses them, for these hosts of a run. Raises Faults, all of them."""
    models, older = names_of(data.get("models")), names_of(data.get("older"))
    strange = [key for key in data if key not in KEYS and not key.startswith("ssh_")]  # the connector's
    faults = [fault(f"--data {key}", data[key], f"keys {choice(key, KEYS)}") for key in strange]
    faults += _unknown("models", models, fleet.registry.artefacts)
    faults += _unknown("older", older, run)
    faults += _canary_faults(names_of(data.get("canary")), fleet, run)
    for key, allowed in (("unlock", YES), ("verify", ("full",)), ("stage", ("download",)), ("exit", ("changes",))):
        if key in data and data[key] not in allowed:
            faults.append(fault(f"--data {key}", data[key], str(allowed[-1])))
    if faults:
        raise Faults(sorted(faults))
    said = {key: data.get(key) for key in ("verify", "stage", "exit")}
    return Arguments(models, data.get("unlock") in YES, older=older or frozenset(), **said)


def names_of(value: Any) -> frozenset[str] | None:
    """Read a list of names, None when nothing was said. Both `a,b` and `["a","b"]` name a list."""
    if value is None:
        return None
    names = value if isinstance(value, list) else str(value).split(",")
    return frozenset(str(name).strip() for name in names)


def _canary_faults(names: frozenset[str] | None, fleet: Fleet, run: Collection[str]) -> list[str]:
    if names is None:
        return []
    faults = _unknown("canary", names, [name for name in run if service_of(fleet, name)])
    roles = Counter(type(fleet.host(name)) for name in names if name in run)
    twice = sorted(name for name in names if name in run and roles[type(fleet.host(name))] > 1)
    return [*faults, *([fault("--data canary", ", ".join(twice), "one host of a role")] if twice else [])]


def _unknown(key: str, names: Iterable[str] | None, known: Collection[str]) -> list[str]:
    return [fault(f"--data {key}", name, choice(name, known)) for name in names or () if name not in known]
