"""A dry run that is asked, by `--data exit=changes`, whether anything would change."""

from pyinfra.api import State

CHANGES = 3
"""The exit code of docs/reference/exit-codes.md."""


def tells_of_changes(state: State) -> bool:
    """Whether the run is one that was asked, nothing failed in it, and a host would be changed."""
    if not state.initialised or state.failed_hosts or state.inventory.get_override_data().get("exit") != "changes":
        return False
    return any(
        operation.operation_meta._maybe_is_change
        for host in state.inventory.iter_activated_hosts()
        for operation in state.ops[host].values()
    )
