"""Every stored version read again, byte by byte, and compared with its pin or, without one, with its own manifest.

As JSON, for programs: {"versions": [{...}, ...], "unchecked": ["HOST: MODEL/VERSION", ...], "ok": bool}. Unchecked are
those on nodes that no pin covers; each of the others has
    host: HOST
    folder: "registry" | "models" | "face list"
    model, version: as they are named
    against: "pin" | "manifest"
    missing, extra, changed: ["FILE...", ...], sorted; "the whole version" is missing when it should be there and is not
    error: null | "why it is unknown what differs"
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from modelctl import progress
from modelctl.errors import Faults, OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink
from modelctl.inventory.values import newest_first
from modelctl.nodes import remote
from modelctl.registry import registry_store
from modelctl.registry.differences import Differences
from modelctl.registry.manifest import differences
from modelctl.reports import node_verification
from node.protocol.registry import Listing

SAME = Differences()
ABSENT = Differences(missing=("the whole version",))


@dataclass(frozen=True)
class Checked:
    """A version at one place; `found` is what differs, and says nothing where there is an error."""

    host: str
    folder: Literal["registry", "models", "face list"]
    model: str
    version: str
    against: Literal["pin", "manifest"]
    found: Differences = SAME
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Its fields, as the module's first lines describe them."""
        fields = asdict(self)
        found: dict[str, Any] = fields.pop("found")
        return fields | found


@dataclass(frozen=True)
class Verification:
    """What was checked, and what was seen on nodes and is pinned nowhere, as "HOST: MODEL/VERSION"."""

    versions: tuple[Checked, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether nothing differs or is unknown."""
        return not any(each.found or each.error for each in self.versions)

    def __add__(self, more: "Verification") -> "Verification":
        return Verification(self.versions + more.versions, self.unchecked + more.unchecked)

    def to_json(self) -> dict[str, Any]:
        """The object that the module's first lines describe."""
        versions = [each.to_json() for each in self.versions]
        return {"versions": versions, "unchecked": list(self.unchecked), "ok": self.is_ok}


def registry(fleet: Fleet, models: Sequence[str]) -> Verification:
    """Read what the primary datasink stores of these models, and tell what is named but not stored.

    Raises OperatorError when it cannot be asked.
    """
    try:
        listing = registry_store.listing(fleet)
    except remote.NoAnswer as error:
        named = [(model, version) for model in models for version in fleet.referenced_versions(model)]
        return Verification(tuple(_stored(fleet, *pair, error=str(error)) for pair in named))
    pairs = [pair for model in models for pair in _expected(fleet, model, listing)]
    size = sum(listing.versions[pair].bytes for pair in pairs if pair in listing.versions)
    with progress.reading(fleet.site.primary_datasink, size) as advance:
        return Verification(tuple(_read_each(fleet, listing, pairs, advance)))


def nodes(fleet: Fleet, models: Sequence[str]) -> Verification:
    """Let every node that gets one of these models read what it holds of them."""
    every = {host: node_verification.question(fleet, host, models) for host in fleet.site.hosts}
    questions = {host: question for host, question in every.items() if _wanted(fleet, host, question)}
    with progress.reading("the nodes", sum(question.size for question in questions.values())) as advance:

        def ask(host: str) -> Verification:
            checked = _node(fleet, host, models, questions[host])
            advance(questions[host].size)
            return checked

        answers = remote.side_by_side(list(questions), ask)
    return sum(answers.values(), start=Verification(()))


def _expected(fleet: Fleet, model: str, listing: Listing) -> list[tuple[str, str]]:
    return [(model, version) for version in newest_first({*listing.of(model), *fleet.referenced_versions(model)})]


def _read_each(
    fleet: Fleet, listing: Listing, pairs: Sequence[tuple[str, str]], advance: progress.Advance
) -> Iterator[Checked]:
    """One question for each, so that a long reading can tell how far it is."""
    for model, version in pairs:
        listed = listing.versions.get((model, version))
        if model in listing.unreadable:
            yield _stored(fleet, model, version, error=f"{fleet.site.primary_datasink}: {listing.unreadable[model]}")
            continue
        if listed is None:
            yield _stored(fleet, model, version, ABSENT)
            continue
        try:
            stored = registry_store.read(fleet, model, version)
            found = differences(model, version, stored, fleet.pin(model, version))
        except (remote.NoAnswer, Faults) as error:
            yield _stored(fleet, model, version, error=str(error))
        else:
            yield _stored(fleet, model, version, found)
        advance(listed.bytes)


def _stored(fleet: Fleet, model: str, version: str, found: Differences = SAME, error: str | None = None) -> Checked:
    against: Literal["pin", "manifest"] = "pin" if fleet.pin(model, version) else "manifest"
    return Checked(fleet.site.primary_datasink, "registry", model, version, against, found, error)


def _wanted(fleet: Fleet, host: str, question: node_verification.Question) -> list[tuple[str, str]]:
    return [pair for pair in question.folders if pair in fleet.versions(host).items()]


def _node(fleet: Fleet, host: str, models: Sequence[str], question: node_verification.Question) -> Verification:
    folder: Literal["models", "face list"] = "face list" if isinstance(fleet.host(host), Datasink) else "models"
    wanted = _wanted(fleet, host, question)
    try:
        answer = node_verification.ask(fleet, host, question)
    except OperatorError as error:
        return Verification(tuple(Checked(host, folder, *pair, "pin", error=str(error)) for pair in wanted))
    shown = [pair for pair in question.folders if pair in wanted or pair in answer.differences]
    checked = tuple(Checked(host, folder, *pair, "pin", answer.differences.get(pair, ABSENT)) for pair in shown)
    asked = {"/".join(pair) for pair in question.folders}
    others = [each for each in answer.versions if each not in asked and each.partition("/")[0] in models]
    return Verification(checked, tuple(f"{host}: {each}" for each in others))
