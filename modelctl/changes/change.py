"""Changing which versions hosts run: checkout and fleet move together, or neither does.

A journal is written before anything else, and goes last: a change that is killed anywhere is known, and can be undone.
"""

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from modelctl import hints, text_file
from modelctl.changes import journal
from modelctl.changes.deployment import Deployer, require_pyinfra, to_the_end
from modelctl.changes.git import Checkout, checkout_of
from modelctl.changes.journal import Change
from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory, load
from modelctl.nodes import node_command, remote

SWITCH_SECONDS = 300  # how long a switch that was left alone may take
PAUSE = 0.5  # seconds between looks


def require_none(checkout: Checkout) -> None:
    """Raises OperatorError while an earlier change has not ended."""
    change = journal.read(checkout)
    if change is not None:
        raise OperatorError(
            f"{checkout.folder}: a change has not ended: {change.in_short}; end it first: {_ending(change)}"
        )


def unfinished(inventory: Inventory) -> str | None:
    """A line about a change that has not ended in the checkout of an inventory, None where there is none."""
    try:
        checkout = checkout_of(inventory.sources / "registry.py")
    except OperatorError:
        return None  # no git, or nothing that these commands could edit
    change = journal.read(checkout)
    if change is None:
        return None
    if journal.is_locked(checkout):
        return f"a change is being made: {change.in_short}"
    return f"a change has not ended: {change.in_short}; end it: {_ending(change)}"


def make(checkout: Checkout, change: Change, message: str, data: tuple[str, ...]) -> None:
    """Edit the file, commit it, deploy. When that fails, or is stopped, all is undone, as an OperatorError tells."""
    require_pyinfra()
    deployer = Deployer(change.inventory)
    with deployer.in_order():
        _begin(checkout, change, message)
        try:
            is_done = not change.hosts or deployer.deploy(change.hosts, _data(change, change.hosts, *data))
        except OperatorError as error:
            raise OperatorError(f"{change.what}: {error}; {_undone(checkout, change)}") from None
        if is_done:
            journal.clear(checkout)
            return
        why = "was stopped" if deployer.told_to_stop else "failed"
        said = f"{change.what}: the deploy {why}, see above; {_undone(checkout, change)}"
        raise OperatorError("; ".join([said, *(each for each in deployer.failures if each not in said)]))


def undo(checkout: Checkout, change: Change) -> str:
    """Take a change back, in the checkout and on the hosts that have moved, and tell how that went.

    Safe to repeat. Raises OperatorError when somebody else's change is in the way, or a host is not known to be back.
    """
    with to_the_end(), _naming_undo(change):
        said = _restore(checkout, change)
        is_back, failures = _move_back(change)
        journal.clear(checkout)
    hosts = ", ".join(change.hosts)
    if not is_back:
        see = hints.modelctl("status")
        line = f"{said}, but not all of {hosts} are known to run what they ran before; see which: {see}"
        raise OperatorError("; ".join([line, *failures]))
    return f"{said}, and {hosts} run what they ran before" if hosts else said


def _ending(change: Change) -> str:
    """The command that ends a change, as it has to be typed here."""
    return hints.modelctl_on(change.inventory, "undo")


@contextmanager
def _naming_undo(change: Change) -> Iterator[None]:
    """Errors in here leave the journal."""
    try:
        yield
    except OperatorError as error:
        raise OperatorError(f"{error}; then: {_ending(change)}") from None


def _undone(checkout: Checkout, change: Change) -> str:
    try:
        return undo(checkout, change)
    except OperatorError as error:
        return str(error)


def _begin(checkout: Checkout, change: Change, message: str) -> None:
    checkout.require_editable(change.file)
    if text_file.read(change.file) != change.old:
        raise OperatorError(f"{change.file}: it was changed meanwhile; nothing was written: run it again")
    journal.write(checkout, change)
    try:
        text_file.replace(change.file, change.new)
        checkout.commit(change.file, message)
        _require_new(change)
    except OperatorError:  # git refuses, as a hook of it can
        with _naming_undo(change):
            _take_back(checkout, change)
            journal.clear(checkout)
        raise


def _require_new(change: Change) -> None:
    if text_file.read(change.file) != change.new:
        raise OperatorError(f"{change.file}: a hook of git changed it; expected it as it was written")


def _restore(checkout: Checkout, change: Change) -> str:
    """Put the file back as it was, in the checkout and in a commit, and say so."""
    branch = checkout.branch()
    if branch != change.branch:
        raise OperatorError(
            f"{checkout.folder}: found {branch or 'a detached HEAD'}; expected the branch with {change.what}: "
            f"git switch {shlex.quote(change.branch)}"
        )
    if text_file.read(change.file) not in (change.old, change.new):
        raise OperatorError(
            f"{change.file}: it was changed since {change.what}; expected it as that left it; "
            "take the other change out (git stash, or git revert)"
        )
    return _take_back(checkout, change)


def _take_back(checkout: Checkout, change: Change) -> str:
    text_file.sweep(change.file)
    if text_file.read(change.file) != change.old:
        text_file.replace(change.file, change.old)
    if checkout.is_committed(change.file):
        checkout.unstage(change.file)
        return "the edit is undone"
    commit = checkout.commit(change.file, f"Undo: {change.what}\n\nIts deploy did not go well, or was stopped.")
    return f"the edit is undone by commit {commit[:12]}"


def _move_back(change: Change) -> tuple[bool, Sequence[str]]:
    """Whether all hosts are back, and a line for each that failed."""
    inventory = load(change.inventory)
    hosts = [host for host in change.hosts if host in inventory.fleet.site.hosts]
    if not hosts:
        return True, ()
    inventory.connect()
    _wait_for_switches(inventory.fleet, hosts)
    # What the list before the change did not lock was not locked before the change.
    deployer = Deployer(change.inventory)
    return deployer.deploy(hosts, _data(change, hosts, "unlock=yes")), deployer.failures


def _data(change: Change, hosts: Sequence[str], *more: str) -> tuple[str, ...]:
    older = ",".join(host for host in change.older if host in hosts)
    return (f"models={change.model}", *more, *([f"older={older}"] if older else []))


def _wait_for_switches(fleet: Fleet, hosts: list[str]) -> None:
    """A node ends a switch by itself whatever became of the deploy; the next one has to wait for that."""
    end = time.monotonic() + SWITCH_SECONDS
    while any(remote.side_by_side(hosts, lambda host: _is_switching(fleet, host)).values()):
        if time.monotonic() >= end:
            return  # the deploy that follows says who is still at it
        time.sleep(PAUSE)


def _is_switching(fleet: Fleet, host: str) -> bool:
    try:
        services = node_command.status(fleet, host).values()
    except remote.NoAnswer:
        return False
    return any(each.pending is not None and each.pending.running for each in services)
