"""`modelctl cleanup`."""

from pathlib import Path

import click

from modelctl.commands import options
from modelctl.commands.cleanup_nodes import clean_nodes
from modelctl.errors import OperatorError
from modelctl.inventory_file import load
from modelctl.prune import prune_registry as cleanups
from modelctl.prune.prune_registry_table import report


@click.command()
@click.option("--nodes", is_flag=True, help="Remove versions from the nodes instead, by the same rule and at once.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@options.yes
@options.as_json
@options.site
@click.pass_context
def cleanup(ctx: click.Context, nodes: bool, dry_run: bool, yes: bool, as_json: bool, site: Path) -> None:
    """List the versions that the primary datasink's clean-up may remove once their time has come.

    What is current, previous, an override, or named by any host's sets stays, and so do the most recent others.
    """
    if as_json and not (yes or dry_run):
        raise OperatorError("--json: it cannot ask; add --dry-run or --yes")
    inventory = load(site)
    inventory.connect()
    if nodes:
        ctx.exit(clean_nodes(inventory.fleet, dry_run, yes, as_json))
    plan = cleanups.look(inventory.fleet)
    options.tell(report(plan), cleanups.to_json(plan), as_json)
    if dry_run:
        return
    if plan.is_new:
        options.require_consent("Write this delete-list?", "written", yes)
    cleanups.write(inventory.fleet, plan)
    click.echo("the delete-list is written" if plan.is_new else "the delete-list is as it was", err=as_json)
