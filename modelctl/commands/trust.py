"""`modelctl trust`."""

import click

from modelctl import hints
from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote
from modelctl.nodes import trust as trusted


@click.command()
@click.argument("host")
@click.option("--replace", is_flag=True, help="Accept a new key in place of the one on file, as after a new card.")
@options.yes
@options.inventory
def trust(host: str, replace: bool, yes: bool, inventory: Inventory) -> None:
    """Show the fingerprint of HOST's SSH key, and add the key to the site's known hosts."""
    fleet = inventory.fleet
    options.require_host(fleet, host)
    address, known_hosts, port = fleet.host(host).address, fleet.site.known_hosts, remote.port(fleet, host)
    inventory.connect()
    found = trusted.scan(host, address, port)
    known = trusted.known_key(known_hosts, str(address), port)
    trusted.require_not_revoked(known_hosts, host, found)
    is_done = trusted.is_alone if replace else trusted.is_known
    if is_done(known_hosts, found, port):
        click.echo(f"{host} ({found.address}): {found.fingerprint} is already trusted")
        return
    if known not in (None, found) and not replace:
        raise OperatorError(
            f"{host} ({found.address}): found {found.fingerprint}, expected {known.fingerprint}; "
            f"if its card is new: {hints.modelctl(f'trust {host} --replace')}"
        )
    click.echo(f"{host} ({found.address}): {found.fingerprint}")
    if not yes and not click.confirm("Does the host itself show this fingerprint?"):
        raise OperatorError(f"{host}: not trusted, nothing changed")
    trusted.record(known_hosts, host, found, known, port)
    click.echo(f"{host} is trusted now, in {known_hosts}")
