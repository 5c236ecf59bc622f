"""Deciding which versions may go from the models folders of sentinels and outposts, and letting them go.

As JSON, for programs: {"hosts": {HOST: {"go": [{"model", "version", "bytes"}], "unfinished": [the same: what a killed
clean-up left], "stay": {"MODEL/VERSION": ["why it stays", ...]}, "error": null | "why it is unknown"}}, "bytes": sum}.
"""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from modelctl import hints
from modelctl.collecting import linked_files
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.inventory.coral import CORAL
from modelctl.nodes import node_command, node_status, remote
from modelctl.operator import operator, purpose
from modelctl.rendering.services import models_folder
from modelctl.retiring.retirement import Named, Pair, keep
from modelctl.values import NonNegativeInt, Version, version_key
from node.versions import MANIFEST

LIST_SECONDS = 60
REMOVE_SECONDS = 600
_VERSION: TypeAdapter[str] = TypeAdapter(Version)


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class HeldFile(_Said):
    """A file of a version on a host: its path in it, bytes, and which it is on the disk, with how many links."""

    name: str
    size: NonNegativeInt
    inode: str
    links: int


class HeldVersion(_Said):
    """A version folder on a host."""

    model: node_status.Said
    version: str
    files: tuple[HeldFile, ...]

    @property
    def pair(self) -> Pair:
        """Its model and version."""
        return self.model, self.version


class Held(_Said):
    """What a host's models folder holds; `leftovers` are versions that a killed removal left in part."""

    versions: tuple[HeldVersion, ...]
    leftovers: tuple[HeldVersion, ...]


class Removed(_Said):
    """A version that is gone, with the bytes that this freed."""

    model: str
    version: str
    bytes: NonNegativeInt


class Result(_Said):
    """What was removed on a host, and why other versions stayed, by MODEL/VERSION."""

    removed: tuple[Removed, ...]
    refused: dict[str, str]


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


def look(fleet: Fleet) -> Plan:
    """Ask all hosts with a models folder, and decide."""
    return remote.side_by_side(fleet.with_models(), partial(_look, fleet))


def remove(fleet: Fleet, plan: Plan) -> dict[str, Result | OperatorError]:
    """Let go what the plan says, on all hosts at once; the error of a host is its result."""
    hosts = [host for host, each in plan.items() if each.all_going]
    return remote.side_by_side(hosts, lambda host: _remove(fleet, host, plan[host]))


def total(plan: Plan) -> int:
    """The bytes that are freed in all."""
    return sum(going.bytes for host in plan.values() for going in host.all_going)


def to_json(plan: Plan) -> dict[str, Any]:
    """The object that the module's first lines describe."""
    hosts = {
        name: {
            "go": [_json(going) for going in host.go],
            "unfinished": [_json(going) for going in host.unfinished],
            "stay": {"/".join(pair): list(reasons) for pair, reasons in host.stay.items()},
            "error": host.error,
        }
        for name, host in plan.items()
    }
    return {"hosts": hosts, "bytes": total(plan)}


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
        return _decide(fleet, host, node_status.named_versions(fleet, host), _held(fleet, host))
    except OperatorError as error:
        return HostPlan(error=str(error))


def _decide(fleet: Fleet, host: str, named: Named, held: Held) -> HostPlan:
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
    if linked.away:
        names = " and ".join(linked.away)
        collect = hints.modelctl(shlex.join(["collect", host, model, version]))
        stay[held.pair] = (f"{names}: on this host only; bring home first: {collect}",)
    return {name: [file.sha256] if file else [] for name, file in linked.files.items()}


def _held(fleet: Fleet, host: str) -> Held:
    text = node_command.ask(fleet, host, "list-versions", {"models": models_folder(fleet, host)}, LIST_SECONDS)
    try:
        held = Held.model_validate_json(text)
        for each in (*held.versions, *held.leftovers):
            _VERSION.validate_python(each.version)
    except ValidationError:
        raise remote.misunderstood(fleet, host, text, "the versions that it holds") from None
    return held


def _remove(fleet: Fleet, host: str, plan: HostPlan) -> Result | OperatorError:
    entries = [
        {
            "model": going.held.model, "version": going.held.version, "linked": going.linked,
            "files": [file.name for file in going.held.files],
        }
        for going in plan.go
    ]  # fmt: skip
    order = {
        "models": models_folder(fleet, host), "entries": entries, "operator": operator(),
        "purpose": purpose(),
    }  # fmt: skip
    try:
        text = node_command.ask(fleet, host, "remove-versions", order, REMOVE_SECONDS)
        return Result.model_validate_json(text)
    except ValidationError:
        return remote.misunderstood(fleet, host, text, "what it removed")
    except OperatorError as error:
        return error


def _json(going: Going) -> dict[str, Any]:
    return {"model": going.held.model, "version": going.held.version, "bytes": going.bytes}


def _order(held: HeldVersion) -> tuple[str, Any]:
    return held.model, version_key(held.version)
