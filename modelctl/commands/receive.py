"""`modelctl receive` takes over what a trainer has uploaded; `trainer-shell` is all that a trainer's key opens."""

import os
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from modelctl import hints
from modelctl.changes.git import Checkout, checkout_of
from modelctl.commands import moving, options
from modelctl.commands.agreed_change import EventsUnlocked, Wish
from modelctl.commands.pin import pin_versions, require_pins_file
from modelctl.errors import Faults, OperatorError
from modelctl.faults import fault
from modelctl.inventory.coral import CORAL
from modelctl.inventory.values import version_key
from modelctl.inventory_file import Inventory, load
from modelctl.receiving import clone, unit, uploads
from modelctl.receiving.uploads import Upload
from modelctl.registry import pinning, registry_store, required, storing
from modelctl.schema import Model
from node import names

NOT_PROMOTED = 3  # exit code: it is stored and pinned, and the current version is another one
ASKED = "SSH_ORIGINAL_COMMAND"
_WORDS = re.compile(rf"receive ({names.MODEL.pattern}) ([0-9.-]{{10,20}})", re.ASCII)


@click.command()
@click.argument("model")
@click.argument("version")
@click.option("--anyway", is_flag=True, help="Store it although another version holds the same files.")
@options.site
def receive(model: str, version: str, anyway: bool, site: Path) -> None:
    """Store what a trainer uploaded as VERSION of MODEL, pin it, and make it the current version: commit, deploy, push.

    It belongs in a clone of its own, in which nobody else works. The model's `auto_promote` says whether it becomes
    the current version at once. Exits 3 when it is stored and pinned, and should have become that and has not.
    """
    checkout = checkout_of(site)
    hints.use(site)
    with clone.ready(checkout):
        inventory = load(site)
        pair = (model, pinning.require_version(version))
        _require_model(inventory, model)
        require_pins_file(inventory)
        inventory.connect()
        _store(inventory, checkout, pair, anyway)
        code = _promote(load(site), pair)
    sys.exit(code)


@click.command()
@click.option(  # without a variable: a connection can bring those
    "--site",
    type=click.Path(path_type=Path),
    default=hints.DEFAULT_SITE,
    show_default=True,
    help="The inventory file of the site.",
)
def trainer_shell(site: Path) -> None:
    """Do what a trainer asks for over SSH: `receive MODEL VERSION`, and nothing else. For a key's forced command.

    The receive goes on where the connection is lost; who asks again is shown how it goes.
    """
    asked = _WORDS.fullmatch(os.environ.get(ASKED, ""))
    if asked is None or not names.is_version(asked[2]):
        raise OperatorError(fault(ASKED, os.environ.get(ASKED), "receive MODEL VERSION"))
    words = [sys.argv[0], "receive", asked[1], asked[2], "--site", str(site.resolve())]
    sys.exit(unit.run(words, f"sentinelcam-receive-{asked[1]}-{asked[2]}", sys.stdout))


def _require_model(inventory: Inventory, model: str) -> None:
    options.require_model(inventory.fleet, model)
    if model == CORAL:
        raise OperatorError(fault("MODEL", model, "a model; no trainer makes a Coral stack"))


def _store(inventory: Inventory, checkout: Checkout, pair: tuple[str, str], anyway: bool) -> None:
    """Let the registry hold the upload, and git its pin. Raises OperatorError, and then the registry is as it was."""
    fleet, label = inventory.fleet, "/".join(pair)
    place = uploads.folder(fleet, pair)
    room = registry_store.check_import(fleet, pair, place)
    upload = uploads.read(fleet, pair)
    if storing.is_stored(fleet, pair, upload.plan, room):
        click.echo(f"{label}: {fleet.site.primary_datasink} holds just these files as that version already")
    else:
        _require_fit(inventory, pair, upload, anyway)
        registry_store.copy(fleet, pair, place, upload.plan, uploads.face_model(fleet, pair[0], upload.origin))
        click.echo(f"{label}: stored on {fleet.site.primary_datasink}")
    if fleet.pin(*pair) is None:
        pin_versions(inventory, [pair], yes=True)
    if checkout.has_changes(inventory.pins):
        commit = checkout.commit(inventory.pins, f"Pin {pair[0]} {pair[1]}")
        click.echo(f"{label}: pinned by commit {commit[:12]}")


def _require_fit(inventory: Inventory, pair: tuple[str, str], upload: Upload, anyway: bool) -> None:
    """Raises OperatorError, Faults for what another version holds already, or what no host could load."""
    holders = [] if anyway else list(storing.holding(inventory.fleet, pair[0], upload.plan))
    if holders:
        label = f"{pair[0]}/{holders[0]}"
        raise OperatorError(f"{'/'.join(pair)}: {label} holds the same files; to store them again: --anyway")
    if unfit := list(required.unfit(inventory.fleet, pair[0], upload.origin.requires)):
        raise Faults(unfit)
    days = abs((date.fromisoformat(upload.origin.date) - datetime.now(UTC).date()).days)
    if days > 1:
        said = f"its snapshot is of {upload.origin.date}, {days} days from today"
        click.echo(f"warning: {'/'.join(pair)}: {said}; is the trainer's clock right?", err=True)


def _promote(inventory: Inventory, pair: tuple[str, str]) -> int:
    """Make a stored version the current one where the site wants that; return the exit code."""
    model, version = pair
    entry = inventory.fleet.registry.models[model]
    by_hand = hints.modelctl(f"promote {model} {version}")
    if not entry.auto_promote and version != entry.current_version:
        click.echo(f"{model} {version}: stored and pinned; to make it the current version: {by_hand}")
        return 0
    why = _why_not(inventory, entry, pair)
    if why is None:
        what = f"Promote {model} from {entry.current_version} to {version}"
        try:
            moving.go_to(inventory, model, version, what, Wish(yes=True))
        except EventsUnlocked as unlocked:
            why = f"{unlocked}; by hand: {by_hand}"
        else:
            return 0
    click.echo(f"{model} {version}: stored and pinned, and not promoted: {why}")
    return NOT_PROMOTED


def _why_not(inventory: Inventory, entry: Model, pair: tuple[str, str]) -> str | None:
    now, bad = entry.current_version, inventory.fleet.bad_version(*pair)
    if version_key(pair[1]) < version_key(now):
        return f"it is older than the current {now}; to go back: {hints.modelctl(f'rollback {pair[0]} {pair[1]}')}"
    if bad is not None and pair[1] != now:
        return f"it is {bad}; by hand: {hints.modelctl(f'promote {pair[0]} {pair[1]} --anyway')}"
    return None
