"""`modelctl status`."""

import click

from modelctl.changes import change
from modelctl.commands import options
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote
from modelctl.reports import registry_state
from modelctl.reports import status as statuses
from modelctl.reports.status import FleetStatus


@click.command()
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@options.as_json
@options.inventory
@click.pass_context
def status(ctx: click.Context, hosts: tuple[str, ...], as_json: bool, inventory: Inventory) -> None:
    """Ask each HOST what it runs, and compare that with what this checkout wants; all hosts unless some are named.

    Below that, what is unfinished in the checkout and in the model registry. Exits 3 when a service drifted or is not
    healthy, a host gives no answer, or a rollback or an override has not ended.
    """
    fleet = inventory.fleet
    wanted = statuses.wanted_sets(fleet, statuses.choose(fleet, hosts))
    inventory.connect()
    registry, answers = remote.together(lambda: registry_state.look(fleet), lambda: statuses.look(fleet, wanted))
    found = FleetStatus(answers, registry, change.unfinished(inventory))
    options.tell(statuses.report(fleet, wanted, found), found.to_json(), as_json)
    ctx.exit(0 if found.is_ok else options.DIFFERS)
