"""`modelctl prune`."""

import sys

import click

from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.prune import prune_nodes, prune_registry

dry = click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")


@click.group()
def prune() -> None:
    """Remove old versions: from the primary datasink's registry, and from the nodes."""


@prune.command(short_help="Remove them from the model registry.")
@dry
@options.yes
@options.as_json
@options.inventory
def registry(dry_run: bool, yes: bool, as_json: bool, inventory: Inventory) -> None:
    """Remove the versions of the registry that have not been needed for a week, as its weekly timer does.

    What a checkout or any host references stays, and so do the most recent others of each model.
    """
    fleet = _connected(inventory, as_json, dry_run or yes)
    found = prune_registry.look(fleet)
    report = prune_registry.report(fleet.site.primary_datasink, found)
    options.tell(report, prune_registry.to_json(fleet, found), as_json)
    if dry_run:
        return
    if found.due:
        options.require_consent("Remove them?", "removed", yes)
    swept = prune_registry.sweep(fleet)
    for line in swept.lines:
        click.echo(line, err=as_json)
    if swept.fault:
        raise OperatorError(f"{fleet.site.primary_datasink}: {swept.fault}")


@prune.command(short_help="Remove them from the nodes.")
@dry
@options.yes
@options.as_json
@options.inventory
def nodes(dry_run: bool, yes: bool, as_json: bool, inventory: Inventory) -> None:
    """Remove old versions from the nodes, by the rule of the registry and at once.

    What is current, previous, an override, or named by a host's sets stays, and so do the most recent others. Exits 3
    when a host gave no answer, or kept what was to go.
    """
    fleet = _connected(inventory, as_json, dry_run or yes)
    plan = prune_nodes.look(fleet)
    options.tell(prune_nodes.report(plan), prune_nodes.to_json(plan), as_json)
    is_complete = all(host.error is None for host in plan.values())
    if not dry_run and any(host.all_going for host in plan.values()):
        options.require_consent("Remove these versions?", "removed", yes)
        results = prune_nodes.remove(fleet, plan)
        for line in prune_nodes.outcome(results):
            click.echo(line, err=as_json)
        for line in prune_nodes.failures(results):
            click.echo(line, err=True)
            is_complete = False
    if not is_complete:
        sys.exit(options.DIFFERS)


def _connected(inventory: Inventory, as_json: bool, asks_nothing: bool) -> Fleet:
    """The fleet, with the way to its hosts open. Raises OperatorError where a question could not be asked."""
    if as_json and not asks_nothing:
        raise OperatorError("--json: it cannot ask; add --dry-run or --yes")
    inventory.connect()
    return inventory.fleet
