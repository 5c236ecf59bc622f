"""`modelctl import` and `modelctl coral`: a version is brought to the primary datasink, and pinned."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import click

from modelctl import hints, progress
from modelctl.commands import completion, options
from modelctl.commands.pin import pin_versions, require_pins_file
from modelctl.errors import Faults, OperatorError
from modelctl.faults import fault, one_line
from modelctl.inventory import warnings
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.nodes import travelling
from modelctl.quantities import size
from modelctl.registry import coral_stacks, importing, origin, pinning, registry_store, storing
from modelctl.registry.importing import Plan
from modelctl.registry.origin import Origin
from modelctl.table import Report, Row, Table
from node.counting import counted
from node.protocol.registry import Measured

IMPORT_COLUMNS = ("in the folder", "in the version", "size", "SHA-256")
STACK_COLUMNS = ("file", "size", "SHA-256")


@click.command("import")
@click.argument("model", shell_complete=completion.models)
@click.argument("version", shell_complete=completion.versions)
@click.argument("path")
@click.option("--map", "maps", metavar="OLD=NEW", multiple=True, help="Name a file anew; OLD= leaves it out.")
@options.yes
@options.inventory
def import_(model: str, version: str, path: str, maps: tuple[str, ...], yes: bool, inventory: Inventory) -> None:
    """Store a folder that is on the primary datasink as VERSION of MODEL, write its manifest, and pin it.

    PATH is the folder's absolute path there. It stays as it is: its files are copied. Run it again where it was ended.
    """
    require_pins_file(inventory)
    fleet = inventory.fleet
    _require_model(fleet, model)
    pair = (model, pinning.require_version(version))
    folder, renamed = importing.folder(path), importing.parse_maps(maps)
    inventory.connect()
    place = registry_store.check_import(fleet, pair, folder)
    plan = _plan(fleet, pair, folder, renamed)
    if storing.is_stored(fleet, pair, plan, place):
        click.echo(f"{'/'.join(pair)}: {fleet.site.primary_datasink} holds just these files as that version already")
    else:
        _show_plan(fleet, pair, folder, plan)
        options.require_consent("Import and pin it?", "imported", yes)
        with progress.waiting(f"copying {folder} on {fleet.site.primary_datasink}"):
            registry_store.copy(fleet, pair, folder, plan)
    pin_versions(inventory, [pair], yes or not place.stored)  # both were asked for at once


@click.group()
def coral() -> None:
    """Bring the packages of a Coral stack to the primary datasink, and pin them."""


@coral.command(short_help="Download a stack from its release pages.")
@click.argument("version", required=False, shell_complete=completion.versions)
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
            _store_stack(fleet, each, folder, place.free)
    if any(fleet.pin(CORAL, each) is None for each in versions):
        click.echo(f"no pin covers all of them yet; next: {hints.modelctl('coral pin')}")


@coral.command("pin", short_help="Pin a stack as the datasink holds it.")
@click.argument("version", required=False, shell_complete=completion.versions)
@options.yes
@options.inventory
def pin_stack(version: str | None, yes: bool, inventory: Inventory) -> None:
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


def _require_model(fleet: Fleet, model: str) -> None:
    """Raises OperatorError for what is no model: the files of a Coral stack are those that the registry describes."""
    options.require_model(fleet, model)
    if model == CORAL:
        bring = hints.modelctl("coral download VERSION --from DIR")
        raise OperatorError(fault("MODEL", model, f"a model; a stack is brought from the control node: {bring}"))


def _plan(fleet: Fleet, pair: tuple[str, str], folder: PurePosixPath, renamed: Mapping[str, str]) -> Plan:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    with progress.waiting(f"reading {folder} on {fleet.site.primary_datasink}"):
        found = registry_store.read_folder(fleet, folder)
    try:
        from_there = origin.kept(found.manifest, Origin(f"imported from {folder}", today))
        return importing.plan(fleet, pair, folder, found, renamed, from_there)
    except Faults as error:
        raise Faults(f"{fleet.site.primary_datasink}: {line}" for line in error.faults) from None


def _show_plan(fleet: Fleet, pair: tuple[str, str], folder: PurePosixPath, plan: Plan) -> None:
    named = [(file.old, file.new, size(file.content.size), file.content.sha256[:12]) for file in plan.files]
    left = [(name, "left out", "", "") for name in plan.left_out]
    rows = tuple(Row((one_line(old), *rest)) for old, *rest in (*named, *left))
    click.echo(f"to import as {'/'.join(pair)}, on {fleet.site.primary_datasink}:")
    click.echo(f"  from {folder}\n  to   {fleet.registry_folder()}/{'/'.join(pair)}\n")
    Report((Table(IMPORT_COLUMNS, rows, frozenset({"size"}), spare=("SHA-256", "size")),)).print()
    click.echo(f"\n{counted(len(plan.files), 'file')}, and the manifest: {size(plan.bytes)}")
    for line in warnings.shrunken(fleet.pins, *pair, plan.table):
        click.echo(f"warning: {line}", err=True)


def _store_stack(fleet: Fleet, version: str, folder: Path | None, free: int) -> None:
    """Nothing is sent before all files are here, and are the pinned ones where there is a pin."""
    found = coral_stacks.gather(fleet, version, folder)
    files = {name: file for name, (_, file) in found.items()}
    _show_files(files)
    travelling.require_space(fleet, fleet.registry_folder(), sum(file.size for file in files.values()), free)
    datasink = fleet.site.primary_datasink
    for name, (path, file) in found.items():
        with progress.moving(f"sending {name} to {datasink}", file.size) as advance:
            coral_stacks.send(fleet, version, path, file, advance)
    with progress.waiting(f"storing {CORAL}/{version} on {datasink}"):
        coral_stacks.finish(fleet, version)
    click.echo(f"{CORAL}/{version}: stored on {datasink}")


def _show_files(files: Mapping[str, Measured]) -> None:
    rows = tuple(Row((name, size(file.size), file.sha256)) for name, file in files.items())
    Report((Table(STACK_COLUMNS, rows, frozenset({"size"}), spare=("SHA-256",)),)).print()
