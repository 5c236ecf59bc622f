"""`modelctl undo`."""

from dataclasses import replace

import click

from modelctl.changes import ancestry, change, journal, preview
from modelctl.changes.git import checkout_of
from modelctl.changes.journal import Change
from modelctl.commands import options
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote


@click.command()
@options.older
@options.yes
@options.inventory
def undo(older: tuple[str, ...], yes: bool, inventory: Inventory) -> None:
    """End a change that was killed before it was over: take it back in the checkout, and on the hosts."""
    checkout = checkout_of(inventory.sources / "registry.py")
    with journal.locked(checkout):
        begun = journal.read(checkout)
        if begun is None:
            click.echo(f"{checkout.folder}: no change is unfinished")
            return
        click.echo(f"{begun.in_short}: not ended; it moves {', '.join(begun.hosts) or 'no host'}")
        begun = _allowing(inventory, begun, older)
        options.require_consent("Undo it?", "undone", yes)
        click.echo(f"{begun.what}: {change.undo(checkout, begun)}")


def _allowing(inventory: Inventory, begun: Change, older: tuple[str, ...]) -> Change:
    """The change with the hosts that may be taken back from a newer checkout's set. A host that is unreachable is no
    obstacle.

    Raises OperatorError when there are others.
    """
    ancestry.require_moving(older, begun.hosts)
    allowed, fleet = tuple(sorted({*begun.older, *older})), inventory.fleet
    hosts = [host for host in begun.hosts if host in fleet.site.hosts]
    inventory.connect()
    chosen = remote.side_by_side(hosts, lambda host: preview.chosen_on(fleet, host))
    found = [ancestry.look(inventory.folder, host, sets, ()) for host, sets in chosen.items()]
    ancestry.require_allowed(inventory.folder, [each for each in found if each], allowed)
    return replace(begun, older=allowed)
