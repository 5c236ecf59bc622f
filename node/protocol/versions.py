"""The messages about the versions that a host holds: what they cost, what they lack, what may go."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from node.codec import Name, Size, Text
from node.desired_state import Version
from node.protocol import Command, Nothing
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
    """A folder and the files that it should hold. In a shared one there are others; a linked one need only be there."""

    path: Path
    digests: Dict[str, str]  # name -> SHA-256
    linked: List[str]
    shared: bool


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
    """A version that may go: the names of its files, and for each linked one the digests that exist elsewhere too."""

    model: str
    version: str
    files: List[Text]
    linked: Dict[str, List[str]]

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


class ShowDeleteList(NamedTuple):
    log: Path  # of what was removed


class Listed(NamedTuple):
    """A version that may go: what it was when it was listed, when its time comes, who listed it and when (UTC)."""

    model: str
    version: str
    manifest: str  # SHA-256
    bytes: Size  # that its removal frees
    due: str
    since: str
    operator: str

    @property
    def pair(self) -> Tuple[str, str]:
        return self.model, self.version

    @property
    def label(self) -> str:
        return self.model + "/" + self.version

    @property
    def removal(self) -> str:
        """What the log says, after the time, when it is removed."""
        return "removed %s, %d bytes; listed %s by %s" % (self.label, self.bytes, self.since, self.operator)


class Sight(NamedTuple):
    """The versions of each model that a host's sets named, and when it said so."""

    time: str
    named: Dict[str, List[str]]


class DeleteList(NamedTuple):
    """What the datasink holds, None where the file is damaged; what was carried out is no entry any more."""

    now: str  # the clock that tells when an entry is due
    digest: str  # of all that a decision rests on
    entries: Optional[List[Listed]]
    seen: Optional[Dict[str, Sight]]  # by host


class RenewDeleteList(NamedTuple):
    was: str  # the digest of what was decided from
    entries: List[Listed]
    seen: Dict[str, Sight]


class Spare(NamedTuple):
    """Versions, as MODEL/VERSION, that are wanted again, and those that hosts are about to get."""

    versions: List[str]
    hosts: Dict[str, List[str]]


class Spared(NamedTuple):
    versions: List[str]  # those that were on the list


PREVIEW = Command("preview", PreviewQuestion, Preview, "what a deploy would cost")
VERIFY = Command("verify", VerifyQuestion, Verified, "what differs there")
LINKED_FILES = Command("linked-files", LinkedQuestion, LinkedFiles, "its linked files")
LIST_VERSIONS = Command("list-versions", ListVersions, Held, "the versions that it holds")
REMOVE_VERSIONS = Command("remove-versions", RemoveVersions, Removal, "what it removed")
DELETE_LIST = Command("delete-list", ShowDeleteList, DeleteList, "its delete-list")
RENEW_DELETE_LIST = Command("renew-delete-list", RenewDeleteList, Nothing, "nothing")
SPARE = Command("spare", Spare, Spared, "what was spared")
