"""The reader of face models in a copy of this process, under its own limits: to start it takes five times as long."""

import os
import sys
from collections.abc import Sequence
from typing import BinaryIO

from node.registry import inert_pickle, model_labels
from tests.unit.node.registry.asking import in_a_copy


def fed_to_a_copy(words: Sequence[str], file: BinaryIO, _seconds: float, most: int) -> tuple[int, bytes]:
    """Stands for node.machine.commands.fed, for what says less than a pipe holds."""
    assert words[-1] == model_labels.READER.read_text()
    source, target = os.pipe()

    def work() -> None:
        sys.stdin = os.fdopen(file.fileno(), closefd=False)
        with os.fdopen(target, "w") as sys.stdout:
            inert_pickle.main()

    try:
        code = in_a_copy(work)
    finally:
        os.close(target)
    with os.fdopen(source, "rb") as said:
        return code, said.read(most)
