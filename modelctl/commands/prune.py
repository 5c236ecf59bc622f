"""`modelctl prune`."""

import sys
from collections.abc import Mapping, Sequence

import click

from modelctl import for_programs
from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.prune import prune_nodes, prune_registry
from node import codec
from node.protocol.retention import Swept

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
    swept = Swept([], None)
    if not as_json:
        prune_registry.report(fleet.site.primary_datasink, found).print()
    if not dry_run:
        if found.due:
            options.require_consent("Remove them?", "removed", yes)
        swept = prune_registry.sweep(fleet)
    _tell(swept.lines, prune_registry.to_json(fleet, found, swept), as_json)
    if swept.fault:
        click.echo(f"{fleet.site.primary_datasink}: {swept.fault}", err=True)
        sys.exit(options.FAILED)


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
    results: prune_nodes.Results = {}
    if not as_json:
        prune_nodes.report(plan).print()
    if not dry_run and any(host.all_going for host in plan.values()):
        options.require_consent("Remove these versions?", "removed", yes)
        results = prune_nodes.remove(fleet, plan)
    pruned = prune_nodes.pruned(plan, results)
    _tell(pruned.removed, codec.encode(pruned), as_json)
    for line in pruned.failed:
        click.echo(line, err=True)
    if pruned.failed or any(host.error is not None for host in plan.values()):
        sys.exit(options.DIFFERS)


def _tell(lines: Sequence[str], data: Mapping[str, object], as_json: bool) -> None:
    """Print what was done; for programs, who have seen nothing yet, all of it."""
    for line in [for_programs.text(data)] if as_json else lines:
        click.echo(line)


def _connected(inventory: Inventory, as_json: bool, asks_nothing: bool) -> Fleet:
    """The fleet, with the way to its hosts open. Raises OperatorError where a question could not be asked."""
    if as_json and not asks_nothing:
        raise OperatorError("--json: it cannot ask; add --dry-run or --yes")
    inventory.connect()
    return inventory.fleet
