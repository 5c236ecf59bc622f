"""What commands that pin versions share: reading them on the datasink, the plan, the question, the pins file."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import click

from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.inventory.pins import Pins, replace_pins
from modelctl.inventory_file import Inventory
from modelctl.registry import pinning, registry_store


def pin_versions(inventory: Inventory, pins: Pins, versions: Sequence[tuple[str, str]], yes: bool) -> None:
    """Add these (model, version) to `pins`, those that the pins file holds.

    Raises OperatorError, after the others are pinned, when one is not as its manifest says.
    """
    path, fleet = inventory.pins, dataclasses.replace(inventory.fleet, pins=pins)
    stored = registry_store.read(fleet, versions)
    proposal = pinning.propose(fleet, dict(zip(versions, stored, strict=True)))
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
