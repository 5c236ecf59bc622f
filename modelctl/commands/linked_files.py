"""`modelctl collect` and `modelctl restore`: the files that belong to a node, copied to the datasink or put back."""

import shlex

import click

from modelctl import progress
from modelctl.collecting import linked_files
from modelctl.collecting.linked_files import Linked
from modelctl.commands import completion, options
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.nodes import node_command, remote, travelling
from modelctl.quantities import size
from modelctl.registry import pinning
from modelctl.table import Report, Row, Table
from node.protocol.registry import Measured
from node.registry.collected import DIGITS

MAX_PATH = 4096
RESTORE_SECONDS = 12 * 3600  # a task that writes the file is waited for
COLUMNS = ("linked file", "size", "SHA-256", "where")


@click.command()
@click.argument("host", shell_complete=completion.hosts)
@click.argument("model", shell_complete=completion.models)
@click.argument("version", shell_complete=completion.versions)
@options.yes
@options.inventory
def collect(host: str, model: str, version: str, yes: bool, inventory: Inventory) -> None:
    """Copy the linked files of VERSION of MODEL on HOST to the primary datasink, those that exist nowhere else.

    They hold what the host's tasks have gathered. The host keeps its own; nothing is ever written over.
    """
    fleet = inventory.fleet
    options.require_host(fleet, host)
    options.require_model(fleet, model)
    linked_files.names(fleet, model)
    pinning.require_version(version)
    linked_files.require_models(fleet, host)
    inventory.connect()
    for path in linked_files.finish(fleet, host, model, version).kept:
        click.echo(f"{one_line(path, MAX_PATH)}: kept; it had come whole when a collect was broken off\n")
    with progress.waiting(f"reading the linked files of {model}/{version} on {host}"):
        linked = linked_files.look(fleet, host, model, version)
    click.echo(f"{linked.host}: {linked.model}/{linked.version}:\n")
    rows = tuple(_row(fleet, linked, *each) for each in linked.files.items())
    Report((Table(COLUMNS, rows, frozenset({"size"}), frozenset({"where"}), ("SHA-256", "size")),)).print()
    if linked.uncollected:
        needed = sum(file.size for file in linked.uncollected.values())
        travelling.require_space(fleet, fleet.collected_folder(), needed, linked.free)
        options.require_consent("Collect them?", "collected", yes)
    else:
        click.echo(f"\nnothing to collect: {host} has nothing of {model}/{version} that is not elsewhere")
    for name, file in linked.uncollected.items():
        with progress.waiting(f"collecting {name}, {size(file.size)}"):
            linked_files.collect(fleet, linked, name, file)
        click.echo(f"{name}: collected, and verified at both ends")
    for path in linked_files.finish(fleet, host, model, version).left:
        click.echo(f"{one_line(path, MAX_PATH)}: {_advice(host, path)}")


@click.command()
@click.argument("host", shell_complete=completion.hosts)
@click.argument("file", required=False)
@click.argument("digest", required=False)
@options.inventory
def restore(host: str, file: str | None, digest: str | None, inventory: Inventory) -> None:
    """Put a linked file on HOST back as a backup there has it; without FILE, show the backups.

    FILE is MODEL/VERSION/NAME, DIGEST the backup's. The service is stopped meanwhile, and what is replaced is kept.
    """
    options.require_host(inventory.fleet, host)
    inventory.connect()
    words = [word for word in (file, digest) if word is not None]
    for line in node_command.run(inventory.fleet, host, ["restore", *words], RESTORE_SECONDS).splitlines():
        click.echo(f"{host}: {remote.last_line(line, node_command.MAX_SAID)}")


def _advice(host: str, path: str) -> str:
    """What never came whole is not ours to remove."""
    is_plain = one_line(path, MAX_PATH) == path
    remove = f"remove it there: sudo rm -- {shlex.quote(path)}" if is_plain else "look at it there"
    return f"it never came whole, and stays; if {host} lost that state of the file, it is all there is; else {remove}"


def _row(fleet: Fleet, linked: Linked, name: str, file: Measured | None) -> Row:
    if file is None:
        return Row((name, "", "", "not there"))
    datasink = fleet.site.primary_datasink
    if name in linked.stored:
        where = f"as the registry of {datasink} has it"
    elif name in linked.collected:
        where = f"collected already: {linked_files.place(fleet, linked, name, file)}"
    else:
        where = f"to {linked_files.place(fleet, linked, name, file)}"
    return Row((name, size(file.size), file.sha256[:DIGITS], where))
