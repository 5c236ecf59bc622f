"""`modelctl doctor`: what hosts lack."""

import click

from modelctl.commands import completion, options
from modelctl.doctor import conditions
from modelctl.inventory_file import Inventory


@click.command()
@click.argument("hosts", metavar="[HOST]...", nargs=-1, shell_complete=completion.hosts)
@options.as_json
@options.inventory
def doctor(hosts: tuple[str, ...], as_json: bool, inventory: Inventory) -> None:
    """Tell what each HOST lacks, with the command that mends it; all hosts unless some are named.

    It looks at the way to the host, its packages, clock and disk, the service's own code and Python, and the pull key,
    whether anything was ever deployed there or not. Exits 3 when something is lacking.
    """
    fleet = inventory.fleet
    names = conditions.choose(fleet, hosts)
    inventory.connect()
    found = conditions.look(fleet, names)
    options.answer(conditions.report(found), found.to_json(), as_json, found.is_ok)
