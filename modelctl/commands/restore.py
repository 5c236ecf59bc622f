"""`modelctl restore`."""

from pathlib import Path

import click

from modelctl.commands import options
from modelctl.inventory_file import load
from modelctl.nodes import node_command, remote

SECONDS = 12 * 3600
"""A task that writes the file is waited for."""


@click.command()
@click.argument("host")
@click.argument("file", required=False)
@click.argument("digest", required=False)
@options.site
def restore(host: str, file: str | None, digest: str | None, site: Path) -> None:
    """Put a linked file on HOST back as a backup there has it; without FILE, show the backups.

    FILE is MODEL/VERSION/NAME, DIGEST the backup's. The service is stopped meanwhile, and what is replaced is kept.
    """
    inventory = load(site)
    options.require_host(inventory.fleet, host)
    inventory.connect()
    words = [word for word in (file, digest) if word is not None]
    for line in node_command.run(inventory.fleet, host, ["restore", *words], SECONDS).splitlines():
        click.echo(f"{host}: {remote.last_line(line, node_command.MAX_SAID)}")
