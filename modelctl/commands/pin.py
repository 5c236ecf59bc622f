"""`modelctl pin`, and what commands that pin share: reading on the datasink, the plan, the question, the pins file."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from modelctl import hints, locks, progress, text_file
from modelctl.commands import completion, options
from modelctl.errors import OperatorError
from modelctl.inventory import warnings
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Pin, dump_pins, load_pins
from modelctl.inventory_file import Inventory
from modelctl.quantities import size
from modelctl.registry import pinning, registry_store
from node.counting import noun
from node.protocol.registry import FolderContents


@click.command()
@click.argument("model", required=False, shell_complete=completion.models)
@click.argument("version", required=False, shell_complete=completion.versions)
@options.yes
@options.inventory
def pin(model: str | None, version: str | None, yes: bool, inventory: Inventory) -> None:
    """Pin versions that the primary datasink holds, after reading every byte of them there.

    Without VERSION: those of MODEL that no pin covers, of what hosts want and what is stored with a manifest, whether
    a host uses it or not. Without MODEL: those of all models.
    """
    fleet, datasink, pins = inventory.fleet, inventory.fleet.site.primary_datasink, inventory.pins
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
        click.echo(f"{datasink}: {why}", err=True)
    if versions:
        pin_versions(inventory, versions, yes)
    elif not unknown:
        click.echo(f"{pins}: nothing to pin, it has every version that a host wants or {datasink} stores")
    if unknown:
        raise OperatorError(f"not all was pinned; when that is mended: {hints.modelctl('pin')}")


def require_pins_file(inventory: Inventory) -> None:
    """Raises OperatorError, before anything is done, when the inventory file does not say where its pins are."""
    _ = inventory.pins


def pin_versions(inventory: Inventory, versions: Sequence[tuple[str, str]], yes: bool) -> None:
    """Add these (model, version) to the pins file. Raises OperatorError for a faulty one when the others are pinned."""
    path, fleet = inventory.pins, inventory.fleet
    stored = dict(_read_each(fleet, versions))
    if any(each.fault is not None for each in stored.values()):
        stored = pinning.with_others_named(stored, registry_store.listing(fleet))
    proposal = pinning.propose(fleet, stored)
    _show(proposal, fleet.site.primary_datasink, path)
    if proposal.new:
        options.require_consent("Pin them?", "pinned", yes)
        _write(inventory, proposal.new)
        click.echo(f"{len(proposal.new)} pinned; commit {path}")
    if proposal.faulty:
        names = ", ".join(f"{model}/{version}" for model, version in proposal.faulty)
        raise OperatorError(f"not pinned: {names}; when that is mended: {hints.modelctl('pin')}")


def _read_each(fleet: Fleet, versions: Sequence[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], FolderContents]]:
    """One question for each: each has its own time, and on a terminal one sees which it is."""
    for count, (model, version) in enumerate(versions, 1):
        what = f"reading {model}/{version} on {fleet.site.primary_datasink} ({count} of {len(versions)})"
        with progress.waiting(what):
            stored = registry_store.read(fleet, model, version)
        yield (model, version), stored


def _write(inventory: Inventory, new: Mapping[tuple[str, str], Pin]) -> None:
    """Add to what the file holds by now: another command may have pinned since it was read."""
    with locks.held(inventory.pins):
        fleet = dataclasses.replace(inventory.fleet, pins=load_pins(inventory.pins))
        text_file.replace(inventory.pins, dump_pins(pinning.with_new(fleet, new)))


def _show(proposal: pinning.Proposal, datasink: str, path: Path) -> None:
    for (model, version), faults in proposal.faulty.items():
        for line in faults:
            click.echo(f"{datasink}: {model}/{version}: {line}", err=True)
    for model, version in proposal.already:
        click.echo(f"{model}/{version}: already pinned, and {datasink} holds just that")
    if proposal.new:
        click.echo(f"to pin in {path}, as {datasink} holds them:")
    for (model, version), new in proposal.new.items():
        total = size(sum(file.size for file in new.files.values()))
        what = f"{len(new.files):3} {noun(len(new.files), 'file'):5} {total:>9}"
        click.echo(f"  {f'{model}/{version}':40} {what}  manifest {new.manifest[:12]}")
        if model == CORAL:  # nobody has looked at these before
            for name, file in new.files.items():
                click.echo(f"    {name}: {size(file.size)}, SHA-256 {file.sha256}")
        for line in warnings.shrunken(proposal.pins, model, version, new.files):
            click.echo(f"warning: {line}", err=True)
