"""The run that a host is in: its hosts, what they should hold, and what the operator has said of it."""

from weakref import WeakKeyDictionary

from pyinfra.api import Host, State

from modelctl.desired.desired_state import desired, versions_of
from node.desired_state import DesiredState, Version
from operations.arguments import Arguments, parse

Needed = dict[str, list[Version]]

# Made once for a run: each host's operations ask for them again and again.
_arguments: WeakKeyDictionary[State, Arguments] = WeakKeyDictionary()
_needed: WeakKeyDictionary[State, Needed] = WeakKeyDictionary()


def hosts_of(state: State) -> list[Host]:
    """Return the hosts of a run, in the order of the inventory."""
    return [host for host in state.inventory if state.is_host_in_limit(host)]


def desired_of(host: Host) -> DesiredState:
    """Return what the host should hold."""
    return desired(host.data.fleet, host.name)


def needed_by(state: State) -> Needed:
    """Return the versions that the hosts of a run need, by the name of the host: what the registry must hold."""
    if state not in _needed:
        _needed[state] = {each.name: versions_of(desired_of(each)) for each in hosts_of(state)}
    return _needed[state]


def arguments_of(host: Host) -> Arguments:
    """Return the `--data` of the run."""
    if host.state not in _arguments:
        names = [each.name for each in hosts_of(host.state)]
        _arguments[host.state] = parse(host.inventory.get_override_data(), host.data.fleet, names)
    return _arguments[host.state]
