"""`modelctl revoke`."""

import click

from modelctl import hints
from modelctl.changes import revocation
from modelctl.changes.deployment import Deployer, require_pyinfra
from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.nodes.pull_ca import PullCa

DEPLOY = "deploys/access.py"


@click.command()
@click.argument("host")
@options.yes
@options.inventory
def revoke(host: str, yes: bool, inventory: Inventory) -> None:
    """Shut HOST out of the model registry, as when it was stolen: edit revoked.json, commit, tell the primary datasink.

    The commit stays when the datasink cannot be told. The next deploy to HOST gives it a key that opens the registry.
    """
    fleet = inventory.fleet
    _require_revocable(fleet, host)
    require_pyinfra()
    revocation.require_possible(inventory)
    click.echo(f"{host}: the datasink {fleet.site.primary_datasink} is to refuse every pull key that it has by now")
    options.require_consent("Revoke them?", "revoked", yes)
    generation, commit = revocation.revoke(inventory, host)
    _tell_datasink(inventory, host, commit)
    click.echo(
        f"{host} can read nothing more of the registry: its pull keys up to generation {generation} are revoked, "
        f"in commit {commit[:12]}; push it"
    )
    click.echo(_way_back(fleet, host))


def _require_revocable(fleet: Fleet, host: str) -> None:
    """Raises OperatorError for a host that pulls nothing, and where a deploy would make another CA."""
    pulling = {*fleet.with_service(), *fleet.revoked.hosts} - {fleet.site.primary_datasink}
    if host not in pulling:
        raise OperatorError(fault("HOST", host, f"a host that pulls: {choice(host, pulling)}"))
    if not PullCa(fleet.site.pull_ca).exists():
        raise OperatorError(
            f"pull_ca {fleet.site.pull_ca}: no such key; expected the CA that has certified {host}; "
            "copy it here from the control node that has it"
        )


def _tell_datasink(inventory: Inventory, host: str, commit: str) -> None:
    datasink = inventory.fleet.site.primary_datasink
    deployer = Deployer(inventory.path.resolve(), DEPLOY)
    with deployer.in_order():
        is_told = deployer.deploy([datasink])
    if not is_told:
        why = "was stopped" if deployer.told_to_stop else "failed"
        raise OperatorError(
            f"{host}: its pull keys are revoked by commit {commit[:12]}, which stands; but {datasink} still lets them "
            f"in: the deploy {why}, see above; tell it: {hints.pyinfra(f'{DEPLOY} --limit {datasink} -y')}"
        )


def _way_back(fleet: Fleet, host: str) -> str:
    deploy = hints.deploying(host)
    if host not in fleet.site.hosts:
        return f"to let a new card in: describe {host} in site.py again, and deploy to it: {deploy}"
    return f"a deploy to {host} lets it in again: take it out of site.py until it has a new card; then: {deploy}"
