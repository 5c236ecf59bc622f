"""`modelctl override`."""

import click

from modelctl import hints
from modelctl.changes import change, edit, preview
from modelctl.changes.git import checkout_of
from modelctl.commands import moving, options
from modelctl.commands.moving import Move, Wish
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory


@click.command()
@click.argument("hosts", metavar="HOST[,HOST...]")
@click.argument("model")
@click.argument("version", required=False)
@click.option("--clear", is_flag=True, help="Take the override away: the host gets the current version again.")
@moving.wish
@options.inventory
def override(hosts: str, model: str, version: str | None, clear: bool, wish: Wish, inventory: Inventory) -> None:
    """Try VERSION of MODEL on HOST alone, or on several as a,b: edit site.py, commit, deploy to them.

    The version must be stored, pinned and complete. When the deploy fails, or is stopped, all of it is undone, on all
    of them.
    """
    fleet = inventory.fleet
    names = _hosts(fleet, hosts, model)
    if (version is None) != clear:
        raise OperatorError(fault("VERSION", version, "a version, or --clear, and not both"))
    current = fleet.registry.artefacts[model].current_version
    wanted = current if version is None else version
    preview.require_pinned(fleet, model, wanted)
    checkout = checkout_of(inventory.sources / "site.py")
    others = [name for name in names if fleet.host(name).model_version_overrides.get(model) != version]
    said, standing = ", ".join(names), _standing(model, version, current)
    if not others:
        change.require_none(checkout)
        click.echo(f"{said}: {standing} already; what runs: {hints.modelctl(' '.join(['status', *names]))}")
        return
    place = ", ".join(others)
    what = f"Override {model} on {place} with {version}" if version else f"Clear the override of {model} on {place}"
    move = Move(what, model, wanted, wish)
    moving.carry_out(inventory, checkout, lambda: edit.set_override(inventory, others, model, version), move)
    click.echo(f"{said}: {standing}")


def _hosts(fleet: Fleet, words: str, model: str) -> list[str]:
    """The hosts that were named, each once. Raises OperatorError, Faults for one that does not get the model."""
    names = list(dict.fromkeys(words.split(",")))
    for host in names:
        options.require_host(fleet, host)
    options.require_model(fleet, model)
    getting = {host: fleet.versions(host) for host in names}
    if faults := [
        fault("MODEL", model, f"a model that {host} gets: {choice(model, versions)}")
        for host, versions in getting.items()
        if model not in versions
    ]:
        raise Faults(faults)
    return names


def _standing(model: str, override: str | None, current: str) -> str:
    if override is None:
        return f"{model} has no override, so {current} is wanted"
    return f"{model} {override} is wanted by an override"
