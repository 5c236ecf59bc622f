"""What a datasink is asked about its model registry, and about what was collected there (node/registry/)."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from node.codec import Sha256, Size, Text

Content = bytes
"""A type's hints are read among its attributes, where `bytes` is a number (ListedVersion)."""


class Measured(NamedTuple):
    """What the bytes of a file are."""

    sha256: Sha256
    size: Size


class ListRegistry(NamedTuple):
    """Asks which versions of these models a registry holds."""

    registry: Path
    models: List[str]


class ListedVersion(NamedTuple):
    """The folder of a version: its files with their sizes, and `shared`, those of them that have further hard links.

    `manifest` is cut off past a limit, and None where there is none. `fault` is why the folder could not be read: then
    the rest is not known to be all of it.
    """

    files: Dict[str, Size]
    manifest: Optional[Content]
    shared: List[str] = []
    fault: Optional[str] = None

    @property
    def bytes(self) -> int:
        """What removing it would free: a file with another link stays on the disk."""
        return sum(size for name, size in self.files.items() if name not in self.shared)


class Listing(NamedTuple):
    """The reply: the versions of each model. `free` and `total` are the bytes of the disk.

    `leftovers` are the folders that an unfinished import or clean-up left, as MODEL/NAME. `unreadable` are models whose
    folder could not be listed, and why: which versions they have is unknown. `fault` is why nothing could be listed;
    `is_there` is False where there is nothing.
    """

    models: Dict[str, Dict[str, ListedVersion]]
    free: Size
    total: Size
    leftovers: List[str] = []
    unreadable: Dict[str, str] = {}
    fault: Optional[str] = None
    is_there: bool = True

    @property
    def versions(self) -> Dict[Tuple[str, str], ListedVersion]:
        """All versions, by (model, version)."""
        return {(model, version): each for model, some in self.models.items() for version, each in some.items()}

    @property
    def faults(self) -> Dict[str, str]:
        """Why what could not be read could not, by MODEL or MODEL/VERSION."""
        versions = {"/".join(pair): each.fault for pair, each in self.versions.items() if each.fault is not None}
        return {**self.unreadable, **versions}

    def faults_of(self, model: str) -> Dict[str, str]:
        """Those of a model, and of its versions."""
        return {label: why for label, why in self.faults.items() if label.partition("/")[0] == model}

    def of(self, model: str) -> Dict[str, ListedVersion]:
        """The stored versions of a model."""
        return self.models.get(model, {})


class ReadFolder(NamedTuple):
    """Asks what is in the folder at the end of these names: each a folder in the one before, and none a link."""

    root: Path
    names: List[str]


class FolderContents(NamedTuple):
    """The reply. `others` tells what each name is that is no readable file; `fault` why nothing could be read."""

    files: Dict[str, Measured]
    others: Dict[str, str] = {}
    manifest: Optional[Content] = None
    fault: Optional[str] = None


class ImportPlace(NamedTuple):
    """Where a folder is to become a version; it asks whether it can."""

    registry: Path
    model: str
    version: str
    path: Path


class ImportRoom(NamedTuple):
    """The reply: whether something is in the version's place, and the bytes that the disk has for it."""

    stored: bool
    free: Size


class ImportedFile(NamedTuple):
    """A file by its name in the folder, and in the version."""

    old: str
    new: str
    content: Measured


class Import(NamedTuple):
    """Asks for the version."""

    place: ImportPlace
    files: List[ImportedFile]
    manifest: Text


class FindStacks(NamedTuple):
    """Asks which of these Coral stacks a registry holds."""

    registry: Path
    versions: List[str]


class StoredStacks(NamedTuple):
    """The reply: what lies in the places of those that are there, and the bytes that the disk has left."""

    stored: Dict[str, ListedVersion]
    free: Size


class ReceivePackage(NamedTuple):
    """Announces a file of a stack, whose bytes follow. `again` is what an operator types next."""

    registry: Path
    version: str
    name: str
    file: Measured
    again: str


class StoreStack(NamedTuple):
    """Asks for a version of these files, each with the address of its release page, or None for one that was sent.

    `digests` are the pinned ones; `head` is what its manifest begins with.
    """

    registry: Path
    version: str
    files: Dict[str, Optional[str]]
    digests: Dict[str, str]
    head: Text
    again: str


class CheckCollected(NamedTuple):
    """Asks which files, each with its SHA-256, were collected; `folder` is a version's."""

    folder: Path
    files: Dict[str, str]


class Collected(NamedTuple):
    """The reply: the names of those that were, and the bytes that the disk has left."""

    collected: List[str]
    free: Size


class ReceiveCollected(NamedTuple):
    """Announces a collected file, whose bytes follow."""

    folder: Path
    name: str
    file: Measured


class FindParts(NamedTuple):
    """Asks what killed collects left anywhere; `folder` is that of all."""

    folder: Path


class FoundParts(NamedTuple):
    """The reply, as HOST/MODEL/VERSION/NAME."""

    parts: List[str]


class FinishCollected(NamedTuple):
    """Asks to name what had come whole of a version."""

    folder: Path


class FinishedCollected(NamedTuple):
    """The reply, with paths: what has its name now, and what never came whole."""

    kept: List[str]
    left: List[str]
