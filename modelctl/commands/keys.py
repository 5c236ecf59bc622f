"""`modelctl trust` and `modelctl revoke`: the SSH keys of hosts, and their keys for the model registry."""

import dataclasses
import sys
from pathlib import Path

import click

from modelctl import hints, locks, text_file
from modelctl.changes.deployment import Deployer, require_pyinfra, to_the_end
from modelctl.changes.git import checkout_of
from modelctl.commands import completion, options
from modelctl.errors import OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Revoked, dump_revoked, load_revoked
from modelctl.inventory_file import Inventory, load
from modelctl.nodes import remote
from modelctl.nodes import trust as trusted
from modelctl.nodes.pull_ca import PullCa

DEPLOY = "deploys/access.py"


@click.command()
@click.argument("hosts", shell_complete=completion.hosts, metavar="HOST...", nargs=-1, required=True)
@click.option("--replace", is_flag=True, help="Accept a new key in place of the one on file, as after a new card.")
@options.yes
@options.inventory
def trust(hosts: tuple[str, ...], replace: bool, yes: bool, inventory: Inventory) -> None:
    """Show the fingerprint of each HOST's SSH key, and add the key to the site's known hosts.

    Each host has a question of its own. Exits 1 when one of them is not trusted at the end; the others are.
    """
    fleet, names = inventory.fleet, list(dict.fromkeys(hosts))
    for host in names:
        options.require_host(fleet, host)
    ports = {host: remote.port(fleet, host) for host in names}
    inventory.connect()
    shown = remote.side_by_side(names, lambda host: _shown_key(fleet, host, ports[host]))
    refusals = 0
    for host, key in shown.items():
        try:
            _trust(fleet.site.known_hosts, host, key, ports[host], replace, yes)
        except OperatorError as error:
            refusals += 1
            click.echo(str(error), err=True)
    if refusals:
        sys.exit(1)


def _shown_key(fleet: Fleet, host: str, port: int) -> trusted.HostKey | OperatorError:
    """The key that a host shows, or why it shows none: that is told when its turn comes."""
    try:
        return trusted.scan(host, fleet.host(host).address, port)
    except OperatorError as error:
        return error


def _trust(
    known_hosts: Path, host: str, found: trusted.HostKey | OperatorError, port: int, replace: bool, yes: bool
) -> None:
    """Add a host's key when the operator says so. Raises OperatorError for one that is not trusted then."""
    if isinstance(found, OperatorError):
        raise found
    known = trusted.known_key(known_hosts, found.address, port)
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


@click.command()
@click.argument("host", shell_complete=completion.hosts)
@options.yes
@options.inventory
def revoke(host: str, yes: bool, inventory: Inventory) -> None:
    """Shut HOST out of the model registry, as when it was stolen: edit revoked.json, commit, tell the primary datasink.
    A trainer can then upload nothing more.

    The commit stays when the datasink cannot be told. The next deploy to HOST gives it a key that opens the registry.
    """
    fleet = inventory.fleet
    _require_revocable(fleet, host)
    require_pyinfra()
    path = inventory.revoked.resolve()
    checkout_of(path).require_editable(path)
    datasink, kind = fleet.site.primary_datasink, _kind(fleet, host)
    click.echo(f"{host}: the datasink {datasink} is to refuse every {kind} key that it has by now")
    options.require_consent("Revoke them?", "revoked", yes)
    generation, commit = revoke_keys(inventory, host)
    _tell_datasink(inventory, host, commit)
    lost = "upload nothing more" if host in fleet.trainers() else "read nothing more of the registry"
    click.echo(
        f"{host} can {lost}: its {kind} keys up to generation {generation} are revoked, "
        f"in commit {commit[:12]}; push it"
    )
    click.echo(_way_back(fleet, host))


def revoke_keys(inventory: Inventory, host: str) -> tuple[int, str]:
    """Revoke a host's pull keys; return the last generation and the commit. After an OperatorError none is revoked."""
    path = inventory.revoked.resolve()
    checkout = checkout_of(path)
    with locks.held(path), to_the_end():
        checkout.require_editable(path)  # another command may have been in the midst of it
        before = dataclasses.replace(inventory.fleet, revoked=load_revoked(path))
        generation = before.revoked.generation(host)
        after = dataclasses.replace(before, revoked=Revoked(hosts={**before.revoked.hosts, host: generation}))
        old = text_file.read(path) if path.exists() else None
        try:
            _write(inventory, path, after.revoked)
            checkout.add(path)
            return generation, checkout.commit(
                path, f"Revoke the {_kind(before, host)} key of {host}\n\nUp to generation {generation}."
            )
        except OperatorError:  # git refuses, as a hook of it can
            if old is None:
                text_file.remove(path)
            else:
                text_file.replace(path, old)
            checkout.unstage(path)
            raise


def _require_revocable(fleet: Fleet, host: str) -> None:
    """Raises OperatorError for a host that neither pulls nor uploads, and where a deploy would make another CA."""
    known = {*fleet.with_service(), *fleet.trainers(), *fleet.revoked.hosts} - {fleet.site.primary_datasink}
    if host not in known:
        raise OperatorError(fault("HOST", host, f"a host that pulls or uploads: {choice(host, known)}"))
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
        line = (
            f"{host}: its {_kind(inventory.fleet, host)} keys are revoked by commit {commit[:12]}, which stands; "
            f"but {datasink} still lets them in: the deploy {why}, see above; "
            f"tell it: {hints.pyinfra(f'{DEPLOY} --limit {datasink} -y')}"
        )
        raise OperatorError("; ".join([line, *deployer.failures]))


def _kind(fleet: Fleet, host: str) -> str:
    """What the keys of a host are for."""
    return "upload" if host in fleet.trainers() else "pull"


def _way_back(fleet: Fleet, host: str) -> str:
    deploy = hints.deploying(host)
    if host in fleet.trainers():
        deploy = hints.pyinfra(f"deploys/trainer.py --limit {host} -y")
    if host not in fleet.site.hosts:
        return f"to let a new card in: describe {host} in site.py again, and deploy to it: {deploy}"
    return f"a deploy to {host} lets it in again: take it out of site.py until it has a new card; then: {deploy}"


def _write(inventory: Inventory, path: Path, revoked: Revoked) -> None:
    text_file.replace(path, dump_revoked(revoked))
    if load(inventory.path).fleet.revoked != revoked:  # a deploy would tell the datasink nothing
        raise OperatorError(
            f"{path}: {inventory.path} takes the revoked keys from elsewhere; expected Fleet(..., load_revoked(PATH)) "
            "of this file; nothing was revoked"
        )
