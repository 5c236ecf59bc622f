"""Telling the primary datasink what must stay in its registry, before anything comes to need it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from modelctl.operator import operator
from modelctl.schema import Registry
from node import codec
from node.protocol.retention import ADD_ROOTS, AddRoots, Clone, HostReferences

Pair = tuple[str, str]  # a model and one of its versions
SECONDS = 60
MAX_NAME = 4096  # characters
REMEMBERED = ".deploy.roots"
"""Beside the inventory of a site: what its last run has told."""
TRUSTED = timedelta(days=30)
"""So long that is relied on when the datasink does not answer; it forgets a clone later."""


class Told(NamedTuple):
    """What the datasink has been told of this clone, and when."""

    time: str  # UTC, ISO 8601
    versions: list[str]  # MODEL/VERSION
    hosts: dict[str, list[str]]  # of these versions
    clones: list[str] = []  # all that have told from this folder, as the datasink calls them: a copy has others


def tell(fleet: Fleet, told: AddRoots) -> None:
    """Tell the datasink, over a connection of its own. Raises remote.NoAnswer, or OperatorError when it refuses."""
    travelling.ask_as_root(fleet, ADD_ROOTS, told, SECONDS)


def add(
    folder: Path,
    fleets: Sequence[Fleet],
    hosts: Mapping[str, HostReferences],
    tell: Callable[[Fleet, AddRoots], None] = tell,
) -> None:
    """Tell what a clone of the site in `folder` references, before and after a change, and what hosts do. What hosts
    could get meanwhile without the datasink is told again: it may have forgotten that since. Raises remote.NoAnswer
    when the datasink cannot be reached, OperatorError when it refuses.
    """
    before = _remembered(folder)
    clone = _clone(folder, fleets, before)
    again = {
        name: HostReferences(dict.fromkeys(labels, "wanted before"), is_complete=False)
        for name, labels in (before.hosts.items() if before else ())
        if labels and name in clone.hosts
    }
    asked = AddRoots(clone, {**again, **hosts}, operator())
    tell(fleets[0], asked)
    # Another clone's run lets a host keep what this clone references, and nothing else.
    known = {name: [label for label in each.versions if label in clone.versions] for name, each in asked.hosts.items()}
    clones = sorted({clone.name, *(before.clones if before else ())})
    told = Told(datetime.now(UTC).isoformat(), list(clone.versions), known, clones)
    with suppress(OSError):
        (folder / REMEMBERED).write_text(json.dumps(codec.encode(told)), encoding="utf-8")


def covers(folder: Path, host: str, labels: Sequence[str]) -> bool:
    """Whether the datasink knows already that a host needs these versions."""
    told = _remembered(folder, TRUSTED)
    return told is not None and set(labels) <= {*told.versions} & {*told.hosts.get(host, ())}


def references(registry: Registry, overrides: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[Pair, str]]:
    """What a checkout references, and why."""
    for model, entry in registry.artefacts.items():
        yield (model, entry.current_version), "current"
        if entry.previous_version is not None:
            yield (model, entry.previous_version), "previous"
    for host, versions in overrides.items():
        yield from ((pair, f"override of {host}") for pair in versions.items())


def _remembered(folder: Path, trusted: timedelta = timedelta.max) -> Told | None:
    try:
        told = codec.decode(Told, json.loads((folder / REMEMBERED).read_text(encoding="utf-8")))
        return told if datetime.now(UTC) - datetime.fromisoformat(told.time) < trusted else None
    except (OSError, ValueError, TypeError):
        return None


def _clone(folder: Path, fleets: Sequence[Fleet], before: Told | None) -> Clone:
    versions: dict[str, str] = {}
    for fleet in fleets:
        overrides = {host: each.model_version_overrides for host, each in fleet.site.hosts.items()}
        for pair, why in references(fleet.registry, overrides):
            versions.setdefault("/".join(pair), why)
    name = one_line(f"{operator()}:{folder.resolve()}", MAX_NAME)
    return Clone(
        name=name,
        versions=versions,
        hosts=sorted({host for fleet in fleets for host in fleet.with_service()}),
        retention=max(fleet.standards.sentinelcam_model_retention for fleet in fleets),
        has_told=before is not None and name in before.clones,
    )
