"""`modelctl status`."""

import json
import sys
from pathlib import Path

import click

from modelctl import status as statuses
from modelctl import status_table
from modelctl.commands import options
from modelctl.inventory_file import load

DRIFTED = 3  # exit code, apart from an operator's error


@click.command()
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@options.as_json
@options.site
@click.pass_context
def status(ctx: click.Context, hosts: tuple[str, ...], as_json: bool, site: Path) -> None:
    """Ask each HOST what it runs, and compare that with what this checkout wants; all hosts unless some are named.

    Exits 3 when a service drifted or is ill, or a host gives no answer.
    """
    inventory = load(site)
    wanted = statuses.wanted_sets(inventory.fleet, statuses.choose(inventory.fleet, hosts))
    inventory.connect()
    found = statuses.look(inventory.fleet, wanted)
    if as_json:
        click.echo(json.dumps(statuses.to_json(found), indent=2))
    elif sys.stdout.isatty():
        status_table.show(found)
    else:
        click.echo(status_table.plain(found))
    ctx.exit(0 if statuses.all_well(found) else DRIFTED)
