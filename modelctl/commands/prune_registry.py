"""`modelctl prune registry`."""

from pathlib import Path

import click

from modelctl.commands import options
from modelctl.prune import prune_registry
from modelctl.prune.prune_registry_table import report


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@options.yes
@options.as_json
@options.site
def registry(dry_run: bool, yes: bool, as_json: bool, site: Path) -> None:
    """List the versions that the primary datasink's clean-up may remove once their time has come.

    What is current, previous, an override, or named by any host's sets stays, and so do the most recent others.
    """
    fleet = options.connected(site, as_json, dry_run, yes)
    plan = prune_registry.look(fleet)
    options.tell(report(plan), prune_registry.to_json(plan), as_json)
    if dry_run:
        return
    if plan.is_new:
        options.require_consent("Write this delete-list?", "written", yes)
    prune_registry.write(fleet, plan)
    click.echo("the delete-list is written" if plan.is_new else "the delete-list is as it was", err=as_json)
