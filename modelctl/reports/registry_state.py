"""What is unfinished in the model registry on the primary datasink, with the command that ends each."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from modelctl.fleet import Fleet
from modelctl.nodes import remote
from modelctl.registry import registry_store
from modelctl.registry.listing import Listing


@dataclass(frozen=True)
class RegistryState:
    """Stored versions without a pin and folders that unfinished work left, as MODEL/NAME, or why they are unknown."""

    unpinned: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    error: str | None = None


def look(fleet: Fleet) -> RegistryState:
    """Ask the primary datasink. Raises OperatorError when it cannot be asked."""
    try:
        listing = registry_store.listing(fleet)
    except remote.NoAnswer as error:
        return RegistryState(error=str(error))
    return RegistryState(_unpinned(fleet, listing), listing.leftovers)


def notes(fleet: Fleet, state: RegistryState) -> Iterator[str]:
    """A line for each, with what to type next."""
    datasink = fleet.site.primary_datasink
    if state.error is not None:
        yield state.error
    for label in state.unpinned:
        yield f"{datasink}: {label} is stored and not pinned; to pin it: modelctl pin {label.replace('/', ' ')}"
    for label in state.leftovers:
        path = f"{fleet.registry_folder()}/{label}"
        if label.partition("/")[2].startswith(".import-"):
            remove = f"sudo rm -r -- {shlex.quote(path)}"
            yield f"{datasink}: {path}: an import has not ended; modelctl import again, or remove it there: {remove}"
        else:
            yield f"{datasink}: {path}: a clean-up has not ended; end it there: sudo systemctl start model_cleanup"


def _unpinned(fleet: Fleet, listing: Listing) -> tuple[str, ...]:
    return tuple(f"{model}/{version}" for model, version in sorted(listing.versions) if not fleet.pin(model, version))
