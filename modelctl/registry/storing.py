"""Whether files may be stored as a version: beside what is stored, what is pinned, and the space that there is."""

from collections.abc import Iterator

from modelctl import progress
from modelctl.errors import Faults, OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from modelctl.registry import importing, registry_store
from modelctl.registry.importing import Plan
from modelctl.registry.manifest import pin_of
from node.protocol.registry import ImportRoom


def is_stored(fleet: Fleet, pair: tuple[str, str], plan: Plan, room: ImportRoom) -> bool:
    """Tell whether the version is there already, with just these files.

    Raises OperatorError when it is another one, not whole, pinned and lost, or when there is no room for it.
    """
    if room.stored:
        _require_same(fleet, pair, plan)
        return True
    _require_unpinned(fleet, pair)
    travelling.require_space(fleet, fleet.registry_folder(), plan.bytes, room.free)
    return False


def holding(fleet: Fleet, model: str, plan: Plan) -> Iterator[str]:
    """Yield the pinned versions of the model that hold the same files as one that is new."""
    for version, pin in fleet.pins.models.get(model, {}).items():
        if pin.measured == plan.table:
            yield version


def next_free(fleet: Fleet, pair: tuple[str, str]) -> str:
    """The next version of that day that nothing is pinned as."""
    model, version = pair
    day, pinned = version.partition(".")[0], fleet.pins.models.get(model, {})
    return next(each for each in (f"{day}.{number}" for number in range(2, 10**6)) if each not in pinned)


def _require_same(fleet: Fleet, pair: tuple[str, str], plan: Plan) -> None:
    """Raises OperatorError when the version that is stored is another one, or not whole."""
    name, datasink = "/".join(pair), fleet.site.primary_datasink
    with progress.waiting(f"reading {name} on {datasink}"):
        stored = registry_store.read(fleet, *pair)
    try:
        found = pin_of(*pair, stored).measured
    except Faults as error:
        raise Faults(
            f"{datasink}: {name} is stored already, and not as its manifest says: {line}; mend it there, or store "
            f"the files as another version: {next_free(fleet, pair)}"
            for line in error.faults
        ) from None
    if lines := list(importing.differences(plan, found)):
        another = f"store the files as another version: {next_free(fleet, pair)}"
        raise OperatorError(f"{datasink}: {name} is stored already: {'; '.join(lines)}; {another}")


def _require_unpinned(fleet: Fleet, pair: tuple[str, str]) -> None:
    """Raises OperatorError for a version that the datasink lost: this would not bring back its manifest."""
    known = fleet.pin(*pair)
    if known is not None:
        raise OperatorError(
            f"{'/'.join(pair)}: pinned with manifest {known.manifest[:12]}, and not on {fleet.site.primary_datasink}; "
            f"restore it there from a copy, or store the files as another version: {next_free(fleet, pair)}"
        )
