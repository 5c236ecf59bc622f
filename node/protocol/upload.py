"""What a trainer and a datasink say to each other when a version is uploaded.

A line each, then the files' bytes. The datasink acknowledges what no cut can take any more, and a trainer sends only so
much beyond that: what a cut costs has a bound on every link.
"""

from typing import Dict, List, NamedTuple

from node.codec import Name, Sha256, Size

CONVERSATION = 2
"""Which one it is: in the first one nothing was acknowledged."""


class AnnouncedFile(NamedTuple):
    name: Name
    size: Size
    sha256: Sha256


class Announcement(NamedTuple):
    """All files of the version; what is here of an earlier try is not sent again."""

    files: List[AnnouncedFile]
    conversation: Size = 1

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


class Have(NamedTuple):
    """How many bytes of each file are here: the rest of them is to come, in the order of the announcement."""

    have: Dict[str, Size]
    conversation: Size = CONVERSATION


class Safe(NamedTuple):
    """So many of the bytes that were sent this time need not come again."""

    safe: Size


class Refused(NamedTuple):
    refused: str  # a line


class Done(NamedTuple):
    done: bool
