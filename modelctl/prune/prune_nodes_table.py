"""The plan of a pruning of nodes, for people, and what became of it."""

from collections.abc import Iterator, Mapping

from modelctl.errors import OperatorError
from modelctl.prune.prune_nodes import HostPlan, Plan, total
from modelctl.table import ODD, Report, Row, Table, number
from node.protocol.versions import Removal

COLUMNS = ("host", "version", "bytes", "")


def report(plan: Plan) -> Report:
    """A row for each version of each host."""
    rows = tuple(row for name, host in plan.items() for row in _rows(name, host))
    return Report((Table(COLUMNS, rows, frozenset({"bytes"})),) if rows else (), tuple(_notes(plan)))


def outcome(results: Mapping[str, Removal | OperatorError]) -> Iterator[str]:
    """A line for each host that something was removed on."""
    for host, result in results.items():
        if isinstance(result, Removal) and result.removed:
            yield f"{host}: {_count(len(result.removed))} removed, {number(_bytes(result))} bytes freed"


def failures(results: Mapping[str, Removal | OperatorError]) -> Iterator[str]:
    """A line for each version that a host kept after all, and for each host that did not answer."""
    for host, result in results.items():
        if isinstance(result, Removal):
            yield from (f"{host}: {label}: {why}" for label, why in result.refused.items())
        else:
            yield str(result)


def _rows(name: str, host: HostPlan) -> Iterator[Row]:
    for going in host.unfinished:
        yield Row((name, "/".join(going.held.pair), number(going.bytes), "goes: an earlier clean-up was ended"), ODD)
    for going in host.go:
        yield Row((name, "/".join(going.held.pair), number(going.bytes), "goes"), ODD)
    for pair, reasons in host.stay.items():
        yield Row((name, "/".join(pair), "", f"stays: {', '.join(reasons)}"))


def _notes(plan: Plan) -> Iterator[str]:
    going = sum(len(host.all_going) for host in plan.values())
    yield f"{_count(going)} {'goes' if going == 1 else 'go'}, {number(total(plan))} bytes" if going else "nothing goes"
    yield from (f"{host.error}; it is left alone" for host in plan.values() if host.error is not None)


def _count(versions: int) -> str:
    return f"{versions} version{'' if versions == 1 else 's'}"


def _bytes(result: Removal) -> int:
    return sum(each.bytes for each in result.removed)
