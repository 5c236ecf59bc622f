"""`modelctl prune registry`."""

from pathlib import Path

import click

from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.prune import prune_registry
from modelctl.prune.prune_registry_table import report


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@options.yes
@options.as_json
@options.site
def registry(dry_run: bool, yes: bool, as_json: bool, site: Path) -> None:
    """Remove the versions of the registry that have not been needed for a week, as its weekly timer does.

    What a checkout or any host references stays, and so do the most recent others of each model.
    """
    fleet = options.connected(site, as_json, dry_run, yes)
    found = prune_registry.look(fleet)
    options.tell(report(fleet.site.primary_datasink, found), prune_registry.to_json(fleet, found), as_json)
    if dry_run:
        return
    if found.due:
        options.require_consent("Remove them?", "removed", yes)
    swept = prune_registry.sweep(fleet)
    for line in swept.lines:
        click.echo(line, err=as_json)
    if swept.fault:
        raise OperatorError(f"{fleet.site.primary_datasink}: {swept.fault}")
