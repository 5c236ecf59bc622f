"""What the sweep of the primary datasink's registry would remove, and why the other versions stay.

The JSON is node.protocol.retention.Retention, with "datasink", and "swept", which is Swept, of no lines in a dry run.
Times are UTC, ISO 8601.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command
from modelctl.quantities import size
from modelctl.registry.registry_store import unreadable
from modelctl.table import ODD, Report, Row, Table, number
from node import codec
from node.counting import counted
from node.protocol.retention import RETENTION, SWEEP, AskRetention, Retention, Sweep, Swept

GOES = ("goes", "size", "not before", "unneeded since")
LOOK_SECONDS, SWEEP_SECONDS = 60, 12 * 3600


def look(fleet: Fleet) -> Retention:
    """Ask the datasink. Raises remote.NoAnswer when it does not say, OperatorError when it refuses."""
    datasink = fleet.site.primary_datasink
    asked = AskRetention(Path(fleet.registry_folder()), fleet.service_user(datasink))
    found = node_command.ask(fleet, datasink, RETENTION, asked, LOOK_SECONDS)
    return found._replace(unreadable={label: unreadable(fleet, why) for label, why in found.unreadable.items()})


def sweep(fleet: Fleet) -> Swept:
    """Let the datasink remove what is due now. Raises as `look`."""
    asked = Sweep(Path(fleet.cleanup_log()))
    return node_command.ask(fleet, fleet.site.primary_datasink, SWEEP, asked, SWEEP_SECONDS)


def to_json(fleet: Fleet, found: Retention, swept: Swept) -> dict[str, Any]:
    return {"datasink": fleet.site.primary_datasink, **codec.encode(found), "swept": codec.encode(swept)}


def report(datasink: str, found: Retention) -> Report:
    """Where the space is, what goes and when, and why the rest stays; and the lines below."""
    numbers = frozenset({"versions", "size"})
    tables = [Table(("model", "versions", "size"), tuple(_space(found)), numbers)]
    if found.unneeded:
        goes = tuple(Row((each.label, size(each.bytes), each.due, each.since), ODD) for each in found.unneeded)
        tables.append(Table(GOES, goes, numbers, spare=("unneeded since", "size")))
    if found.kept:
        stays = tuple(Row((label, why)) for label, reasons in sorted(found.kept.items()) for why in reasons)
        tables.append(Table(("stays", "because"), stays, prose=frozenset({"because"})))
    return Report(tuple(tables), tuple(_notes(datasink, found)))


def _space(found: Retention) -> Iterator[Row]:
    sizes: dict[str, list[int]] = {}
    for label, count in sorted(found.sizes.items()):
        sizes.setdefault(label.partition("/")[0], []).append(count)
    yield from (Row((model, number(len(each)), size(sum(each)))) for model, each in sizes.items())


def _notes(datasink: str, found: Retention) -> Iterator[str]:
    yield (
        f"{datasink}: {counted(len(found.sizes), 'version')} of {size(sum(found.sizes.values()))} "
        f"{'is' if len(found.sizes) == 1 else 'are'} stored, "
        f"{size(found.free)} of its disk's {size(found.total)} are free"
    )
    yield from (f"{datasink}: {why}; it is left alone" for why in found.unreadable.values())
    yield from (f"{datasink}: {note}" for note in found.notes)
    for label, left in sorted(found.going.items()):
        yield f"{datasink}: {label} is being removed; the next sweep ends that, and frees {size(left)}"
    if found.held:
        yield f"nothing goes: {found.held}"
    else:
        freed = size(sum(each.bytes for each in found.due))
        go = "goes" if len(found.due) == 1 else "go"
        yield f"{counted(len(found.due), 'version')} {go} now, {freed}" if found.due else "nothing goes now"
