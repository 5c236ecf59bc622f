"""`modelctl show`."""

import click

from modelctl.commands import options
from modelctl.inventory_file import Inventory
from modelctl.reports import model_versions


@click.command()
@click.argument("model")
@options.as_json
@options.inventory
@click.pass_context
def show(ctx: click.Context, model: str, as_json: bool, inventory: Inventory) -> None:
    """Show the versions of MODEL, newest first: what is stored, pinned and named, and which hosts run it.

    Exits 3 when something is unknown, a named version is not stored, or a stored one differs from its pin.
    """
    options.require_model(inventory.fleet, model)
    inventory.connect()
    found = model_versions.look(inventory.fleet, model)
    options.tell(model_versions.report(found), found.to_json(), as_json)
    ctx.exit(0 if found.is_ok else options.DIFFERS)
