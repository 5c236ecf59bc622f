"""`modelctl import`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

import click

from modelctl import hints, progress
from modelctl.commands import options
from modelctl.commands.pin import pin_versions, require_pins_file
from modelctl.errors import Faults, OperatorError
from modelctl.faults import fault, one_line
from modelctl.inventory import programs
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.nodes import travelling
from modelctl.registry import importing, pinning, registry_store
from modelctl.registry.importing import Plan
from modelctl.registry.manifest import pin_of
from modelctl.table import Report, Row, Table, number

COLUMNS = ("in the folder", "in the version", "bytes", "SHA-256")


@click.command("import")
@click.argument("model")
@click.argument("version")
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
    if place.stored:
        _require_same(fleet, pair, plan)
        click.echo(f"{'/'.join(pair)}: {fleet.site.primary_datasink} holds just these files as that version already")
    else:
        _require_unpinned(fleet, pair)
        travelling.require_space(fleet, fleet.registry_folder(), plan.bytes, place.free)
        _show(fleet, pair, folder, plan)
        options.require_consent("Import and pin it?", "imported", yes)
        with progress.waiting(f"copying {folder} on {fleet.site.primary_datasink}"):
            registry_store.copy(fleet, pair, folder, plan)
    pin_versions(inventory, [pair], yes or not place.stored)  # both were asked for at once


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
        return importing.plan(fleet, pair, folder, found, renamed, today)
    except Faults as error:
        raise Faults(f"{fleet.site.primary_datasink}: {line}" for line in error.faults) from None


def _require_same(fleet: Fleet, pair: tuple[str, str], plan: Plan) -> None:
    """Raises OperatorError when the version that is stored is another one, or not whole."""
    name, datasink = "/".join(pair), fleet.site.primary_datasink
    with progress.waiting(f"reading {name} on {datasink}"):
        stored = registry_store.read(fleet, *pair)
    try:
        found = pin_of(*pair, stored).measured
    except Faults as error:
        raise Faults(
            f"{datasink}: {name} is stored already, and not as its manifest says: {line}; mend it there, or import "
            "the folder as another version"
            for line in error.faults
        ) from None
    if lines := list(importing.differences(plan, found)):
        said = "; ".join(lines)
        raise OperatorError(f"{datasink}: {name} is stored already: {said}; import the folder as another version")


def _require_unpinned(fleet: Fleet, pair: tuple[str, str]) -> None:
    """Raises OperatorError for a version that the datasink lost: an import would not bring back its manifest."""
    known = fleet.pin(*pair)
    if known is not None:
        raise OperatorError(
            f"{'/'.join(pair)}: pinned with manifest {known.manifest[:12]}, and not on {fleet.site.primary_datasink}; "
            "restore it there from a copy, or import the folder as another version"
        )


def _show(fleet: Fleet, pair: tuple[str, str], folder: PurePosixPath, plan: Plan) -> None:
    named = [(file.old, file.new, number(file.content.size), file.content.sha256[:12]) for file in plan.files]
    left = [(name, "left out", "", "") for name in plan.left_out]
    rows = tuple(Row((one_line(old), *rest)) for old, *rest in (*named, *left))
    click.echo(f"to import as {'/'.join(pair)}, on {fleet.site.primary_datasink}:")
    click.echo(f"  from {folder}\n  to   {fleet.registry_folder()}/{'/'.join(pair)}\n")
    Report((Table(COLUMNS, rows, frozenset({"bytes"})),)).print()
    click.echo(f"\n{len(plan.files)} files, and the manifest: {plan.bytes:,} bytes")
    for line in programs.shrunken(fleet.pins, *pair, plan.table):
        click.echo(f"warning: {line}", err=True)
