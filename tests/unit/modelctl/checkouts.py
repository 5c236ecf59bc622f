"""A checkout and the run that it makes, as operations/cleanup.py and modelctl/prune/roots.py do it, with stand-ins."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from pyinfra.api import State

from modelctl.inventory.fleet import Fleet
from operations import cleanup

MODELS = ("cats", "dogs")
HOSTS = ("lab1", "east", "west")
Versions = dict[str, str]  # by model


def labels(versions: Versions) -> set[str]:
    return {f"{model}/{version}" for model, version in versions.items()}


@dataclass
class Node:
    """A host: what its chosen and its previous set name, and whether it can be asked."""

    chosen: Versions = field(default_factory=dict)
    previous: Versions = field(default_factory=dict)
    is_up: bool = True
    is_able: bool = True
    """Whether it can tell what its sets name."""

    @property
    def named(self) -> set[str]:
        return labels(self.chosen) | labels(self.previous)

    def choose(self, versions: Versions) -> None:
        if versions != self.chosen:
            self.chosen, self.previous = versions, self.chosen


@dataclass
class Checkout:
    """A clone: what its registry.py and its site.py say, and what it said when it was told last."""

    folder: Path
    retention: int
    current: Versions
    previous: Versions = field(default_factory=dict)
    overrides: dict[str, Versions] = field(default_factory=lambda: {host: {} for host in HOSTS})
    hosts: set[str] = field(default_factory=lambda: set(HOSTS))
    begun: dict[str, Versions] = field(default_factory=dict)
    """What a run of it is bringing to hosts."""

    def wanted(self, host: str) -> Versions:
        return {**self.current, **self.overrides[host]}

    def fleet(self) -> Fleet:
        """What the product asks of a fleet, as it is now."""
        artefacts = {
            model: SimpleNamespace(current_version=self.current[model], previous_version=self.previous.get(model))
            for model in MODELS
        }
        hosts = {host: SimpleNamespace(model_version_overrides=dict(self.overrides[host])) for host in HOSTS}
        return cast(
            "Fleet",
            SimpleNamespace(
                registry=SimpleNamespace(artefacts=artefacts),
                site=SimpleNamespace(hosts=hosts, primary_datasink="data1"),
                standards=SimpleNamespace(sentinelcam_model_retention=self.retention),
                with_service=lambda: sorted(self.hosts),
            ),
        )


class Run:
    """What a deploy's first step asks of pyinfra's state: who is in the run, what they need, what they said."""

    def __init__(self, checkout: Checkout, nodes: dict[str, Node], limit: set[str]) -> None:
        self.checkout, self.nodes = checkout, nodes
        self.names = [host for host in sorted(checkout.hosts) if host in limit]
        self.site, self.fleet = checkout.folder, checkout.fleet()
        self.failed_hosts: list[SimpleNamespace] = []
        self.inventory = [SimpleNamespace(name=name, state=self) for name in self.names]
        self.failed_hosts += [host for host in self.inventory if not nodes[host.name].is_up]

    @property
    def needed(self) -> dict[str, list[SimpleNamespace]]:
        return {
            name: [SimpleNamespace(label=label) for label in sorted(labels(self.checkout.wanted(name)))]
            for name in self.names
        }

    def answer(self, host: SimpleNamespace) -> SimpleNamespace | None:
        node = self.nodes[host.name]
        if not node.is_up:
            return None
        named = dict.fromkeys(sorted(node.named), "in a set")
        return SimpleNamespace(references=named if node.is_able else None)

    def begin(self) -> None:
        """Let the product decide which hosts may go on: what they get is on its way from now on."""
        refused = cleanup._untold.__wrapped__(cast("State", self)) if self.names else {}
        self.checkout.begun = {
            name: self.checkout.wanted(name) for name in self.names if self.nodes[name].is_up and name not in refused
        }
