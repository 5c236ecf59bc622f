"""baselines.hdf5 as h5py wrote it, by releases years apart, and damaged on purpose."""

import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest

from node.registry import baselines, hdf5
from node.registry.hdf5 import Unreadable
from tests.unit.attacks.evil_baselines import HEAP, HONEST, LINKED, MODELS, TREE, put

PATHS = sorted(MODELS.glob("*.hdf5"))
THRESHOLDS = {"ann": 0.5, "ben": 0.6, "zo\u00eb": 0.7}
SECONDS = 5.0  # for the worst of files


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        baselines.thresholds(content)
    return str(caught.value)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_an_honest_file(path: Path) -> None:
    assert baselines.thresholds(path.read_bytes()) == THRESHOLDS


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_file_that_is_cut_off_anywhere(path: Path) -> None:
    content = path.read_bytes()
    for size in range(0, len(content), 16):
        cut = content[:size]
        refusal(cut)
        refusal(put(40, "Q", size)(cut))  # and says so


@pytest.mark.parametrize("honest", [HONEST, LINKED], ids=["table", "links"])
@pytest.mark.parametrize("bits", [0x01, 0x80, 0xFF])
def test_a_file_with_any_byte_changed_is_read_or_refused(bits: int, honest: bytes) -> None:
    for place in range(len(honest)):
        content = put(place, "B", honest[place] ^ bits)(honest)
        with suppress(Unreadable):
            assert len(baselines.thresholds(content)) <= len(THRESHOLDS)


def test_parts_that_lie_over_each_other_end_soon() -> None:
    """Each name leads to a header that is as long as the file."""
    size, names = 1 << 20, 1000
    content = bytearray(HONEST.ljust(size, b"\0"))
    struct.pack_into("<Q", content, 40, size)
    header, node = 8192, 65536
    struct.pack_into("<BBHII", content, header, 1, 0, 1000, 1, size - header - 16)
    struct.pack_into("<Q", content, TREE + 32, node)
    struct.pack_into("<4sBBH", content, node, b"SNOD", 1, 0, names)
    struct.pack_into("<QQ", content, HEAP + 8, 2048, 2**64 - 1)
    struct.pack_into("<Q", content, HEAP + 24, 4096)
    for number in range(names):
        struct.pack_into("<QQ", content, node + 8 + 40 * number, 8 + number, header)
    content[4096 : 4096 + 1100] = b"a" * 1100
    started = time.monotonic()
    assert refusal(bytes(content)) is not None
    assert time.monotonic() - started < SECONDS


def test_the_reader_comes_to_a_byte_a_few_times_only() -> None:
    file = hdf5.File(bytes(100))
    for _ in range(hdf5.AGAIN):
        file.at(0, 100, "it")
    with pytest.raises(Unreadable, match="over each other"):
        file.at(0, 1, "it")
