"""What hosts lack of what a deploy and their service need, each with the command that mends it.

Hosts may never have been deployed to: the node program travels there, and what it needs itself is looked at first.
"""

from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any, NamedTuple

from modelctl.doctor import checks, way
from modelctl.doctor.lack import Lack, Lacking, asking_again
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote
from modelctl.table import BAD, Report, Row, Table
from node import codec
from node.counting import counted

_ANY = "HOST"
COLUMNS = ("host", "check", "found", "expected")


class Examined(NamedTuple):
    """What a host lacks. What lacks may keep the rest from being looked at; `unknown` is why imports could not be."""

    lacks: Sequence[Lack]
    is_whole: bool = True
    unknown: str | None = None


class ToldLack(NamedTuple):
    """A lack for programs, with its command for that host alone."""

    check: str
    found: str
    expected: str
    mend: str


class ToldHost(NamedTuple):
    lacks: Sequence[ToldLack]
    whole: bool
    unknown: str | None


class Told(NamedTuple):
    """What is told to programs."""

    hosts: Mapping[str, ToldHost]


class FleetCondition(NamedTuple):
    hosts: Mapping[str, Examined]

    @property
    def is_ok(self) -> bool:
        return not any(host.lacks for host in self.hosts.values())

    def to_json(self) -> dict[str, Any]:
        told = Told({name: _told(name, host) for name, host in self.hosts.items()})
        encoded: dict[str, Any] = codec.encode(told)
        return encoded


def _told(name: str, host: Examined) -> ToldHost:
    lacks = [ToldLack(lack.check, lack.found, lack.expected, lack.mend([name])) for lack in host.lacks]
    return ToldHost(lacks, host.is_whole, host.unknown)


def choose(fleet: Fleet, hosts: Sequence[str]) -> list[str]:
    """The hosts that were named, or all that something is deployed to. Raises Faults for a name that is none."""
    known = [*fleet.with_service(), *fleet.trainers()]
    unknown = [fault("HOST", host, choice(host, known)) for host in hosts if host not in known]
    if unknown:
        raise Faults(unknown)
    return list(dict.fromkeys(hosts)) or known


def look(fleet: Fleet, hosts: Sequence[str]) -> FleetCondition:
    """Examine all hosts at once: one that gives no answer is no other's failure."""
    return FleetCondition(remote.side_by_side(hosts, lambda host: _examine(fleet, host)))


def report(found: FleetCondition) -> Report:
    """A table of what is lacking, below it the command for each row, and a sentence."""
    lacking = {name: host for name, host in found.hosts.items() if host.lacks}
    rows = [
        Row((name, lack.check, lack.found, lack.expected), BAD) for name, host in lacking.items() for lack in host.lacks
    ]
    tables = (Table(COLUMNS, tuple(rows), prose=frozenset({"found", "expected"}), spare=("expected",)),) if rows else ()
    why = {name: host.unknown for name, host in found.hosts.items() if host.unknown}
    unknown = [f"{name}: not known what its service imports: {reason}" for name, reason in why.items()]
    return Report(tables, (*_mends(lacking), *unknown, _sentence(found.hosts, lacking)))


def _examine(fleet: Fleet, host: str) -> Examined:
    try:
        if host in fleet.trainers():
            return Examined(list(checks.of_trainer(way.absent_on_trainer(fleet, host))))
        found = way.condition(fleet, host)
        return Examined(list(checks.of_node(fleet, host, found)), unknown=found.code.unknown)
    except Lacking as lacking:
        return Examined([lacking.lack], is_whole=False)
    except OperatorError as error:  # as of a pull CA that is damaged here
        return Examined([Lack("answer", str(error), "one that can be understood", asking_again)], is_whole=False)


def _mends(lacking: Mapping[str, Examined]) -> Iterator[str]:
    """A line for each command, with all that it mends: the same command serves several hosts at once."""
    alike: dict[str, list[tuple[str, Lack]]] = {}
    for name, host in lacking.items():
        for lack in host.lacks:
            alike.setdefault(lack.mend([_ANY]), []).append((name, lack))
    for found in alike.values():
        hosts = dict.fromkeys(name for name, _ in found)
        kinds = dict.fromkeys(lack.check for _, lack in found)
        also = " (the first deploy brings it too)" if all(lack.comes_at_first for _, lack in found) else ""
        yield f"{', '.join(kinds)} of {', '.join(hosts)}{also}: {found[0][1].mend(list(hosts))}"


def _sentence(hosts: Mapping[str, Examined], lacking: Mapping[str, Examined]) -> str:
    if not lacking:
        return f"{counted(len(hosts), 'host')} {_verb(hosts)} nothing"
    partly = [name for name, host in lacking.items() if not host.is_whole]
    rest = f"; of {', '.join(partly)} the rest was not looked at" if partly else ""
    few = f"{len(lacking)} of {counted(len(hosts), 'host')} {_verb(lacking)} something"
    return f"{few}{rest}; when it is mended: {asking_again(list(lacking))}"


def _verb(hosts: Sized) -> str:
    return "lacks" if len(hosts) == 1 else "lack"
