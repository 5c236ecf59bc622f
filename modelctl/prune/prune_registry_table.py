"""What a sweep of the registry would do, for people: where the space is, what goes and when, and why the rest stays."""

from collections.abc import Iterator

from modelctl.table import ODD, Report, Row, Table, number
from node.protocol.retention import Retention


def report(datasink: str, found: Retention) -> Report:
    """Three tables, and the lines below them."""
    numbers = frozenset({"versions", "bytes"})
    tables = [Table(("model", "versions", "bytes"), tuple(_space(found)), numbers)]
    if found.unneeded:
        goes = tuple(Row((each.label, number(each.bytes), each.due, each.since), ODD) for each in found.unneeded)
        tables.append(Table(("goes", "bytes", "not before", "unneeded since"), goes, numbers))
    if found.kept:
        stays = tuple(Row((label, why)) for label, reasons in sorted(found.kept.items()) for why in reasons)
        tables.append(Table(("stays", "because"), stays, numbers))
    return Report(tuple(tables), tuple(_notes(datasink, found)))


def _space(found: Retention) -> Iterator[Row]:
    sizes: dict[str, list[int]] = {}
    for label, size in sorted(found.sizes.items()):
        sizes.setdefault(label.partition("/")[0], []).append(size)
    yield from (Row((model, number(len(each)), number(sum(each)))) for model, each in sizes.items())


def _notes(datasink: str, found: Retention) -> Iterator[str]:
    yield (
        f"{datasink}: {number(len(found.sizes))} versions of {number(sum(found.sizes.values()))} bytes are stored, "
        f"{number(found.free)} of its disk's {number(found.total)} bytes are free"
    )
    yield from (f"{datasink}: {why}; it is left alone" for why in found.unreadable.values())
    yield from (f"{datasink}: {note}" for note in found.notes)
    if found.held:
        yield f"nothing goes: {found.held}"
    else:
        size = number(sum(each.bytes for each in found.due))
        yield f"{len(found.due)} versions go now, {size} bytes" if found.due else "nothing goes now"
