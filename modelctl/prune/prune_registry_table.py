"""The plan of a pruning of the registry, for people: where the space is, what goes and when, and what to know."""

from collections.abc import Iterator

from modelctl.prune.prune_registry import Plan, stored
from modelctl.table import ODD, Report, Row, Table, number


def report(plan: Plan) -> Report:
    """Two tables, and the lines below them."""
    numbers = frozenset({"versions", "bytes", "go"})
    tables = [Table(("model", "versions", "bytes", "go"), tuple(_space(plan)), numbers)]
    if plan.entries:
        tables.append(Table(("goes", "bytes", "not before", "listed by", "since"), tuple(_going(plan)), numbers))
    return Report(tuple(tables), tuple(_notes(plan)))


def _space(plan: Plan) -> Iterator[Row]:
    for model, sizes in stored(plan.listing).items():
        going = sum(entry.model == model for entry in plan.entries)
        yield Row((model, number(len(sizes)), number(sum(sizes)), number(going)))


def _going(plan: Plan) -> Iterator[Row]:
    for entry in plan.entries:
        yield Row((entry.label, number(entry.bytes), entry.due, entry.operator, entry.since), ODD)


def _notes(plan: Plan) -> Iterator[str]:
    sizes = [size for each in stored(plan.listing).values() for size in each]
    yield (
        f"{plan.datasink}: {number(len(sizes))} versions of {number(sum(sizes))} bytes are stored, "
        f"{number(plan.listing.free)} of its disk's {number(plan.listing.total)} bytes are free"
    )
    going = number(sum(entry.bytes for entry in plan.entries))
    yield f"{len(plan.entries)} versions go, {going} bytes" if plan.entries else "nothing goes"
    yield from (f"{label} leaves the list: {why}" for label, why in plan.leave.items())
    yield from (f"{plan.datasink}: {why}; it is left alone" for why in plan.listing.faults.values())
    for host, why in plan.absent.items():
        yield f"{why}; it counts with what was seen of it at {plan.seen[host].time}"
    if plan.old.entries is None:
        yield f"{plan.datasink}: its delete-list is damaged, so nothing is removed; it is written anew, with new times"
