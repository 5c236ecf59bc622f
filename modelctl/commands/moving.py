"""What the commands share that move hosts to another version: a summary, a question, the change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps

import click

from modelctl.changes import change, journal, older, preview
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
from modelctl.table import UNKNOWN, Report, Row, Table, number

COLUMNS = ("host", "from", "to", "restarts", "bytes to move", "events unlocked")
NUMBERS = frozenset(COLUMNS[-2:])


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
    @older.option
    @options.yes
    @wraps(command)
    def wished(*words: object, reason: str, unlock: bool, older: tuple[str, ...], yes: bool, **named: object) -> None:
        command(*words, wish=Wish(reason, unlock, older, yes), **named)

    return wished


def carry_out(inventory: Inventory, checkout: Checkout, edit: Callable[[], Edit], move: Move) -> None:
    """Look at what an edit would do, show it, ask, and do it. Raises OperatorError when it is not done, or undone."""
    with journal.locked(checkout):
        change.require_none(checkout)
        made = edit()
        checkout.require_editable(made.file)
        _carry_out(inventory, checkout, made, move)


def _carry_out(inventory: Inventory, checkout: Checkout, made: Edit, move: Move) -> None:
    _require_pins_committed(inventory, checkout)
    inventory.connect()
    before, after = inventory.fleet, made.after
    moving = preview.moving(before, after, move.model)
    older.require_moving(move.wish.older, moving)
    hosts = _look(inventory, after, move)
    summary(move.what, hosts).print()
    older.require_allowed(inventory.folder, [each.newer for each in hosts if each.newer], move.wish.older)
    if not move.wish.unlock:
        _require_locked(hosts)
    options.require_consent("Do it?", "changed", move.wish.yes)
    if not _is_agreed(before, move):
        roots.add(inventory.folder, [before, after], {})
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
        hosts=tuple(moving),
        older=move.wish.older,
    )
    message = f"{move.what}\n\n{move.wish.reason}".rstrip()
    change.make(checkout, begun, message, ("unlock=yes",) if move.wish.unlock else ())


def summary(what: str, hosts: Sequence[HostPreview]) -> Report:
    """The change in words, with a row for each host that moves."""
    if not hosts:
        return Report((), (f"{what}: no host moves",))
    return Report((Table(COLUMNS, tuple(map(_row, hosts)), NUMBERS),), (what,))


def _row(host: HostPreview) -> Row:
    counts = (UNKNOWN if count is None else number(count) for count in (host.size, host.unlocked))
    return Row((host.host, host.before, host.after, ", ".join(host.restarts) or "none", *counts))


def _look(inventory: Inventory, after: Fleet, move: Move) -> tuple[HostPreview, ...]:
    """What is to be asked is asked at once, and what was agreed to already is done meanwhile."""
    before = inventory.fleet

    def keep() -> None:
        if _is_agreed(before, move):
            roots.add(inventory.folder, [before, after], {})

    _, _, found = remote.together(
        lambda: preview.require_stored(after, move.model, move.version),
        keep,
        lambda: preview.look(before, after, move.model, inventory.folder),
    )
    return found


def _is_agreed(fleet: Fleet, move: Move) -> bool:
    """Whether nothing that the look finds makes the operator think again."""
    return move.wish.yes and (move.wish.unlock or not fleet.registry.artefacts[move.model].linked)


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
