"""A run: its hosts, what the operator asks of it, and what each of them should hold. A deploy hands it to its steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from weakref import WeakKeyDictionary

from pyinfra.api import State

from modelctl import product
from modelctl.desired.desired_state import desired, versions_of
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.pull_ca import PullCa
from modelctl.operator import operator, purpose
from node.desired_state import Datasink, DesiredState, Options, Version
from operations.arguments import Arguments, parse


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
            pull_ca=pull_ca.lines(str(wanted.source.registry), fleet.revoked) if pull_ca.exists() else None,
            needed={each.label: each.manifest for versions in self.needed.values() for each in versions},
            log=Path(fleet.deployment_log()),
        )


_runs: WeakKeyDictionary[State, Run] = WeakKeyDictionary()


def run_of(state: State) -> Run:
    """Return the run that a state of pyinfra's is of; it is made once. Raises Faults for what the operator said."""
    if state not in _runs:
        hosts = [host for host in state.inventory if state.is_host_in_limit(host)]
        data, names = hosts[0].data, [host.name for host in hosts]
        arguments = parse(state.inventory.get_override_data(), data.fleet, names)
        _runs[state] = Run(data.fleet, data.site_folder, names, arguments, bool(state.config.DIFF))
    return _runs[state]
