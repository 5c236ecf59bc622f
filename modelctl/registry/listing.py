"""What the model registry holds, as far as names, sizes and manifests tell; no model's bytes are read for it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ListedVersion:
    """A stored version: its regular files by their path in it, sizes in bytes, and its manifest, None without one.

    `shared` are the files that have further hard links.
    """

    files: Mapping[str, int]
    manifest: bytes | None
    shared: frozenset[str] = frozenset()

    @property
    def bytes(self) -> int:
        """What removing it would free: a file with another link stays on the disk."""
        return sum(size for name, size in self.files.items() if name not in self.shared)


@dataclass(frozen=True)
class Listing:
    """The stored versions by (model, version), and the disk's free and total bytes.

    `leftovers` are folders of unfinished imports and clean-ups, as MODEL/NAME below the registry.
    """

    versions: Mapping[tuple[str, str], ListedVersion]
    leftovers: tuple[str, ...]
    free: int
    total: int

    def of(self, model: str) -> dict[str, ListedVersion]:
        """The stored versions of a model."""
        return {version: listed for (name, version), listed in self.versions.items() if name == model}
