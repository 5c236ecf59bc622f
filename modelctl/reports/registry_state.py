"""What is unfinished on the primary datasink, in its registry and beside it, with the command that ends each."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from modelctl.collecting import linked_files
from modelctl.errors import OperatorError
from modelctl.fleet import Fleet
from modelctl.nodes import node_command, remote
from modelctl.registry import registry_store
from modelctl.registry.listing import Listing
from modelctl.retiring import delete_list
from modelctl.values import is_version


@dataclass(frozen=True)
class RegistryState:
    """What is stored without a pin, what unfinished work left, and what is to be removed though it is named here.

    Or why all that is unknown. Versions and folders as MODEL/NAME; `parts` of collected files as
    HOST/MODEL/VERSION/NAME; `listed` are on the delete-list, which was made before they were named.
    """

    unpinned: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    error: str | None = None


def look(fleet: Fleet) -> RegistryState:
    """Ask the primary datasink."""
    try:
        listing, parts, listed = remote.together(
            lambda: registry_store.listing(fleet), lambda: linked_files.unfinished(fleet), lambda: _listed(fleet)
        )
    except OperatorError as error:
        return RegistryState(error=str(error))
    return RegistryState(_unpinned(fleet, listing), listing.leftovers, parts, listed)


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
    for part in state.parts:
        path = f"{fleet.collected_folder()}/{part}"
        ways = [*_again(fleet, part), f"remove it there: sudo rm -- {shlex.quote(path)}"]
        yield f"{datasink}: {path}: a collect has not ended; {', or '.join(ways)}"

    for label in state.listed:
        yield f"{datasink}: {label} is on the delete-list, and named here; take it off: modelctl cleanup"


def _again(fleet: Fleet, part: str) -> Iterator[str]:
    """The collect that ends it; none for a file of somebody else's, or from a host that is gone."""
    host, model, version, _ = part.split("/", 3)
    if host in fleet.site.hosts and model in fleet.registry.models and is_version(version):
        yield f"modelctl collect {host} {model} {version}"


def _listed(fleet: Fleet) -> tuple[str, ...]:
    """Named by hand, say, and deployed without the datasink: it could not know."""
    try:
        entries = delete_list.read(fleet).entries or ()
    except node_command.UnknownCommand:
        return ()  # what knows no list has none
    named = {(model, version) for model in fleet.registry.models for version in fleet.named_versions(model)}
    return tuple(entry.label for entry in entries if entry.pair in named)


def _unpinned(fleet: Fleet, listing: Listing) -> tuple[str, ...]:
    return tuple(f"{model}/{version}" for model, version in sorted(listing.versions) if not fleet.pin(model, version))
