"""`modelctl rollback`, `override` and `undo` move hosts to another version: a summary, a question, the change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps

import click

from modelctl import hints
from modelctl.changes import ancestry, change, edit, journal, preview
from modelctl.changes.edit import Edit
from modelctl.changes.git import Checkout, checkout_of
from modelctl.changes.journal import Change
from modelctl.changes.preview import HostPreview
from modelctl.commands import options
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import version_key
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote
from modelctl.operator import operator
from modelctl.prune import roots


@dataclass(frozen=True)
class Wish:
    """What an operator says of a change: why, and what it may do."""

    reason: str
    unlock: bool
    older: tuple[str, ...]
    yes: bool


@dataclass(frozen=True)
class Move:
    """A change: `what` in words, the model and its version, and what the operator says of it."""

    what: str
    model: str
    version: str
    wish: Wish


def wish(command: Callable[..., None]) -> Callable[..., None]:
    """Hand a command what its options say of the change, as `wish`."""

    @click.option("--reason", default="", help="Why, for the commit's message.")
    @click.option("--unlock", is_flag=True, help="Allow a face list that unlocks events.")
    @options.older
    @options.yes
    @wraps(command)
    def wished(*words: object, reason: str, unlock: bool, older: tuple[str, ...], yes: bool, **named: object) -> None:
        command(*words, wish=Wish(reason, unlock, older, yes), **named)

    return wished


@click.command()
@click.argument("model")
@click.argument("version", required=False)
@click.option("--previous", is_flag=True, help="Go to the version before; the same again goes forward.")
@wish
@options.inventory
def rollback(model: str, version: str | None, previous: bool, wish: Wish, inventory: Inventory) -> None:
    """Give all hosts without an override VERSION of MODEL: edit registry.py, commit, deploy.

    The version must be stored, pinned and complete. When the deploy fails, or is stopped, all of it is undone.
    """
    options.require_model(inventory.fleet, model)
    now = inventory.fleet.registry.artefacts[model].current_version
    wanted = _wanted(inventory.fleet, model, version, previous)
    preview.require_pinned(inventory.fleet, model, wanted)
    checkout = checkout_of(inventory.sources / "registry.py")
    if wanted == now:
        change.require_none(checkout)
        click.echo(f"{model}: {wanted} is the current version already; what runs: {hints.modelctl('status')}")
        return
    verb = "Roll back" if version_key(wanted) < version_key(now) else "Roll forward"
    move = Move(f"{verb} {model} from {now} to {wanted}", model, wanted, wish)
    _move(inventory, checkout, lambda: edit.versions(inventory, model, wanted, now), move)
    back = hints.modelctl(f"rollback {model} --previous")
    click.echo(f"{model}: {wanted} is the current version; to {now} again: {back}")


@click.command()
@click.argument("hosts", metavar="HOST[,HOST...]")
@click.argument("model")
@click.argument("version", required=False)
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
        click.echo(f"{said}: {standing} already; what runs: {hints.modelctl(' '.join(['status', *names]))}")
        return
    place = ", ".join(others)
    what = f"Override {model} on {place} with {version}" if version else f"Clear the override of {model} on {place}"
    move = Move(what, model, wanted, wish)
    _move(inventory, checkout, lambda: edit.override(inventory, others, model, version), move)
    click.echo(f"{said}: {standing}")


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


def _move(inventory: Inventory, checkout: Checkout, edit: Callable[[], Edit], move: Move) -> None:
    """Look at what an edit would do, show it, ask, and do it. Raises OperatorError when it is not done, or undone."""
    with journal.locked(checkout):
        change.require_none(checkout)
        made = edit()
        checkout.require_editable(made.file)
        _require_pins_committed(inventory, checkout)
        inventory.connect()
        hosts = _agree(inventory, made.after, move)
        begun = Change(
            what=move.what,
            operator=operator(),
            since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            branch=checkout.branch(),
            inventory=inventory.path.resolve(),
            file=made.file,
            old=made.old,
            new=made.new,
            model=move.model,
            hosts=tuple(hosts),
            older=move.wish.older,
        )
        message = f"{move.what}\n\n{move.wish.reason}".rstrip()
        change.make(checkout, begun, message, ("unlock=yes",) if move.wish.unlock else ())


def _agree(inventory: Inventory, after: Fleet, move: Move) -> list[str]:
    """Show what a change would do, ask, and return the hosts that move. Raises OperatorError unless all is agreed."""
    before, wish = inventory.fleet, move.wish
    moving = preview.moving(before, after, move.model)
    ancestry.require_moving(wish.older, moving)
    # Then nothing that the look finds makes the operator think again.
    is_agreed = wish.yes and (wish.unlock or not before.registry.artefacts[move.model].linked)

    def keep() -> None:
        roots.add(inventory.folder, [before, after], {})

    _, _, hosts = remote.together(
        lambda: preview.require_stored(after, move.model, move.version),
        keep if is_agreed else lambda: None,
        lambda: preview.look(before, after, move.model, inventory.folder),
    )
    preview.summary(move.what, hosts).print()
    ancestry.require_allowed(inventory.folder, [each.newer for each in hosts if each.newer], wish.older)
    if not wish.unlock:
        _require_locked(hosts)
    options.require_consent("Do it?", "changed", wish.yes)
    if not is_agreed:
        keep()
    return moving


def _require_pins_committed(inventory: Inventory, checkout: Checkout) -> None:
    """What names a version is committed here; its pin must be too, or no other checkout could deploy."""
    pins = inventory.pins.resolve()
    if pins.is_relative_to(checkout.folder) and checkout.has_changes(pins):
        raise OperatorError(f"{pins}: it has uncommitted changes; expected the pins that git has; commit them")


def _require_locked(hosts: Sequence[HostPreview]) -> None:
    unlocked = [f"{each.unlocked} event(s) of the live one on {each.host}" for each in hosts if each.unlocked]
    if unlocked:
        raise OperatorError(
            f"the face list lacks {', '.join(unlocked)}, so their recordings could be deleted; nothing was changed; "
            "to allow it: --unlock"
        )
