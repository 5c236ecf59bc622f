"""The run that a host is in: its hosts, and what the operator has said of it."""

from pyinfra.api import Host, State

from operations.arguments import Arguments, parse


def hosts_of(state: State) -> list[Host]:
    """Return the hosts of a run, in the order of the inventory."""
    return [host for host in state.inventory if state.is_host_in_limit(host)]


def arguments_of(host: Host) -> Arguments:
    """Return the `--data` of the run."""
    names = [each.name for each in hosts_of(host.state)]
    return parse(host.inventory.get_override_data(), host.data.fleet, names)
