"""`modelctl pin`."""

import click

from modelctl import hints
from modelctl.commands import options
from modelctl.commands.pinned import pin_versions, require_pins_file
from modelctl.errors import OperatorError
from modelctl.inventory_file import Inventory
from modelctl.registry import pinning, registry_store


@click.command()
@click.argument("model", required=False)
@click.argument("version", required=False)
@options.yes
@options.inventory
def pin(model: str | None, version: str | None, yes: bool, inventory: Inventory) -> None:
    """Pin versions that the primary datasink holds, after reading every byte of them there.

    Without VERSION: those of MODEL that no pin covers, of what hosts want and what is stored with a manifest. Without
    MODEL: those of all models.
    """
    require_pins_file(inventory)
    fleet = inventory.fleet
    if model is not None:
        options.require_model(fleet, model)
    unknown: list[str] = []
    if model is not None and version is not None:
        versions = [(model, pinning.require_version(version))]
        inventory.connect()
    else:
        inventory.connect()
        listing = registry_store.listing(fleet)
        whole = [pair for pair, each in listing.versions.items() if each.manifest is not None or each.fault is not None]
        versions = pinning.unpinned(fleet, model, whole)
        unknown = [why for name, why in listing.unreadable.items() if model in (None, name)]
    for why in unknown:
        click.echo(f"{fleet.site.primary_datasink}: {why}", err=True)
    if versions:
        pin_versions(inventory, versions, yes)
    elif not unknown:
        datasink = fleet.site.primary_datasink
        click.echo(f"{inventory.pins}: nothing to pin, it has every version that a host wants or {datasink} stores")
    if unknown:
        raise OperatorError(f"not all was pinned; when that is mended: {hints.modelctl('pin')}")
