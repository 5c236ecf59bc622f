"""`modelctl verify`."""

import click

from modelctl.commands import options
from modelctl.inventory_file import Inventory
from modelctl.reports import verification


@click.command()
@click.argument("model", required=False)
@click.option("--nodes", is_flag=True, help="Let every node read its versions, and every datasink its face lists, too.")
@options.as_json
@options.inventory
@click.pass_context
def verify(ctx: click.Context, model: str | None, nodes: bool, as_json: bool, inventory: Inventory) -> None:
    """Read every byte of the stored versions of MODEL again, of all models unless one is named, and tell what differs.

    A pinned version is compared with its pin, another one with its own manifest. Exits 3 when something differs or is
    unknown.
    """
    fleet = inventory.fleet
    if model is not None:
        options.require_model(fleet, model)
    models = list(fleet.registry.artefacts) if model is None else [model]
    inventory.connect()
    found = verification.registry(fleet, models)
    if nodes:
        found = found.plus(verification.nodes(fleet, models))
    options.tell(verification.report(fleet, found), found.to_json(), as_json)
    ctx.exit(0 if found.is_ok else options.DIFFERS)
