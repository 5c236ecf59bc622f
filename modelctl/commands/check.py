"""`modelctl check`."""

from pathlib import Path

import click

from modelctl.commands import options
from modelctl.inventory_file import load
from modelctl.rendering import check as checks


@click.command()
@options.site
def check(site: Path) -> None:
    """Validate the site, the registry, the pins and every rendered config, without any connection."""
    fleet = load(site).fleet
    files = checks.check(fleet)
    warnings = checks.warnings(fleet)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    hosts = len(fleet.site.hosts)
    click.echo(f"{fleet.site.name}: {hosts} hosts, {files} files rendered, {len(warnings)} warnings, no faults")
