"""Deciding which versions of the primary datasink's registry may go, and from when on.

As JSON, for programs: {"datasink": HOST, "free": bytes, "total": bytes (of its disk), "stored": {MODEL: {"versions":
count, "bytes": sum}}, "go": [{"model", "version", "manifest", "bytes", "due", "since", "operator"}], "leave":
{"MODEL/VERSION": "why it leaves the delete-list"}, "kept": {"MODEL/VERSION": ["why it stays", ...]}, "unreadable":
{MODEL or MODEL/VERSION: "why it could not be read"}, "absent": {HOST: "why it gave no answer"}}. Times are UTC, ISO
8601. What could not be read stays, and is not counted when the most recent versions are kept.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from modelctl.errors import Faults, OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import version_key
from modelctl.nodes import node_status, remote
from modelctl.operator import operator
from modelctl.prune import delete_list
from modelctl.prune.delete_list import TIME
from modelctl.prune.retention import Named, Pair, keep
from modelctl.registry import registry_store
from node import codec
from node.protocol.registry import ListedVersion, Listing
from node.protocol.versions import DeleteList, Listed, Sight
from node.registry.own import MANIFEST_LIMIT

MAX_APART = timedelta(hours=1)
NO_MANIFEST = "without a manifest.yaml it is no version"

Answer = Named | remote.NoAnswer
"""The versions that a host's sets name, or why it does not say."""


@dataclass(frozen=True)
class Plan:
    """A delete-list to be written, and what is to be known of it.

    `leave` says why entries leave the list, `kept` why stored versions stay, `absent` why hosts gave no answer.
    """

    datasink: str
    listing: Listing
    old: DeleteList
    entries: list[Listed]
    seen: Mapping[str, Sight]
    leave: Mapping[str, str]
    kept: Mapping[Pair, tuple[str, ...]]
    absent: Mapping[str, str]

    @property
    def is_new(self) -> bool:
        """Whether the list differs from the one that there is."""
        return self.entries != self.old.entries


def look(fleet: Fleet) -> Plan:
    """Ask the datasink and all nodes, and decide. Raises remote.NoAnswer, OperatorError, or Faults as `decide` does."""
    old = delete_list.read(fleet)  # first: what is spared from here on makes `write` refuse
    _require_clock(fleet, old.now, datetime.now(UTC))
    answers = remote.side_by_side(fleet.with_service(), lambda host: _ask(fleet, host))
    return decide(fleet, registry_store.listing(fleet), old, answers)


def decide(fleet: Fleet, listing: Listing, old: DeleteList, answers: Mapping[str, Answer]) -> Plan:
    """Make the new list. Raises Faults for hosts that gave no answer and that were never seen."""
    seen = _sights(answers, old)
    whole = {pair: each for pair, each in listing.versions.items() if each.fault is None and _has_manifest(each)}
    overrides = {host: each.model_version_overrides for host, each in fleet.site.hosts.items()}
    named = {host: sight.named for host, sight in seen.items()}
    kept = keep(fleet.registry, overrides, named, fleet.standards.sentinelcam_model_retention, tuple(whole))
    others = {pair: (each.fault or NO_MANIFEST,) for pair, each in listing.versions.items() if pair not in whole}
    entries = _entries(fleet, {pair: each for pair, each in whole.items() if pair not in kept}, listing, old)
    return Plan(
        datasink=fleet.site.primary_datasink,
        listing=listing,
        old=old,
        entries=entries,
        seen=seen,
        leave=_leaving(entries, {**kept, **others}, listing, old),
        kept={**kept, **others},
        absent={host: str(answer) for host, answer in answers.items() if isinstance(answer, remote.NoAnswer)},
    )


def write(fleet: Fleet, plan: Plan) -> None:
    """Put list and sights on the datasink. Raises OperatorError when the list was changed since `look`."""
    delete_list.renew(fleet, plan.old, plan.entries, plan.seen)


def to_json(plan: Plan) -> dict[str, Any]:
    """The object that the module's first lines describe."""
    return {
        "datasink": plan.datasink,
        "free": plan.listing.free,
        "total": plan.listing.total,
        "stored": {
            model: {"versions": len(sizes), "bytes": sum(sizes)} for model, sizes in stored(plan.listing).items()
        },
        "go": codec.encode(plan.entries),
        "leave": dict(plan.leave),
        "kept": {"/".join(pair): list(reasons) for pair, reasons in sorted(plan.kept.items())},
        "unreadable": plan.listing.faults,
        "absent": dict(plan.absent),
    }


def stored(listing: Listing) -> dict[str, list[int]]:
    """The bytes of each stored version, by model."""
    sizes: dict[str, list[int]] = {}
    for (model, _), version in sorted(listing.versions.items()):
        sizes.setdefault(model, []).append(version.bytes)
    return sizes


def _require_clock(fleet: Fleet, there: str, here: datetime) -> None:
    """A grace time that is counted from a wrong time ends when the clock is set right."""
    if abs(datetime.strptime(there, TIME).replace(tzinfo=UTC) - here) > MAX_APART:
        raise OperatorError(
            f"{fleet.site.primary_datasink}: its clock says {there}, this machine's {here.strftime(TIME)}; "
            f"expected them within {MAX_APART}; set the wrong one right and run it again: timedatectl"
        )


def _has_manifest(version: ListedVersion) -> bool:
    """Of one that is too long only the beginning is known."""
    return version.manifest is not None and len(version.manifest) <= MANIFEST_LIMIT


def _ask(fleet: Fleet, host: str) -> Answer:
    try:
        return node_status.referenced_versions(fleet, host)
    except remote.NoAnswer as error:
        return error


def _sights(answers: Mapping[str, Answer], old: DeleteList) -> dict[str, Sight]:
    sights, unknown = dict[str, Sight](), []
    for host, answer in answers.items():
        if not isinstance(answer, remote.NoAnswer):
            sights[host] = Sight(time=old.now, named={model: list(versions) for model, versions in answer.items()})
        elif old.seen is not None and host in old.seen:
            sights[host] = old.seen[host]
        else:
            unknown.append(f"{answer}; nothing is known of what {host} names, so nothing is decided without it")
    if unknown:
        raise Faults(unknown)
    return sights


def _entries(fleet: Fleet, going: Mapping[Pair, ListedVersion], listing: Listing, old: DeleteList) -> list[Listed]:
    """What is on the list already keeps its time. What is being removed stays on it until it is gone."""
    known = {entry.pair: entry for entry in old.entries or ()}
    due = datetime.strptime(old.now, TIME) + timedelta(days=fleet.standards.model_cleanup_grace_days)
    entries = {pair: _entry(pair, version, known.get(pair), old.now, due) for pair, version in going.items()}
    for pair, entry in known.items():
        if pair not in listing.versions and f"{entry.model}/.retired-{entry.version}" in listing.leftovers:
            entries[pair] = entry
    return [entries[pair] for pair in sorted(entries, key=lambda pair: (pair[0], version_key(pair[1])))]


def _entry(pair: Pair, version: ListedVersion, known: Listed | None, now: str, due: datetime) -> Listed:
    manifest = hashlib.sha256(version.manifest or b"").hexdigest()
    if known is not None and known.manifest == manifest:
        return known._replace(bytes=version.bytes)
    return Listed(
        model=pair[0], version=pair[1], manifest=manifest, bytes=version.bytes, due=due.strftime(TIME), since=now,
        operator=operator(),
    )  # fmt: skip


def _leaving(
    entries: list[Listed], kept: Mapping[Pair, tuple[str, ...]], listing: Listing, old: DeleteList
) -> dict[str, str]:
    staying = {entry.pair for entry in entries}
    return {entry.label: _why_leaving(entry, kept, listing) for entry in old.entries or () if entry.pair not in staying}


def _why_leaving(entry: Listed, kept: Mapping[Pair, tuple[str, ...]], listing: Listing) -> str:
    if entry.model in listing.unreadable:
        return f"it is not known to be there: {listing.unreadable[entry.model]}"
    return "it stays: " + ", ".join(kept[entry.pair]) if entry.pair in kept else "it is gone"
