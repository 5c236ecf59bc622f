"""Revoking a host's pull keys: the number in the site's file of them, and its commit."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelctl import locks, text_file
from modelctl.changes.deployment import to_the_end
from modelctl.changes.git import Checkout, checkout_of
from modelctl.errors import OperatorError
from modelctl.inventory.json_files import Revoked, dump_revoked, load_revoked
from modelctl.inventory_file import Inventory, load


def require_possible(inventory: Inventory) -> None:
    """Raises OperatorError unless git can take an edit of the file."""
    path = inventory.revoked.resolve()
    checkout_of(path).require_editable(path)


def revoke(inventory: Inventory, host: str) -> tuple[int, str]:
    """Revoke every pull key that a host may have by now. Returns their last generation, and the commit.

    Raises OperatorError; nothing is changed then.
    """
    path = inventory.revoked.resolve()
    checkout = checkout_of(path)
    with locks.held(path), to_the_end():
        checkout.require_editable(path)  # another command may have been in the midst of it
        before = dataclasses.replace(inventory.fleet, revoked=load_revoked(path))
        generation = before.revoked.generation(host)
        after = dataclasses.replace(before, revoked=Revoked(hosts={**before.revoked.hosts, host: generation}))
        with _taken_back(checkout, path):
            _write(inventory, path, after.revoked)
            checkout.add(path)
            return generation, checkout.commit(path, f"Revoke the pull key of {host}\n\nUp to generation {generation}.")


@contextmanager
def _taken_back(checkout: Checkout, path: Path) -> Iterator[None]:
    """An error in here, as of a hook of git, leaves the file as it is now."""
    old = text_file.read(path) if path.exists() else None
    try:
        yield
    except OperatorError:
        if old is None:
            text_file.remove(path)
        else:
            text_file.replace(path, old)
        checkout.unstage(path)
        raise


def _write(inventory: Inventory, path: Path, revoked: Revoked) -> None:
    text_file.replace(path, dump_revoked(revoked))
    if load(inventory.path).fleet.revoked != revoked:  # a deploy would tell the datasink nothing
        raise OperatorError(
            f"{path}: {inventory.path} takes the revoked keys from elsewhere; expected Fleet(..., load_revoked(PATH)) "
            "of this file; nothing was revoked"
        )
