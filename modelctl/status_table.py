"""The status of hosts, for people: a table of sets, a table of model versions, and a line for each thing to know."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from modelctl.status import HostStatus, ServiceStatus, short

SETS = ("host", "service", "wanted", "chosen", "running", "health", "drift")
MODELS = ("host", "service", "model", "wanted", "chosen")
UNKNOWN = "unknown"
_WELL, _ODD, _BAD = "", "yellow", "red"
_GAP = "  "


@dataclass(frozen=True)
class Row:
    """Cells in the order of their table's columns, and the colour that a terminal shows them in."""

    cells: tuple[str, ...]
    style: str


def plain(found: Mapping[str, HostStatus]) -> str:
    """The report as aligned text, for a pipe or a file."""
    tables = (_aligned(SETS, set_rows(found)), _aligned(MODELS, model_rows(found)))
    return "\n\n".join("\n".join(lines) for lines in (*tables, list(notes(found))) if lines)


def show(found: Mapping[str, HostStatus]) -> None:
    """Print the report on a terminal, in colour."""
    console = Console(markup=False, emoji=False, highlight=False)
    for columns, rows in ((SETS, set_rows(found)), (MODELS, model_rows(found))):
        whole = [Column(name, overflow="fold") for name in columns]
        grid = Table(*whole, box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for row in rows:
            grid.add_row(*row.cells, style=row.style)
        console.print(grid)
        console.line()
    for note in notes(found):
        console.print(note, soft_wrap=True)  # a command in it can then be copied


def set_rows(found: Mapping[str, HostStatus]) -> Iterator[Row]:
    """A row for each service of each host: its wanted, its chosen and its running set, and whether it is well."""
    for name, host in found.items():
        for service, status in host.services.items():
            yield _set_row(name, service, status)
        if host.error is not None:
            for wanted in host.wanted:
                yield Row((name, wanted.service, short(wanted.digest), *[UNKNOWN] * 4), _ODD)


def model_rows(found: Mapping[str, HostStatus]) -> Iterator[Row]:
    """A row for each model that a service's wanted or chosen set names."""
    for name, host in found.items():
        for service, status in host.services.items():
            for model, versions in status.models.items():
                style = _WELL if versions.wanted == versions.chosen else _BAD
                yield Row((name, service, model, versions.wanted or "none", versions.chosen or "none"), style)
        if host.error is not None:
            for wanted in host.wanted:
                for model, version, _ in wanted.models:
                    yield Row((name, wanted.service, model, version, UNKNOWN), _ODD)


def notes(found: Mapping[str, HostStatus]) -> Iterator[str]:
    """What is not well, what last went wrong, and what to type next."""
    for name, host in found.items():
        if host.error is not None:
            yield host.error
        for service, status in host.services.items():
            yield from (f"{name} {service}: {note}" for note in _service_notes(service, status))
    drifted = [name for name, host in found.items() if any(each.drift for each in host.services.values())]
    if drifted:
        limits = " ".join(f"--limit {name}" for name in drifted)
        yield f"what a deploy would do about drift: pyinfra inventory.py deploys/models.py {limits} --dry"


def _set_row(host: str, service: str, status: ServiceStatus) -> Row:
    digests = map(short, (status.wanted, status.chosen, status.running))
    health, drift = "ill" if status.health else "ok", "drift" if status.drift else "none"
    return Row((host, service, *digests, health, drift), _WELL if status.is_well else _BAD)


def _service_notes(service: str, status: ServiceStatus) -> Iterator[str]:
    if status.health:
        yield f"ill: {status.health}; look there: sudo journalctl --unit {service} --lines 50 --no-pager"
    for each in status.drift:
        yield f"drift: {each}"
    if status.last and status.last.outcome != "chosen":
        yield f"{status.last.outcome} ({status.last.operator}, {status.last.time}): {status.last.reason or 'no reason'}"


def _aligned(columns: Sequence[str], rows: Iterable[Row]) -> list[str]:
    lines = [columns, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
