"""Revoking a host's pull keys: the number in the site's file of them, and its commit."""

import dataclasses
from pathlib import Path

from modelctl import file_lock, text_file
from modelctl.changes.deployment import to_the_end
from modelctl.changes.git import Checkout, checkout_of
from modelctl.errors import OperatorError
from modelctl.inventory.revoked import Revoked, dump_revoked, load_revoked
from modelctl.inventory_file import Inventory


def require_possible(inventory: Inventory) -> None:
    """Raises OperatorError unless the site goes by that file, and git can take an edit of it."""
    path = inventory.revoked.resolve()
    checkout_of(path).require_editable(path)
    if load_revoked(path) != inventory.fleet.revoked:
        raise OperatorError(
            f"{path}: {inventory.path} takes the revoked keys from elsewhere; expected them here; edit it by hand"
        )


def revoke(inventory: Inventory, host: str) -> tuple[int, str]:
    """Revoke every pull key that a host may have by now. Returns their last generation, and the commit.

    Raises OperatorError; nothing is changed then.
    """
    path = inventory.revoked.resolve()
    checkout = checkout_of(path)
    with to_the_end(), file_lock.held(path):
        checkout.require_editable(path)  # another command may have been in the midst of it
        before = dataclasses.replace(inventory.fleet, revoked=load_revoked(path))
        generation = before.revoked.generation(host)
        after = dataclasses.replace(before, revoked=Revoked(hosts={**before.revoked.hosts, host: generation}))
        what = f"Revoke the pull key of {host}\n\nUp to generation {generation}."
        return generation, _commit(checkout, path, dump_revoked(after.revoked), what)


def _commit(checkout: Checkout, path: Path, text: str, message: str) -> str:
    old = text_file.read(path) if path.exists() else None
    try:
        with text_file.writing(path):
            text_file.replace(path, text)
        if old is None:
            checkout.add(path)
        return checkout.commit(path, message)
    except OperatorError:  # git refuses, as a hook of it can
        with text_file.writing(path):
            text_file.remove(path) if old is None else text_file.replace(path, old)
        checkout.unstage(path)
        raise
