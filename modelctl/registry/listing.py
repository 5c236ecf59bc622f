"""What the model registry holds, as far as names, sizes and manifests tell; no model's bytes are read for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from node.protocol.registry import ListedVersion


@dataclass(frozen=True)
class Listing:
    """The stored versions by (model, version), and the disk's free and total bytes.

    `leftovers` are folders of unfinished imports and clean-ups, as MODEL/NAME below the registry. `unreadable` are the
    models whose folder could not be listed, and why: which versions they have is unknown.
    """

    versions: Mapping[tuple[str, str], ListedVersion]
    leftovers: tuple[str, ...]
    free: int
    total: int
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> dict[str, str]:
        """Why what could not be read could not, by MODEL or MODEL/VERSION."""
        versions = {"/".join(pair): each.fault for pair, each in self.versions.items() if each.fault is not None}
        return {**self.unreadable, **versions}

    def faults_of(self, model: str) -> dict[str, str]:
        """Those of a model, and of its versions."""
        return {label: why for label, why in self.faults.items() if label.partition("/")[0] == model}

    def of(self, model: str) -> dict[str, ListedVersion]:
        """The stored versions of a model."""
        return {version: listed for (name, version), listed in self.versions.items() if name == model}
