"""`modelctl override`."""

from pathlib import Path

import click

from modelctl import hints
from modelctl.changes import change, edit, journal, preview
from modelctl.changes import older as older_hosts
from modelctl.changes.git import checkout_of
from modelctl.commands import moving, options
from modelctl.commands.moving import Move
from modelctl.errors import OperatorError
from modelctl.faults import choice, fault
from modelctl.fleet import Fleet
from modelctl.inventory_file import load


@click.command()
@click.argument("host")
@click.argument("model")
@click.argument("version", required=False)
@click.option("--clear", is_flag=True, help="Take the override away: the host gets the current version again.")
@moving.reason
@moving.unlock
@older_hosts.option
@options.yes
@options.site
def override(
    host: str,
    model: str,
    version: str | None,
    clear: bool,
    reason: str,
    unlock: bool,
    older: tuple[str, ...],
    yes: bool,
    site: Path,
) -> None:
    """Try VERSION of MODEL on HOST alone: edit site.py, commit, deploy to it.

    The version must be stored, pinned and complete. When the deploy fails, or is stopped, all of it is undone.
    """
    inventory = load(site)
    fleet = inventory.fleet
    _require_model_of(fleet, host, model)
    if (version is None) != clear:
        raise OperatorError(fault("VERSION", version, "a version, or --clear, and not both"))
    current, now = fleet.registry.models[model].current_version, fleet.host(host).model_version_overrides.get(model)
    wanted = current if version is None else version
    preview.require_pinned(fleet, model, wanted)
    checkout = checkout_of(inventory.sources / "site.py")
    if version == now:
        change.require_none(checkout)
        click.echo(f"{host}: {_standing(model, now, current)} already; what runs: {hints.modelctl(f'status {host}')}")
        return
    with journal.locked(checkout):
        change.require_none(checkout)
        made = edit.set_override(inventory, host, model, version)
        checkout.require_editable(made.file)
        what = f"Override {model} on {host} with {version}" if version else f"Clear the override of {model} on {host}"
        moving.carry_out(inventory, checkout, made, Move(what, model, wanted, reason, unlock, older, yes))
    click.echo(f"{host}: {_standing(model, version, current)}")


def _require_model_of(fleet: Fleet, host: str, model: str) -> None:
    options.require_host(fleet, host)
    options.require_model(fleet, model)
    versions = fleet.versions(host)
    if model not in versions:
        raise OperatorError(fault("MODEL", model, f"a model that {host} gets: {choice(model, versions)}"))


def _standing(model: str, override: str | None, current: str) -> str:
    if override is None:
        return f"{model} has no override, so {current} is wanted"
    return f"{model} {override} is wanted by an override"
