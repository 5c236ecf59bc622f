"""What tests of an automatic rollback share."""

from node import layout
from node.store import history, pending_switch, sets
from node.store.service_set import ServiceSet
from node.switch import switch_result
from tests.unit.node.places import Place, begun, installed, service_set


def stored(place: Place, digest: str, *timers: str, **changes: object) -> ServiceSet:
    units = [installed(layout.UNITS / name, digest, "root") for name in timers]
    config = installed(place.root / "home" / "engine.yaml", digest)
    wanted = service_set(digest, config, *units, timers=timers)._replace(**changes)  # type: ignore[arg-type]
    sets.put(wanted, "c0ffee")
    return wanted


def died(place: Place, *timers: str, old: str | None = "d1", previous: str | None = "d0") -> None:
    """A switch to d2 that died after its commit point."""
    if old:
        stored(place, old)
    stored(place, "d2", *timers)
    pending_switch.put(begun("d2", old, previous))
    sets.choose("engine", "d2", old)


def line() -> str | None:
    """What the operator is told."""
    result = switch_result.take("r1")
    assert result is not None
    last = history.last("engine")
    assert last is not None
    assert last.outcome == result.name
    assert pending_switch.read("engine") is None
    return result.line
