"""`modelctl undo`."""

from pathlib import Path

import click

from modelctl.changes import change, journal
from modelctl.changes.git import checkout_of
from modelctl.commands import options
from modelctl.inventory_file import load


@click.command()
@options.yes
@options.site
def undo(yes: bool, site: Path) -> None:
    """End a change that was killed before it was over: take it back in the checkout, and on the hosts."""
    checkout = checkout_of(load(site).sources / "registry.py")
    with journal.locked(checkout):
        begun = journal.read(checkout)
        if begun is None:
            click.echo(f"{checkout.folder}: no change is unfinished")
            return
        click.echo(f"{begun.in_short}: not ended; it moves {', '.join(begun.hosts) or 'no host'}")
        options.require_consent("Undo it?", "undone", yes)
        click.echo(f"{begun.what}: {change.undo(checkout, begun)}")
