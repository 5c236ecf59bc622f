"""Which stored versions stay, and why. What has no reason to stay may go."""

from collections.abc import Collection, Iterator, Mapping

from modelctl.schema import Registry
from node.registry.retention import most_recent

Pair = tuple[str, str]
"""A model and one of its versions."""
Named = Mapping[str, Collection[str]]
"""Versions by model."""


def keep(
    registry: Registry,
    overrides: Mapping[str, Mapping[str, str]],
    named: Mapping[str, Named],
    retention: int,
    stored: Collection[Pair],
) -> dict[Pair, tuple[str, ...]]:
    """Return the reasons of each stored version that stays.

    `overrides` is, by host, the version of each model that the site gives it; `named`, by host, the versions that its
    sets name. Of the others the `retention` most recent of each model stay. What the registry does not know stays too:
    it is somebody else's.
    """
    reasons: dict[Pair, list[str]] = {}
    for pair, reason in references(registry, overrides):
        reasons.setdefault(pair, []).append(reason)
    for host, models in named.items():
        for pair in ((model, version) for model in models for version in models[model]):
            reasons.setdefault(pair, []).append(f"named by {host}")
    others = [pair for pair in stored if pair[0] in registry.artefacts and pair not in reasons]
    for pair in most_recent(others, retention):
        reasons[pair] = [f"one of the {retention} most recent others"]
    for pair in stored:
        if pair[0] not in registry.artefacts:
            reasons[pair] = ["no model of the registry"]
    return {pair: tuple(reasons[pair]) for pair in stored if pair in reasons}


def references(registry: Registry, overrides: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[Pair, str]]:
    """What a checkout references, and why."""
    for model, entry in registry.artefacts.items():
        yield (model, entry.current_version), "current"
        if entry.previous_version is not None:
            yield (model, entry.previous_version), "previous"
    for host, versions in overrides.items():
        yield from ((pair, f"override of {host}") for pair in versions.items())
