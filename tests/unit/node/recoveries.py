"""What tests of a return share."""

from node import history, layout, marks, outcomes, sets
from node.service_set import ServiceSet
from tests.unit.node.places import Place, installed, mark, service_set


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
    marks.put(mark("d2", old, previous))
    sets.choose("engine", "d2", old)


def line() -> str | None:
    """What the operator is told."""
    outcome = outcomes.take("r1")
    assert outcome is not None
    last = history.last("engine")
    assert last is not None
    assert last.outcome == outcome.name
    assert marks.read("engine") is None
    return outcome.line
