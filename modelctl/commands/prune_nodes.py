"""`modelctl prune nodes`."""

from pathlib import Path

import click

from modelctl.commands import options
from modelctl.prune import prune_nodes, prune_nodes_table

INCOMPLETE = 3  # exit code: a host gave no answer, or kept what was to go


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@options.yes
@options.as_json
@options.site
@click.pass_context
def nodes(ctx: click.Context, dry_run: bool, yes: bool, as_json: bool, site: Path) -> None:
    """Remove old versions from the nodes, by the rule of the registry and at once.

    What is current, previous, an override, or named by a host's sets stays, and so do the most recent others. Exits 3
    when a host gave no answer, or kept what was to go.
    """
    fleet = options.connected(site, as_json, dry_run, yes)
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
    ctx.exit(0 if is_known else INCOMPLETE)
