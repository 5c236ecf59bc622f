"""Which versions may go from the models folders of sentinels and outposts, and why the others stay; letting them go.

The JSON is Pruned.
"""

import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from modelctl import hints, quantities
from modelctl.collecting import linked_files
from modelctl.desired.model_files import models_folder
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import is_version, version_key
from modelctl.nodes import node_command, remote
from modelctl.operator import operator, purpose
from modelctl.prune.roots import Pair, references
from modelctl.schema import Registry
from modelctl.table import ODD, Report, Row, Table
from node import protocol
from node.counting import counted
from node.protocol import versions as messages
from node.protocol.versions import Held, HeldVersion, Removal
from node.registry.retention import most_recent
from node.store.versions import MANIFEST

LIST_SECONDS = 60
REMOVE_SECONDS = 600
COLUMNS = ("host", "version", "size", "why")


@dataclass(frozen=True)
class Going:
    """A version that goes from a host, the bytes that this frees, and what its linked files may be."""

    held: HeldVersion
    bytes: int
    linked: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class HostPlan:
    """What goes from a host and what stays there, with the reasons; or, as `error`, why that is unknown."""

    go: tuple[Going, ...] = ()
    unfinished: tuple[Going, ...] = ()
    stay: Mapping[Pair, tuple[str, ...]] = field(default_factory=dict)
    error: str | None = None

    @property
    def all_going(self) -> tuple[Going, ...]:
        """In the order of their removal."""
        return (*self.unfinished, *self.go)


Plan = Mapping[str, HostPlan]
Results = Mapping[str, Removal | OperatorError]


class GoingVersion(NamedTuple):
    model: str
    version: str
    bytes: int  # that its removal frees


class HostPruned(NamedTuple):
    """What goes from a host, or has gone, and why the rest stays."""

    go: tuple[GoingVersion, ...]
    unfinished: tuple[GoingVersion, ...]  # what a killed clean-up left
    stay: Mapping[str, tuple[str, ...]]  # MODEL/VERSION -> why
    error: str | None  # why it is unknown


class Pruned(NamedTuple):
    """What goes; and a line for each host that it went from, and for each version that stayed there after all."""

    hosts: Mapping[str, HostPruned]
    bytes: int
    removed: tuple[str, ...]
    failed: tuple[str, ...]


def look(fleet: Fleet) -> Plan:
    """Ask all hosts with a models folder, and decide."""
    return remote.side_by_side(fleet.with_models(), partial(_look, fleet))


def remove(fleet: Fleet, plan: Plan) -> Results:
    """Let go what the plan says, on all hosts at once; the error of a host is its result."""
    hosts = [host for host, each in plan.items() if each.all_going]
    return remote.side_by_side(hosts, lambda host: _remove(fleet, host, plan[host]))


def total(plan: Plan) -> int:
    return sum(going.bytes for host in plan.values() for going in host.all_going)


def pruned(plan: Plan, results: Results) -> Pruned:
    """All of it for programs; without results it is a plan."""
    hosts = {
        name: HostPruned(
            tuple(map(_going, host.go)),
            tuple(map(_going, host.unfinished)),
            {"/".join(pair): reasons for pair, reasons in host.stay.items()},
            host.error,
        )
        for name, host in plan.items()
    }
    return Pruned(hosts, total(plan), tuple(outcome(results)), tuple(failures(results)))


def report(plan: Plan) -> Report:
    rows = tuple(row for name, host in plan.items() for row in _rows(name, host))
    table = Table(COLUMNS, rows, frozenset({"size"}), frozenset({"why"}), ("size",))
    return Report((table,) if rows else (), tuple(_notes(plan)))


def outcome(results: Results) -> Iterator[str]:
    """A line for each host that something was removed on."""
    for host, result in results.items():
        if isinstance(result, Removal) and result.removed:
            freed_bytes = sum(each.bytes for each in result.removed)
            yield f"{host}: {counted(len(result.removed), 'version')} removed, {quantities.size(freed_bytes)} freed"


def failures(results: Results) -> Iterator[str]:
    """A line for each version that a host kept after all, and for each host that did not answer."""
    for host, result in results.items():
        if isinstance(result, Removal):
            yield from (f"{host}: {label}: {why}" for label, why in result.refused.items())
        else:
            yield str(result)


def keep(
    registry: Registry,
    overrides: Mapping[str, Mapping[str, str]],
    named: Mapping[str, Collection[str]],
    retention: int,
    stored: Collection[Pair],
) -> dict[Pair, tuple[str, ...]]:
    """Return the reasons of each stored version that stays: by host, what the site overrides and what its sets name; of
    the others the `retention` most recent of each model, and what is no model of the registry: it is somebody else's.
    """
    reasons: dict[Pair, list[str]] = {}
    for pair, reason in references(registry, overrides):
        reasons.setdefault(pair, []).append(reason)
    for host, labels in named.items():
        for pair in (pair for pair in stored if "/".join(pair) in labels):
            reasons.setdefault(pair, []).append(f"named by {host}")
    others = [pair for pair in stored if pair[0] in registry.artefacts and pair not in reasons]
    for pair in most_recent(others, retention):
        reasons[pair] = [f"one of the {retention} most recent others"]
    for pair in stored:
        if pair[0] not in registry.artefacts:
            reasons[pair] = ["no model of the registry"]
    return {pair: tuple(reasons[pair]) for pair in stored if pair in reasons}


def freed(versions: Sequence[HeldVersion]) -> list[int]:
    """The bytes that removing each frees, one after the other: a file with a link elsewhere stays on the disk."""
    links = {file.inode: file.links for each in versions for file in each.files}
    found = []
    for each in versions:
        mine = Counter(file.inode for file in each.files)
        sizes = {file.inode: file.size for file in each.files}
        for inode, count in mine.items():
            links[inode] -= count
        found.append(sum(size for inode, size in sizes.items() if links[inode] == 0))
    return found


def _look(fleet: Fleet, host: str) -> HostPlan:
    try:
        return _decide(fleet, host, node_command.referenced_versions(fleet, host), _held(fleet, host))
    except OperatorError as error:
        return HostPlan(error=str(error))


def _decide(fleet: Fleet, host: str, named: Collection[str], held: Held) -> HostPlan:
    overrides = {host: fleet.host(host).model_version_overrides}
    pairs = tuple(each.pair for each in held.versions)
    retention = fleet.standards.sentinelcam_model_retention
    stay = dict(keep(fleet.registry, overrides, {host: named}, retention, pairs))
    spare = sorted((each for each in held.versions if each.pair not in stay), key=_order)
    linked: dict[Pair, Mapping[str, list[str]]] = {}
    for each in spare:
        if reason := _foreign(fleet, host, each):
            stay[each.pair] = (reason,)
        else:
            linked[each.pair] = _elsewhere(fleet, host, each, stay)
    unfinished = sorted(held.leftovers, key=_order)
    going = [*unfinished, *(each for each in spare if each.pair not in stay)]
    plans = [Going(each, size, linked.get(each.pair, {})) for each, size in zip(going, freed(going), strict=True)]
    ordered = {each.pair: stay[each.pair] for each in sorted(held.versions, key=_order) if each.pair in stay}
    return HostPlan(tuple(plans[len(unfinished) :]), tuple(plans[: len(unfinished)]), ordered)


def _foreign(fleet: Fleet, host: str, held: HeldVersion) -> str | None:
    """Why nobody can tell that all of it exists elsewhere; None when the pin knows each of its files."""
    pin = fleet.pin(*held.pair)
    if pin is None:
        return "no pin covers it, so nobody knows what it should hold"
    if held.model == CORAL:
        return None  # unpacked where only root writes
    others = [file.name for file in held.files if file.name not in {*pin.files, MANIFEST}]
    place = f"{models_folder(fleet, host)}/{'/'.join(held.pair)}"
    return f"{place}/{one_line(others[0])} is not of this version; move it away" if others else None


def _elsewhere(
    fleet: Fleet, host: str, held: HeldVersion, stay: dict[Pair, tuple[str, ...]]
) -> Mapping[str, list[str]]:
    """The digest of each linked file, all of which exist elsewhere; else the version stays, with the reason."""
    model, version = held.pair
    if not fleet.registry.artefacts[model].linked:
        return {}
    try:
        linked = linked_files.look(fleet, host, model, version)
    except OperatorError as error:
        stay[held.pair] = (str(error),)
        return {}
    if linked.uncollected:
        names = " and ".join(linked.uncollected)
        collect = hints.modelctl(shlex.join(["collect", host, model, version]))
        stay[held.pair] = (f"{names}: on this host only; collect first: {collect}",)
    return {name: [file.sha256] if file else [] for name, file in linked.files.items()}


def _held(fleet: Fleet, host: str) -> Held:
    question = messages.ListVersions(Path(models_folder(fleet, host)))
    held = node_command.ask(fleet, host, messages.LIST_VERSIONS, question, LIST_SECONDS)
    if not all(is_version(each.version) for each in (*held.versions, *held.leftovers)):
        raise remote.misunderstood(fleet, host, protocol.dumps(held), messages.LIST_VERSIONS.called)
    return held


def _remove(fleet: Fleet, host: str, plan: HostPlan) -> Removal | OperatorError:
    going = [
        messages.Removable(*each.held.pair, [file.name for file in each.held.files], dict(each.linked))
        for each in plan.go
    ]
    question = messages.RemoveVersions(Path(models_folder(fleet, host)), going, operator(), purpose())
    try:
        return node_command.ask(fleet, host, messages.REMOVE_VERSIONS, question, REMOVE_SECONDS)
    except OperatorError as error:
        return error


def _going(going: Going) -> GoingVersion:
    return GoingVersion(*going.held.pair, going.bytes)


def _order(held: HeldVersion) -> tuple[str, Any]:
    return held.model, version_key(held.version)


def _rows(name: str, host: HostPlan) -> Iterator[Row]:
    for going in host.unfinished:
        yield Row(
            (name, "/".join(going.held.pair), quantities.size(going.bytes), "goes: an earlier clean-up was ended"), ODD
        )
    for going in host.go:
        yield Row((name, "/".join(going.held.pair), quantities.size(going.bytes), "goes"), ODD)
    for pair, reasons in host.stay.items():
        yield Row((name, "/".join(pair), "", f"stays: {', '.join(reasons)}"))


def _notes(plan: Plan) -> Iterator[str]:
    going = sum(len(host.all_going) for host in plan.values())
    yield (
        f"{counted(going, 'version')} {'goes' if going == 1 else 'go'}, {quantities.size(total(plan))}"
        if going
        else "nothing goes"
    )
    yield from (f"{host.error}; it is left alone" for host in plan.values() if host.error is not None)
