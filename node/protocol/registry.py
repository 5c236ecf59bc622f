"""What a datasink is asked about its model registry, and about what was collected there (node/registry/)."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from node.codec import Name, Sha256, Size, Text

Content = bytes  # in a field of ListedVersion `bytes` would mean its property of that name


class Measured(NamedTuple):
    """What the bytes of a file are."""

    sha256: Sha256
    size: Size


class ListRegistry(NamedTuple):
    registry: Path
    models: List[str]


class ListedVersion(NamedTuple):
    files: Dict[str, Size]
    manifest: Optional[Content]  # cut off past a limit; None where there is none
    shared: List[str] = []  # files that have further hard links
    fault: Optional[str] = None  # why the folder could not be read: then the rest is not known to be all of it

    @property
    def bytes(self) -> int:
        """What removing it would free: a file with another link stays on the disk."""
        return sum(size for name, size in self.files.items() if name not in self.shared)


class Listing(NamedTuple):
    models: Dict[str, Dict[str, ListedVersion]]  # model -> version ->
    free: Size  # bytes of the disk
    total: Size
    leftovers: List[str] = []  # folders that an unfinished import or clean-up left, as MODEL/NAME
    unreadable: Dict[str, str] = {}  # models whose versions are unknown, and why
    fault: Optional[str] = None  # why nothing could be listed
    is_there: bool = True  # the registry

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
        return self.models.get(model, {})


class ReadFolder(NamedTuple):
    """Asks what is in the folder at the end of these names: each a folder in the one before, and none a link."""

    root: Path
    names: List[str]


class FolderContents(NamedTuple):
    files: Dict[str, Measured]
    others: Dict[str, str] = {}  # what each name is that is no readable file
    manifest: Optional[Content] = None
    fault: Optional[str] = None  # why nothing could be read


class ImportPlace(NamedTuple):
    registry: Path
    model: str
    version: str
    path: Path  # of the folder that is to become the version


class ImportRoom(NamedTuple):
    stored: bool  # something is in the version's place
    free: Size  # bytes that the disk has for it


class ImportedFile(NamedTuple):
    old: str  # its name in the folder
    new: str  # in the version
    content: Measured


class FaceModelFiles(NamedTuple):
    """The names that the files of a face model have in the version, and what its manifest says of the model."""

    model: Name
    baselines: Name
    face_list: Name
    requires: Dict[str, str] = {}  # package -> the version that wrote the model


class Import(NamedTuple):
    place: ImportPlace
    files: List[ImportedFile]
    manifest: Text
    face_model: Optional[FaceModelFiles] = None  # which are to be a face model, and no other files


class FindStacks(NamedTuple):
    registry: Path
    versions: List[str]


class StoredStacks(NamedTuple):
    stored: Dict[str, ListedVersion]  # what lies in the places of those that are there
    free: Size


class ReceivePackage(NamedTuple):
    """Announces a file of a stack, whose bytes follow."""

    registry: Path
    version: str
    name: str
    file: Measured
    again: str  # what an operator types next


class StoreStack(NamedTuple):
    registry: Path
    version: str
    files: Dict[str, Optional[str]]  # name -> address of its release page; None for one that was sent
    digests: Dict[str, str]  # the pinned ones
    head: Text  # what its manifest begins with
    again: str


class CheckCollected(NamedTuple):
    folder: Path  # a version's
    files: Dict[str, str]  # name -> SHA-256


class Collected(NamedTuple):
    collected: List[str]  # names of those that were
    free: Size


class ReceiveCollected(NamedTuple):
    """Announces a collected file, whose bytes follow."""

    folder: Path
    name: str
    file: Measured


class FindParts(NamedTuple):
    folder: Path  # of all that was collected


class FoundParts(NamedTuple):
    parts: List[str]  # what killed collects left, as HOST/MODEL/VERSION/NAME


class FinishCollected(NamedTuple):
    folder: Path  # of a version


class FinishedCollected(NamedTuple):
    kept: List[str]  # paths of what has its name now
    left: List[str]  # of what never came whole
