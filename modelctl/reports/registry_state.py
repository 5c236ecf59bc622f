"""What is unfinished on the primary datasink, in its registry and beside it, with the command that ends each."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from modelctl import hints
from modelctl.collecting import linked_files
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import is_version
from modelctl.nodes import node_command, remote
from modelctl.prune import prune_registry
from modelctl.quantities import size
from modelctl.registry import registry_store
from node.protocol.registry import Listing

Answer = TypeVar("Answer")


class RegistryState(NamedTuple):
    """What is stored without a pin, what unfinished work left, and what keeps the registry from being swept or ends
    soon. Versions and folders are MODEL/NAME, `parts` of collected files HOST/MODEL/VERSION/NAME.
    """

    unpinned: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    retention: tuple[str, ...] = ()
    error: str | None = None
    unreadable: Mapping[str, str] = {}


def look(fleet: Fleet) -> RegistryState:
    (listing, no_listing), (parts, no_parts), (retention, no_retention) = remote.together(
        lambda: _try(lambda: registry_store.listing(fleet), Listing({}, 0, 0)),
        lambda: _try(lambda: linked_files.unfinished(fleet), tuple[str, ...]()),
        lambda: _try(lambda: _retention(fleet), tuple[str, ...]()),
    )
    error = "; ".join(dict.fromkeys(why for why in (no_listing, no_parts, no_retention) if why))
    # What cannot be read can be pinned only when that is mended.
    readable = sorted(pair for pair, each in listing.versions.items() if each.fault is None)
    unpinned = tuple(f"{model}/{version}" for model, version in readable if not fleet.pin(model, version))
    return RegistryState(unpinned, tuple(listing.leftovers), parts, retention, error or None, listing.faults)


def _try(ask: Callable[[], Answer], otherwise: Answer) -> tuple[Answer, str | None]:
    """The answer, or the other one and why."""
    try:
        return ask(), None
    except OperatorError as error:
        return otherwise, str(error)


def notes(fleet: Fleet, state: RegistryState) -> Iterator[str]:
    """A line for each, with what to type next."""
    datasink = fleet.site.primary_datasink
    if state.error is not None:
        yield state.error
    yield from (f"{datasink}: {why}" for why in state.unreadable.values())
    for label in state.unpinned:
        pin = hints.modelctl(f"pin {label.replace('/', ' ')}")
        yield f"{datasink}: {label} is stored and not pinned; to pin it: {pin}"
    for label in state.leftovers:
        path = f"{fleet.registry_folder()}/{label}"
        if label.startswith(f"{CORAL}/.import-"):
            remove, again = f"sudo rm -r -- {shlex.quote(path)}", hints.modelctl("coral download")
            yield f"{datasink}: {path}: a download has not ended; end it: {again}, or remove it there: {remove}"
        elif label.partition("/")[2].startswith(".import-"):
            remove = f"sudo rm -r -- {shlex.quote(path)}"
            yield f"{datasink}: {path}: an import has not ended; import again, or remove it there: {remove}"
        else:
            yield f"{datasink}: {path}: a clean-up has not ended; end it there: sudo systemctl start model_cleanup"
    for part in state.parts:
        path = f"{fleet.collected_folder()}/{one_line(part)}"
        yield f"{datasink}: {path}: a collect has not ended; {_ending(fleet, part)}"
    yield from (f"{datasink}: {note}" for note in state.retention)


def _ending(fleet: Fleet, part: str) -> str:
    """What to do about a part; nothing to type where its path cannot be shown as it is."""
    place, _, name = part.rpartition("/")
    if one_line(part) != part or place.count("/") != 2 or not name.startswith("."):
        return "look at it there"
    host, model, version = place.split("/")
    if host in fleet.site.hosts and model in fleet.registry.artefacts and is_version(version):
        collect = hints.modelctl(f"collect {host} {model} {version}")
        return f"{collect}, which keeps it if it came whole, and says so if not"
    paths = (f"{fleet.collected_folder()}/{place}/{each}" for each in (name, name[1:]))
    return f"keep it under a plain name: sudo mv -n -- {shlex.join(paths)}"


def _retention(fleet: Fleet) -> tuple[str, ...]:
    """What the sweep of the registry would tell, and that its disk is nearly full."""
    try:
        found = prune_registry.look(fleet)
    except node_command.UnknownCommand:
        return ()  # what knows no sweep has none
    told = found.notes if found.is_installed else []
    notes = [f"its registry is not swept: {found.held}"] if found.held and found.is_installed else []
    if found.free < fleet.standards.registry_free_bytes:
        look = hints.modelctl("prune registry --dry-run")
        limit = f"expected {size(fleet.standards.registry_free_bytes)}"
        notes.append(f"{fleet.registry_folder()}: {size(found.free)} are free; {limit}; see what goes: {look}")
    return (*notes, *told)
