"""The messages about the versions that a host holds: what they cost, what they lack, what may go."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from node.codec import Name, Size, Text
from node.desired_state import Version
from node.protocol import Command
from node.protocol.registry import Measured


class StackSize(NamedTuple):
    digest: Name
    size: Size  # bytes of its packages


class PreviewQuestion(NamedTuple):
    versions: List[Version]
    face_lists: List[Version]
    configs: List[Path]
    stack: Optional[StackSize]
    registry: Optional[Path]  # on the primary datasink


class Chosen(NamedTuple):
    digest: str
    commit: Optional[str]


class Preview(NamedTuple):
    bytes: Optional[Size]  # that would have to come
    unlocked: List[Optional[Size]]  # events, by face list; None: nobody knows
    chosen: Optional[Dict[str, Chosen]] = None  # by service; an older program does not say


class VerifyFolder(NamedTuple):
    path: Path
    digests: Dict[str, str]  # name -> SHA-256, of the files that it should hold
    linked: List[str]  # those that need only be there
    shared: bool  # there are others


class VerifyQuestion(NamedTuple):
    folders: List[VerifyFolder]
    models: Optional[Path]  # the folder of all version folders


class FolderRead(NamedTuple):
    stored: bool
    missing: List[str]
    extra: List[str]
    changed: Dict[str, str]  # name -> SHA-256


class Verified(NamedTuple):
    folders: List[FolderRead]  # as they were asked for
    versions: List[str]  # every version folder, as MODEL/VERSION


class LinkedQuestion(NamedTuple):
    models: Path
    model: str
    version: str
    names: List[str]


class LinkedFiles(NamedTuple):
    files: Dict[str, Optional[Measured]]  # None for one that is not there


class SendLinkedFile(NamedTuple):
    models: Path
    model: str
    version: str
    name: str
    sha256: str


class ListVersions(NamedTuple):
    models: Path


class HeldFile(NamedTuple):
    name: Text  # its path in the version, whatever its letters; of a stack it begins with the stack's digest
    size: Size
    inode: str
    links: Size  # versions can share a file


class HeldVersion(NamedTuple):
    model: str
    version: str
    files: List[HeldFile]

    @property
    def pair(self) -> Tuple[str, str]:
        return self.model, self.version


class Held(NamedTuple):
    versions: List[HeldVersion]
    leftovers: List[HeldVersion]  # of killed removals


class Removable(NamedTuple):
    model: str
    version: str
    files: List[Text]
    linked: Dict[str, List[str]]  # linked file -> digests that exist elsewhere too

    @property
    def label(self) -> str:
        return self.model + "/" + self.version


class RemoveVersions(NamedTuple):
    models: Path
    entries: List[Removable]
    operator: str
    purpose: str


class Removed(NamedTuple):
    model: str
    version: str
    bytes: Size  # that this freed


class Removal(NamedTuple):
    removed: List[Removed]
    refused: Dict[str, str]  # MODEL/VERSION -> why it stays


PREVIEW = Command("preview", PreviewQuestion, Preview, "what a deploy would cost")
VERIFY = Command("verify", VerifyQuestion, Verified, "what differs there")
LINKED_FILES = Command("linked-files", LinkedQuestion, LinkedFiles, "its linked files")
LIST_VERSIONS = Command("list-versions", ListVersions, Held, "the versions that it holds")
REMOVE_VERSIONS = Command("remove-versions", RemoveVersions, Removal, "what it removed")
