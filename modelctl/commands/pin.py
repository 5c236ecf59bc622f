"""`modelctl pin`."""

import dataclasses
from pathlib import Path

import click

from modelctl import pinning, registry_store
from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.inventory_file import load
from modelctl.pins import load_pins, replace_pins


@click.command()
@click.argument("model", required=False)
@click.argument("version", required=False)
@options.yes
@options.site
def pin(model: str | None, version: str | None, yes: bool, site: Path) -> None:
    """Pin versions that the primary datasink holds, after reading every byte of them there.

    Without VERSION: those of MODEL that hosts want and no pin covers. Without MODEL: those of all models.
    """
    inventory = load(site)
    path, pins = inventory.pins, load_pins(inventory.pins)
    fleet = dataclasses.replace(inventory.fleet, pins=pins)
    versions = pinning.choose(fleet, model, version)
    if not versions:
        click.echo(f"{path}: nothing to pin, it has every version that a host wants")
        return
    inventory.connect()
    proposal = pinning.propose(fleet, dict(zip(versions, registry_store.read(fleet, versions), strict=True)))
    _show(proposal, fleet.site.primary_datasink, path)
    if proposal.new:
        options.require_consent("Pin them?", "pinned", yes)
        replace_pins(path, pins, proposal.pins)
        click.echo(f"{len(proposal.new)} pinned; commit {path}")
    if proposal.faulty:
        names = ", ".join(f"{model}/{version}" for model, version in proposal.faulty)
        raise OperatorError(f"not pinned: {names}; when that is mended: modelctl pin")


def _show(proposal: pinning.Proposal, datasink: str, path: Path) -> None:
    for (model, version), faults in proposal.faulty.items():
        for line in faults:
            click.echo(f"{datasink}: {model}/{version}: {line}", err=True)
    for model, version in proposal.already:
        click.echo(f"{model}/{version}: already pinned, and {datasink} holds just that")
    if proposal.new:
        click.echo(f"to pin in {path}, as {datasink} holds them:")
    for (model, version), pin in proposal.new.items():
        size = f"{len(pin.files):3} files {sum(file.size for file in pin.files.values()):14,} bytes"
        click.echo(f"  {f'{model}/{version}':40} {size}  manifest {pin.manifest[:12]}")
