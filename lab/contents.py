"""The bytes of the lab's models: the same on every machine, of true size, and different in every file."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable

FACE_LIST_COLUMNS = ("date", "event", "timestamp", "objid", "name", "status")
PEOPLE = ("ann", "ben", "cleo", "dan", "eve")
ROWS_PER_EVENT = 3
HEADER = "sentinelcam-lab {size}\n"
"""First line of a generated file: with it a stand-in tells a truncated file, as the real loaders can."""

Contents = Callable[[str], bytes]
"""Makes a file's bytes from its path in the registry."""


def generated(size: int) -> Contents:
    """A file of `size` bytes that looks random."""

    def make(path: str) -> bytes:
        header = HEADER.format(size=size).encode()
        return header + hashlib.shake_256(path.encode()).digest(size - len(header))

    return make


def truncated(whole: int, size: int) -> Contents:
    """The first `size` bytes of a file that says it has `whole`: what an interrupted training leaves behind."""
    return lambda path: generated(whole)(path)[:size]


def face_list(events: int) -> Contents:
    """A face list of so many events; a shorter list holds the first events of a longer one."""

    def make(_: str) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(FACE_LIST_COLUMNS)
        for number in range(events):
            writer.writerows(_rows(number))
        return text.getvalue().encode()

    return make


def _rows(number: int) -> list[tuple[str, str, str, int, str, int]]:
    event = hashlib.sha256(f"event {number}".encode()).hexdigest()[:32]
    date = f"2024-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
    return [
        (date, event, f"{date} 12:{number % 60:02}:{row:02}.500000", row, PEOPLE[(number + row) % len(PEOPLE)], row % 2)
        for row in range(ROWS_PER_EVENT)
    ]
