"""`modelctl list`."""

import click

from modelctl.commands import options
from modelctl.inventory_file import Inventory
from modelctl.reports import model_list
from node import codec


@click.command("list")
@options.as_json
@options.inventory
@click.pass_context
def list_models(ctx: click.Context, as_json: bool, inventory: Inventory) -> None:
    """Show every model: its current and previous version, the hosts that override them, and what is stored.

    Exits 3 when the primary datasink gives no answer, or cannot read all of it.
    """
    inventory.connect()
    found = model_list.look(inventory.fleet)
    options.tell(model_list.report(inventory.fleet, found), codec.encode(found), as_json)
    ctx.exit(0 if found.is_ok else options.DIFFERS)
