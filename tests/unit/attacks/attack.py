"""What an attack is, who makes it, and how it is played."""

from enum import Enum
from typing import NamedTuple


class By(Enum):
    """Who attacks."""

    UPLOAD_KEY = "whoever holds a trainer's upload key"
    RECEIVE_KEY = "whoever holds a trainer's key for the control node"
    LOGIN = "whoever writes files as the registry's owner"
    TRAINING = "whoever writes the files of a training"


class Way(Enum):
    """How it is played."""

    COMMAND = "words in the place of the upload command"
    ANNOUNCEMENT = "a first line"
    BYTES = "bytes after the announcement"
    SILENCE = "bytes that stop coming"
    TRICKLE = "bytes that come for ever"
    PLANT = "something that lies in a version's folder before an upload"
    FOLDER = "a link in the place of a folder"
    PICKLE = "facemodel.pickle"
    FLOOD = "facemodel.pickle, which wants too much of the machine"
    BASELINES = "baselines.hdf5"
    LINKED = "baselines.hdf5, whose root has links"
    LIST = "facelist.csv"
    FILES = "the files that the control node takes over"
    REWRITING = "a file that is written while it is taken over, and later"
    SHELL = "words in the place of the receive command"
    LAB_UPLOAD = "typed on the trainer, with the upload key"
    LAB_RECEIVE = "typed on the trainer, with the key for the control node"


class Attack(NamedTuple):
    what: str
    by: By
    way: Way
    found: str
    """Of what is said. Nothing where it is not said but mended, or where a program of the system says it."""
    cases: tuple[str, ...] = ()

    @property
    def played(self) -> tuple[str, ...]:
        return self.cases or (self.what,)
