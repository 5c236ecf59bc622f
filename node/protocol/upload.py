"""What a trainer and a datasink say to each other when a version is uploaded: a line each, then the files' bytes."""

from typing import Dict, List, NamedTuple

from node.codec import Name, Sha256, Size


class AnnouncedFile(NamedTuple):
    name: Name
    size: Size
    sha256: Sha256


class Announcement(NamedTuple):
    """All files of the version; what is here of an earlier try is not sent again."""

    files: List[AnnouncedFile]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


class Have(NamedTuple):
    """How many bytes of each file are here: the rest of them is to come, in the order of the announcement."""

    have: Dict[str, Size]


class Refused(NamedTuple):
    refused: str  # a line


class Done(NamedTuple):
    done: bool
