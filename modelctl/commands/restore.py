"""`modelctl restore`."""

import click

from modelctl.commands import options
from modelctl.inventory_file import Inventory
from modelctl.nodes import node_command, remote

SECONDS = 12 * 3600
"""A task that writes the file is waited for."""


@click.command()
@click.argument("host")
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
    for line in node_command.run(inventory.fleet, host, ["restore", *words], SECONDS).splitlines():
        click.echo(f"{host}: {remote.last_line(line, node_command.MAX_SAID)}")
