"""What a face model says of itself, read in a child with limits: a pickle is never loaded, and its reader not trusted.

A stream that found a fault of the reader would have a process without a file to open, a byte to write, or a minute.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, NamedTuple, Optional

from node import layout, protocol
from node.errors import Refusal, printable
from node.machine import commands
from node.store import disk, handles

LARGEST = 256 << 20  # bytes of a model
SECONDS = 60.0
MOST = 4 << 20  # bytes of what is said
LONGEST = 300
READER = Path(__file__).with_name("inert_pickle.py")


class ModelSays(NamedTuple):
    versions: List[str] = []  # of the scikit-learn that wrote it
    numpy: List[str] = []  # its major version; both where parts of the model are of different ones
    labels: Optional[List[str]] = None
    why: Optional[str] = None  # the labels cannot be read
    refused: Optional[str] = None


def read(path: Path) -> ModelSays:
    """Raises Refusal, which names the file and no folder, for what is no face model; OSError where it is not there."""
    with handles.opened(path) as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise _refusal(path, "it is larger than %d MiB" % (LARGEST >> 20))
        words = [*layout.PYTHON, "-c", disk.read(READER).decode()]
        try:
            code, said = commands.fed(words, file, SECONDS, MOST)
        except commands.Overdue:
            raise _refusal(path, "reading it takes longer than %g s" % SECONDS) from None
    if code != 0:
        raise _refusal(path, "its reader ended with %d: it wants more memory or time than a model needs" % code)
    try:
        found = protocol.loads(ModelSays, said.decode())
    except ValueError:
        raise _refusal(path, "its reader said what it never says") from None
    if found.refused is not None:
        raise _refusal(path, found.refused)
    return found


def _refusal(path: Path, why: str) -> Refusal:
    model = "expected a face model of scikit-learn, {'svm': SVC, 'labels': LabelEncoder}"
    return Refusal("%s: %s; %s; train it anew" % (path.name, printable(why, LONGEST), model))
