"""The run that a host is in: its hosts, what they should hold, and what the operator has said of it."""

from pyinfra.api import Host, State

from modelctl.desired.desired_state import desired, versions_of
from node.desired_state import DesiredState, Version
from operations.arguments import Arguments, parse


def hosts_of(state: State) -> list[Host]:
    """Return the hosts of a run, in the order of the inventory."""
    return [host for host in state.inventory if state.is_host_in_limit(host)]


def desired_of(host: Host) -> DesiredState:
    """Return what the host should hold."""
    return desired(host.data.fleet, host.name)


def needed_by(state: State) -> dict[str, list[Version]]:
    """Return the versions that the hosts of a run need, by the name of the host: what the registry must hold."""
    return {each.name: versions_of(desired_of(each)) for each in hosts_of(state)}


def arguments_of(host: Host) -> Arguments:
    """Return the `--data` of the run."""
    names = [each.name for each in hosts_of(host.state)]
    return parse(host.inventory.get_override_data(), host.data.fleet, names)
