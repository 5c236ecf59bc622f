"""`modelctl check`."""

import sys

import click

from modelctl.commands import options
from modelctl.desired import check as checks
from modelctl.desired.check import Checked
from modelctl.inventory_file import Inventory

NOT_READY = 1


@click.command()
@click.option("--strict", is_flag=True, help="Exit 1 unless a deploy could reach every host: all pinned, all trusted.")
@options.as_json
@options.inventory
def check(strict: bool, as_json: bool, inventory: Inventory) -> None:
    """Validate the site, the registry, the pins and every rendered config, without any connection."""
    found = checks.check(inventory.fleet)
    if as_json:
        click.echo(found.to_json())
    else:
        _tell(found)
    if strict and found.not_ready:
        sys.exit(NOT_READY)


def _tell(found: Checked) -> None:
    for line in (*found.warnings, *found.not_ready):
        click.echo(f"warning: {line}", err=True)
    warnings = len(found.warnings) + len(found.not_ready)
    click.echo(f"{found.site}: {found.hosts} hosts, {found.files} files rendered, {warnings} warnings, no faults")
