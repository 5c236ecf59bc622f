"""A change of a model's version that an operator agrees to: what it would do is shown, asked about, and done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps

import click

from modelctl import screen
from modelctl.changes import ancestry, bad_versions, change, journal, preview
from modelctl.changes.edit import Edit
from modelctl.changes.git import Checkout
from modelctl.changes.journal import Change
from modelctl.changes.preview import HostPreview
from modelctl.commands import options
from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote
from modelctl.operator import operator
from modelctl.prune import roots
from node.counting import counted


class EventsUnlocked(OperatorError):
    """A face list lacks events that the live one locks; nothing was changed."""


@dataclass(frozen=True)
class Wish:
    """What an operator says of a change: why, and what it may do."""

    reason: str = ""
    unlock: bool = False
    older: tuple[str, ...] = ()
    yes: bool = False
    dry_run: bool = False


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
    @options.dry_run
    @wraps(command)
    def wished(
        *words: object,
        reason: str,
        unlock: bool,
        older: tuple[str, ...],
        yes: bool,
        dry_run: bool,
        **named: object,
    ) -> None:
        command(*words, wish=Wish(reason, unlock, older, yes, dry_run), **named)

    return wished


def make(inventory: Inventory, checkout: Checkout, edit: Callable[[], Edit], move: Move) -> bool:
    """Look at what an edit would do, show it, ask, and do it; tell whether it was done, which in a dry run it is not.

    Raises OperatorError when it is not done, or undone. A version that a host rolled back from is then marked bad.
    """
    with journal.locked(checkout):
        change.require_none(checkout)
        made = edit()
        checkout.require_editable(made.file)
        _require_pins_committed(inventory, checkout)
        inventory.connect()
        try:
            hosts = _agree(inventory, made.after, move)
        except remote.NoAnswer as error:
            raise OperatorError(f"{error}; nothing was changed") from None
        if move.wish.dry_run:
            screen.say("nothing was changed: this was a dry run")
            return False
        begun = _change(inventory, checkout, made, move, hosts)
        message = f"{move.what}\n\n{move.wish.reason}".rstrip()
        try:
            change.make(checkout, begun, message, ("unlock=yes",) if move.wish.unlock else ())
        except OperatorError as error:
            marked = bad_versions.mark_where_rolled_back(
                inventory, checkout, made.after, move.model, move.version, hosts
            )
            raise OperatorError("; ".join([str(error), *marked])) from None
        return True


def _change(inventory: Inventory, checkout: Checkout, made: Edit, move: Move, hosts: Sequence[str]) -> Change:
    return Change(
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


def _agree(inventory: Inventory, after: Fleet, move: Move) -> list[str]:
    """Show what a change would do, ask, and return the hosts that move. Raises OperatorError unless all is agreed."""
    before, wish = inventory.fleet, move.wish
    moving = preview.moving(before, after, move.model)
    ancestry.require_moving(wish.older, moving)
    # Then nothing that the look finds makes the operator think again.
    is_agreed = wish.yes and not wish.dry_run and (wish.unlock or not before.registry.artefacts[move.model].linked)

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
    if wish.dry_run:
        return moving
    options.require_consent("Do it?", "changed", wish.yes)
    if not is_agreed:
        keep()
    return moving


def _require_pins_committed(inventory: Inventory, checkout: Checkout) -> None:
    """What names a version is committed here; its pin must be too, or no other checkout could deploy."""
    pins = inventory.pins.resolve()
    if pins.is_relative_to(checkout.folder) and checkout.has_changes(pins):
        raise checkout.uncommitted(pins, "the pins that git has")


def _require_locked(hosts: Sequence[HostPreview]) -> None:
    unlocked = [f"{counted(each.unlocked, 'event')} of the live one on {each.host}" for each in hosts if each.unlocked]
    if unlocked:
        raise EventsUnlocked(
            f"the face list lacks {', '.join(unlocked)}, so their recordings could be deleted; nothing was changed; "
            "to allow it: --unlock"
        )
