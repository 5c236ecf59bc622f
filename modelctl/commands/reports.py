"""`modelctl list`, `show`, `status` and `verify`: what is there, and whether it is as it should be."""

import click

from modelctl.changes import change
from modelctl.changes.git import checkout_of
from modelctl.commands import completion, options
from modelctl.errors import OperatorError
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote
from modelctl.registry import pinning
from modelctl.reports import model_list, model_versions, one_version, registry_state, verification
from modelctl.reports import status as statuses
from modelctl.reports.one_version import OneVersion
from node import codec


@click.command("list")
@options.as_json
@options.inventory
def list_(as_json: bool, inventory: Inventory) -> None:
    """Show every model: its current and previous version, the hosts that override them, and what is stored.

    Exits 3 when the primary datasink gives no answer, or cannot read all of it.
    """
    inventory.connect()
    found = model_list.look(inventory.fleet)
    options.answer(model_list.report(inventory.fleet, found), codec.encode(found), as_json, found.is_ok)


@click.command()
@click.argument("model", shell_complete=completion.models)
@click.argument("version", required=False, shell_complete=completion.versions)
@options.as_json
@options.inventory
def show(model: str, version: str | None, as_json: bool, inventory: Inventory) -> None:
    """Show the versions of MODEL, newest first: what is stored, pinned and named, and which hosts run it.

    With VERSION: that one whole, with its files, its metrics, who made it, and what became of it. Exits 3 when
    something is unknown, a named version is not stored, or a stored one differs from its pin.
    """
    options.require_model(inventory.fleet, model)
    if version is not None:
        [one] = _versions(inventory, model, version)
        options.answer(one_version.report(one), codec.encode(one), as_json, not one.unknown)
        return
    inventory.connect()
    found = model_versions.look(inventory.fleet, model)
    options.answer(model_versions.report(found), codec.encode(found), as_json, found.is_ok)


@click.command()
@click.argument("model", shell_complete=completion.models)
@click.argument("first", shell_complete=completion.versions)
@click.argument("second", shell_complete=completion.versions)
@options.as_json
@options.inventory
def diff(model: str, first: str, second: str, as_json: bool, inventory: Inventory) -> None:
    """Set two stored versions of MODEL side by side: their metrics, what they require, their files."""
    options.require_model(inventory.fleet, model)
    one, other = _versions(inventory, model, first, second)
    data = {"model": model, "versions": {each.version: codec.encode(each) for each in (one, other)}}
    options.tell(one_version.comparison(one, other), data, as_json)


def _versions(inventory: Inventory, model: str, *versions: str) -> list[OneVersion]:
    history = {version: _history(inventory, model, pinning.require_version(version)) for version in versions}
    inventory.connect()
    return one_version.look(inventory.fleet, model, versions, history)


def _history(inventory: Inventory, model: str, version: str) -> list[str]:
    try:
        return checkout_of(inventory.folder).history(model, version)
    except OperatorError:
        return []  # no git: what is asked about is the version


@click.command()
@click.argument("hosts", shell_complete=completion.hosts, metavar="[HOST]...", nargs=-1)
@options.as_json
@options.inventory
def status(hosts: tuple[str, ...], as_json: bool, inventory: Inventory) -> None:
    """Ask each HOST what it runs, and compare that with what this checkout wants; all hosts unless some are named.

    Below that, what is unfinished in the checkout and in the model registry. Exits 3 when a service drifted or is not
    healthy, a host gives no answer, or a rollback or an override has not ended.
    """
    fleet = inventory.fleet
    wanted = statuses.wanted_sets(fleet, statuses.choose(fleet, hosts))
    inventory.connect()
    registry, answers = remote.together(lambda: registry_state.look(fleet), lambda: statuses.look(fleet, wanted))
    found = statuses.FleetStatus(answers, registry, change.unfinished(inventory))
    options.answer(statuses.report(fleet, wanted, found), codec.encode(found), as_json, found.is_ok)


@click.command()
@click.argument("model", required=False, shell_complete=completion.models)
@click.option("--nodes", is_flag=True, help="Let every node read its versions, and every datasink its face lists, too.")
@options.as_json
@options.inventory
def verify(model: str | None, nodes: bool, as_json: bool, inventory: Inventory) -> None:
    """Read every byte of the stored versions of MODEL again, of all models unless one is named, and tell what differs.

    A pinned version is compared with its pin, another one with its own manifest. Exits 3 when something differs or is
    unknown.
    """
    fleet = inventory.fleet
    if model is not None:
        options.require_model(fleet, model)
    models = list(fleet.registry.artefacts) if model is None else [model]
    inventory.connect()
    found = verification.registry(fleet, models)
    if nodes:
        found = found.plus(verification.nodes(fleet, models))
    options.answer(verification.report(fleet, found), codec.encode(found), as_json, found.is_ok)
