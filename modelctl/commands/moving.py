"""`modelctl promote`, `rollback`, `override` and `undo` move hosts to another version: shown, agreed to, done."""

from dataclasses import replace

import click

from modelctl import hints, screen
from modelctl.changes import ancestry, bad_versions, change, edit, journal, preview
from modelctl.changes.git import checkout_of
from modelctl.changes.journal import Change
from modelctl.commands import agreed_change, completion, options
from modelctl.commands.agreed_change import Move, Wish, wish
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import version_key
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote


@click.command()
@click.argument("model", shell_complete=completion.models)
@click.argument("version", required=False, metavar="VERSION", shell_complete=completion.versions)
@click.option("--anyway", is_flag=True, help="Promote it although it is marked bad.")
@wish
@options.inventory
def promote(model: str, version: str | None, anyway: bool, wish: Wish, inventory: Inventory) -> None:
    """Make VERSION the current version of MODEL, and the current one the previous: edit registry.py, commit, deploy.

    The version must be stored, pinned and complete, and newer than the current one. When the deploy fails, or is
    stopped, all of it is undone.
    """
    options.require_model(inventory.fleet, model)
    if version is None:
        raise OperatorError(fault("VERSION", None, preview.pinned(inventory.fleet, model)))
    now = inventory.fleet.registry.artefacts[model].current_version
    preview.require_pinned(inventory.fleet, model, version)
    if version_key(version) < version_key(now):
        back = hints.modelctl(f"rollback {model} {version}")
        raise OperatorError(fault("VERSION", version, f"one newer than the current {now}; to go back: {back}"))
    bad = inventory.fleet.bad_version(model, version)
    if bad is not None and not anyway and version != now:
        raise OperatorError(f"{model} {version} is {bad}; nothing was changed; to promote it all the same: --anyway")
    go_to(inventory, model, version, f"Promote {model} from {now} to {version}", wish)


@click.command()
@click.argument("model", shell_complete=completion.models)
@click.argument("version", required=False, shell_complete=completion.versions)
@click.option("--previous", is_flag=True, help="Go to the version before; the same again goes forward.")
@click.option("--bad", is_flag=True, help="Mark the version that is left bad: promoting it again needs --anyway.")
@wish
@options.inventory
def rollback(model: str, version: str | None, previous: bool, bad: bool, wish: Wish, inventory: Inventory) -> None:
    """Give all hosts without an override VERSION of MODEL: edit registry.py, commit, deploy.

    The version must be stored, pinned and complete. When the deploy fails, or is stopped, all of it is undone.
    """
    options.require_model(inventory.fleet, model)
    now = inventory.fleet.registry.artefacts[model].current_version
    wanted = _wanted(inventory.fleet, model, version, previous)
    preview.require_pinned(inventory.fleet, model, wanted)
    verb = "Roll back" if version_key(wanted) < version_key(now) else "Roll forward"
    is_done = go_to(inventory, model, wanted, f"{verb} {model} from {now} to {wanted}", wish)
    if is_done and bad:
        checkout, reason = checkout_of(inventory.bad), wish.reason or "it was rolled back"
        note = bad_versions.mark(inventory, checkout, model, now, (), reason)
        screen.say(f"{model}: {now} is {note}")


@click.command()
@click.argument("hosts", shell_complete=completion.hosts, metavar="HOST[,HOST...]")
@click.argument("model", shell_complete=completion.models)
@click.argument("version", required=False, shell_complete=completion.versions)
@click.option("--clear", is_flag=True, help="Take the override away: the host gets the current version again.")
@wish
@options.inventory
def override(hosts: str, model: str, version: str | None, clear: bool, wish: Wish, inventory: Inventory) -> None:
    """Try VERSION of MODEL on HOST alone, or on several as a,b: edit site.py, commit, deploy to them.

    The version must be stored, pinned and complete. When the deploy fails, or is stopped, all of it is undone, on all
    of them.
    """
    fleet = inventory.fleet
    names = _getting(fleet, hosts, model)
    if (version is None) != clear:
        raise OperatorError(fault("VERSION", version, "a version, or --clear, and not both"))
    current = fleet.registry.artefacts[model].current_version
    wanted = current if version is None else version
    preview.require_pinned(fleet, model, wanted)
    checkout = checkout_of(inventory.sources / "site.py")
    others = [name for name in names if fleet.host(name).model_version_overrides.get(model) != version]
    said, standing = ", ".join(names), _standing(model, version, current)
    if not others:
        change.require_none(checkout)
        screen.say(f"{said}: {standing} already; what runs: {hints.modelctl(' '.join(['status', *names]))}")
        return
    place = ", ".join(others)
    what = f"Override {model} on {place} with {version}" if version else f"Clear the override of {model} on {place}"
    move = Move(what, model, wanted, wish)
    if agreed_change.make(inventory, checkout, lambda: edit.override(inventory, others, model, version), move):
        screen.say(f"{said}: {standing}")


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
            screen.say(f"{checkout.folder}: no change is unfinished")
            return
        screen.say(f"{begun.in_short}: not ended; it moves {', '.join(begun.hosts) or 'no host'}")
        begun = _allowing(inventory, begun, older)
        options.require_consent("Undo it?", "undone", yes)
        screen.say(f"{begun.what}: {change.undo(checkout, begun)}")


def go_to(inventory: Inventory, model: str, version: str, what: str, wish: Wish) -> bool:
    """Make a version the current one, and tell whether that was done."""
    now = inventory.fleet.registry.artefacts[model].current_version
    checkout = checkout_of(inventory.sources / "registry.py")
    if version == now:
        change.require_none(checkout)
        screen.say(f"{model}: {version} is the current version already; what runs: {hints.modelctl('status')}")
        return False
    bad = inventory.fleet.bad_version(model, version)
    if bad is not None:
        screen.complain(f"warning: {model} {version} is {bad}")
    move = Move(what, model, version, wish)
    if not agreed_change.make(inventory, checkout, lambda: edit.versions(inventory, model, version, now), move):
        return False
    back = hints.modelctl(f"rollback {model} --previous")
    is_longer = version > now and inventory.fleet.registry.artefacts[model].linked
    price = "; with --unlock where the newer list has events that the older one lacks" if is_longer else ""
    screen.say(f"{model}: {version} is the current version; to {now} again: {back}{price}")
    return True


def _wanted(fleet: Fleet, model: str, version: str | None, previous: bool) -> str:
    if (version is None) != previous:
        raise OperatorError(fault("VERSION", version, "a version, or --previous, and not both"))
    wanted = fleet.registry.artefacts[model].previous_version if version is None else version
    if wanted is None:
        place = "registry.coral" if model == CORAL else f"registry.models.{model}"
        name, show = hints.modelctl(f"rollback {model} VERSION"), hints.modelctl(f"show {model}")
        raise OperatorError(
            f"{place}.previous_version: found nothing; expected a version to go to; "
            f"name one: {name}; those there are: {show}"
        )
    return wanted


def _getting(fleet: Fleet, words: str, model: str) -> list[str]:
    """The hosts that were named, each once. Raises OperatorError, Faults for one that does not get the model."""
    names = list(dict.fromkeys(words.split(",")))
    for host in names:
        options.require_host(fleet, host)
    options.require_model(fleet, model)
    getting = {host: fleet.versions(host) for host in names}
    if faults := [
        fault("MODEL", model, f"a model that {host} gets: {choice(model, versions)}")
        for host, versions in getting.items()
        if model not in versions
    ]:
        raise Faults(faults)
    return names


def _standing(model: str, override: str | None, current: str) -> str:
    if override is None:
        return f"{model} has no override, so {current} is wanted"
    return f"{model} {override} is wanted by an override"


def _allowing(inventory: Inventory, begun: Change, older: tuple[str, ...]) -> Change:
    """The change with what may be taken back from a newer set. Raises OperatorError for other hosts that answer."""
    ancestry.require_moving(older, begun.hosts)
    allowed, fleet = tuple(sorted({*begun.older, *older})), inventory.fleet
    hosts = [host for host in begun.hosts if host in fleet.site.hosts]
    inventory.connect()
    chosen = remote.side_by_side(hosts, lambda host: preview.chosen_on(fleet, host))
    found = [ancestry.look(inventory.folder, host, sets, ()) for host, sets in chosen.items()]
    ancestry.require_allowed(inventory.folder, [each for each in found if each], allowed)
    return replace(begun, older=allowed)
