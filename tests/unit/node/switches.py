"""What tests of a switch share."""

from node import layout
from node.store import history, sets
from node.store.service_set import ServiceSet
from node.switch import switch, switch_result
from tests.unit.node.places import Place, installed, request, service_set


def stored(place: Place, digest: str, text: str = "", **changes: object) -> ServiceSet:
    config = installed(place.root / "home" / "engine.yaml", text or digest)
    unit = installed(layout.UNITS / "engine.service", "[Unit]", "root")
    wanted = service_set(digest, config, unit)._replace(**changes)  # type: ignore[arg-type]
    sets.put(wanted, "c0ffee")
    return wanted


def chosen() -> tuple[str | None, str | None]:
    return sets.digest_of("engine", sets.CHOSEN), sets.digest_of("engine", sets.PREVIOUS)


def config(place: Place) -> str:
    return (place.root / "home" / "engine.yaml").read_text()


def run(digest: str) -> str | None:
    """One run of the unit; what the operator is told."""
    result = switch.run(request(digest))
    entry = history.last("engine")
    assert entry is not None
    assert (entry.outcome, entry.to) == (result.name, digest)
    assert switch_result.take("r1") == result
    return result.line
