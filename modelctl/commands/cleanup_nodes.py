"""`modelctl cleanup --nodes`."""

import click

from modelctl.commands import options
from modelctl.inventory.fleet import Fleet
from modelctl.prune import prune_nodes, prune_nodes_table

INCOMPLETE = 3  # exit code: a host gave no answer, or kept what was to go


def clean_nodes(fleet: Fleet, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Show the plan, ask, and let the versions go. Returns the exit code; the way to the hosts is open."""
    plan = prune_nodes.look(fleet)
    options.tell(prune_nodes_table.report(plan), prune_nodes.to_json(plan), as_json)
    is_known = all(host.error is None for host in plan.values())
    if not dry_run and any(host.all_going for host in plan.values()):
        options.require_consent("Remove these versions?", "removed", yes)
        results = prune_nodes.remove(fleet, plan)
        for line in prune_nodes_table.outcome(results):
            click.echo(line, err=as_json)
        for line in (failed := list(prune_nodes_table.failures(results))):
            click.echo(line, err=True)
        is_known = is_known and not failed
    return 0 if is_known else INCOMPLETE
