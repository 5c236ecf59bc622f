"""`modelctl coral`."""

from collections.abc import Mapping
from pathlib import Path

import click

from modelctl import hints, progress
from modelctl.commands import options
from modelctl.commands.pin import pin_versions, require_pins_file
from modelctl.errors import OperatorError
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.nodes import travelling
from modelctl.registry import coral_stacks
from modelctl.table import Report, Row, Table, number
from node.protocol.registry import Measured

COLUMNS = ("file", "bytes", "SHA-256")


@click.group()
def coral() -> None:
    """Bring the packages of a Coral stack to the primary datasink, and pin them."""


@coral.command()
@click.argument("version", required=False)
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Take the files from this folder, not from their release pages.",
)
@options.inventory
def download(version: str | None, folder: Path | None, inventory: Inventory) -> None:
    """Download the stack VERSION from its release pages, and store it on the primary datasink.

    Without VERSION: the current one, and those that hosts override it with. What is pinned must come as it was pinned.
    Run it again where it was ended: it goes on from there.
    """
    require_pins_file(inventory)
    fleet = inventory.fleet
    versions = coral_stacks.choose(fleet, version)
    inventory.connect()
    place = coral_stacks.look(fleet, versions)
    for each in versions:
        stored = place.stored.get(each)
        if stored is not None:
            coral_stacks.require_same(fleet, each, stored)
            verify = hints.modelctl(f"verify {CORAL}")
            click.echo(
                f"{CORAL}/{each}: {fleet.site.primary_datasink} has it; to read every byte of it there: {verify}"
            )
        else:
            _store(fleet, each, folder, place.free)
    if any(fleet.pin(CORAL, each) is None for each in versions):
        click.echo(f"no pin covers all of them yet; next: {hints.modelctl('coral pin')}")


@coral.command("pin")
@click.argument("version", required=False)
@options.yes
@options.inventory
def pin_(version: str | None, yes: bool, inventory: Inventory) -> None:
    """Pin the stack VERSION as the primary datasink holds it, after reading every byte of it there.

    Without VERSION: the current one, and those that hosts override it with.
    """
    require_pins_file(inventory)
    fleet = inventory.fleet
    versions = coral_stacks.choose(fleet, version)
    inventory.connect()
    stored = coral_stacks.look(fleet, versions).stored
    for each in versions:
        if each not in stored:
            datasink, bring = fleet.site.primary_datasink, hints.modelctl(f"coral download {each}")
            raise OperatorError(f"{datasink}: {CORAL}/{each} is not stored there; download it: {bring}")
        coral_stacks.require_same(fleet, each, stored[each])
    pin_versions(inventory, [(CORAL, each) for each in versions], yes)


def _store(fleet: Fleet, version: str, folder: Path | None, free: int) -> None:
    """Nothing is sent before all files are here, and are the pinned ones where there is a pin."""
    found = coral_stacks.gather(fleet, version, folder)
    files = {name: file for name, (_, file) in found.items()}
    _show(files)
    travelling.require_space(fleet, fleet.registry_folder(), sum(file.size for file in files.values()), free)
    datasink = fleet.site.primary_datasink
    for name, (path, file) in found.items():
        with progress.moving(f"sending {name} to {datasink}", file.size) as advance:
            coral_stacks.send(fleet, version, path, file, advance)
    with progress.waiting(f"storing {CORAL}/{version} on {datasink}"):
        coral_stacks.finish(fleet, version)
    click.echo(f"{CORAL}/{version}: stored on {datasink}")


def _show(files: Mapping[str, Measured]) -> None:
    rows = tuple(Row((name, number(file.size), file.sha256)) for name, file in files.items())
    Report((Table(COLUMNS, rows, frozenset({"bytes"})),)).print()
