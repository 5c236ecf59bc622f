"""`modelctl rollback`."""

import click

from modelctl import hints
from modelctl.changes import change, edit, preview
from modelctl.changes.git import checkout_of
from modelctl.commands import moving, options
from modelctl.commands.moving import Move, Wish
from modelctl.errors import OperatorError
from modelctl.faults import fault
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import version_key
from modelctl.inventory_file import Inventory


@click.command()
@click.argument("model")
@click.argument("version", required=False)
@click.option("--previous", is_flag=True, help="Go to the version before; the same again goes forward.")
@moving.wish
@options.inventory
def rollback(model: str, version: str | None, previous: bool, wish: Wish, inventory: Inventory) -> None:
    """Give all hosts without an override VERSION of MODEL: edit registry.py, commit, deploy.

    The version must be stored, pinned and complete. When the deploy fails, or is stopped, all of it is undone.
    """
    options.require_model(inventory.fleet, model)
    now = inventory.fleet.registry.artefacts[model].current_version
    wanted = _wanted(inventory.fleet, model, version, previous)
    preview.require_pinned(inventory.fleet, model, wanted)
    checkout = checkout_of(inventory.sources / "registry.py")
    if wanted == now:
        change.require_none(checkout)
        click.echo(f"{model}: {wanted} is the current version already; what runs: {hints.modelctl('status')}")
        return
    verb = "Roll back" if version_key(wanted) < version_key(now) else "Roll forward"
    move = Move(f"{verb} {model} from {now} to {wanted}", model, wanted, wish)
    moving.carry_out(inventory, checkout, lambda: edit.set_versions(inventory, model, wanted, now), move)
    back = hints.modelctl(f"rollback {model} --previous")
    click.echo(f"{model}: {wanted} is the current version; to {now} again: {back}")


def _wanted(fleet: Fleet, model: str, version: str | None, previous: bool) -> str:
    if (version is None) != previous:
        raise OperatorError(fault("VERSION", version, "a version, or --previous, and not both"))
    wanted = fleet.registry.artefacts[model].previous_version if version is None else version
    if wanted is None:
        place = "registry.coral" if model == CORAL else f"registry.models.{model}"
        name, show = hints.modelctl(f"rollback {model} VERSION"), hints.modelctl(f"show {model}")
        raise OperatorError(
            f"{place}.previous_version: found nothing; expected a version to go to; "
            f"name one: {name}; those there are: {show}"
        )
    return wanted
