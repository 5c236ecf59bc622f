"""baselines.hdf5 as h5py wrote it, by releases years apart, and damaged on purpose."""

import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from node.registry import baselines, hdf5
from node.registry.hdf5 import Unreadable

MODELS = Path(__file__).parent / "models"
PATHS = sorted(MODELS.glob("*.hdf5"))
HONEST = (MODELS / "1.6.1.hdf5").read_bytes()
THRESHOLDS = {"ann": 0.5, "ben": 0.6, "zo\u00eb": 0.7}
SECONDS = 5.0  # for the worst of files

TREE, HEAP = struct.unpack_from("<QQ", HONEST, 80)
NODE = struct.unpack_from("<Q", HONEST, TREE + 32)[0]
TEXTS = struct.unpack_from("<Q", HONEST, HEAP + 24)[0]
ROOT, ANN = (struct.unpack_from("<Q", HONEST, at)[0] for at in (64, NODE + 16))
Change = Callable[[bytes], bytes]


def put(place: int, form: str, *values: float | bytes) -> Change:
    """What writes these values over a file."""
    new = struct.pack("<" + form, *values)
    return lambda content: content[:place] + new + content[place + len(new) :]


def message(kind: int, at: int = ANN) -> int:
    """Where the first message of a kind begins, in the header of an object."""
    place = at + 16
    while struct.unpack_from("<H", HONEST, place)[0] != kind:
        place += 8 + struct.unpack_from("<H", HONEST, place + 2)[0]
    return place


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        baselines.thresholds(content)
    return str(caught.value)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_an_honest_file(path: Path) -> None:
    assert baselines.thresholds(path.read_bytes()) == THRESHOLDS


SPACE, TYPE, LAYOUT, ATTRIBUTE = (message(kind) for kind in (0x01, 0x03, 0x08, 0x0C))
FILL = message(0x05)
VALUES = struct.unpack_from("<Q", HONEST, LAYOUT + 10)[0]
EVIL: dict[str, tuple[Change, str]] = {
    "another signature": (put(0, "B", 0), "no HDF5 file"),
    "a newer superblock": (put(8, "B", 2), "its superblock is of version 2"),
    "other offsets": (put(13, "B", 4), "its superblock"),
    "a base address": (put(24, "Q", 8), "a base address"),
    "a driver": (put(48, "Q", 96), "a base address or a driver"),
    "cut off": (lambda content: content[:-16], "it has 3568 bytes, and says 3584"),
    "longer": (lambda content: content + b"a", "it has 3585 bytes, and says 3584"),
    "a root beyond the end": (put(64, "Q", 2**64 - 1), "lies outside of the file"),
    "a root's entry that lies": (put(80, "Q", 0), "the entry of its root and its header differ"),
    "a root's entry of another kind": (put(72, "I", 2), "the entry of its root and its header differ"),
    "a root that is a dataset": (put(64, "Q", ANN), "its root is no group"),
    "a root with a table of another size": (
        lambda content: put(64, "QI", ANN, 0)(put(SPACE, "H", 0x11)(content)), "its root is no group with one table",
    ),
    "a root of the new kind": (put(ROOT + 16, "H", 0x02), "its root is no group"),
    "a root with links": (put(ROOT + 16, "H", 0x06), "its root is no group"),
    "a header of another version": (put(ANN, "B", 2), "an object's header is of version 2"),
    "a header of many messages": (put(ANN + 2, "H", 1001), "an object's header is of version 1 with 1001 messages"),
    "a header of more messages than it has": (put(ANN + 2, "H", 7), "has 6 messages, and says 7"),
    "a header beyond the end": (put(ANN + 8, "I", 2**32 - 1), "lies outside of the file"),
    "a message beyond its block": (put(SPACE + 2, "H", 65535), "cut off"),
    "a message elsewhere": (put(SPACE + 4, "B", 2), "lies elsewhere"),
    "a header that goes on in itself": (
        lambda content: put(SPACE, "HHIQQQ", 0x10, 16, 0, ANN + 16, 256, 0)(put(ANN + 2, "H", 1000)(content)),
        "'ann': its parts lie over each other",
    ),
    "bytes in other files": (put(FILL, "H", 0x07), "it has bytes in other files"),
    "a filter": (put(FILL, "H", 0x0B), "it has a filter"),
    "attributes elsewhere": (put(FILL, "H", 0x15), "it has attributes elsewhere"),
    "no heap": (put(HEAP, "B", 0), "the heap of its names is none"),
    "a heap beyond the end": (put(HEAP + 8, "Q", 2**63), "the heap lies outside"),
    "no tree": (put(TREE, "B", 0), "the tree of its names is none"),
    "a tree of another kind": (put(TREE + 4, "B", 1), "the tree of its names is none"),
    "a tree in itself": (lambda content: put(TREE + 5, "B", 9)(put(TREE + 32, "Q", TREE)(content)), "twice"),
    "a tree of a wrong level": (put(TREE + 5, "B", 1), "the tree of its names is none"),
    "a tree that leads to a node twice": (
        lambda content: put(TREE + 6, "H", 2)(put(TREE + 48, "Q", NODE)(content)), "leads to a node twice",
    ),
    "a tree of many nodes": (put(TREE + 6, "H", 65535), "lies outside of the file"),
    "no symbol node": (put(NODE, "B", 0), "a symbol node is none"),
    "a link in the place of a dataset": (put(NODE + 24, "I", 2), "a group or a link at its root"),
    "a symbol node of many names": (put(NODE + 6, "H", 65535), "no short line of text"),
    "a name twice": (put(NODE + 48, "Q", struct.unpack_from("<Q", HONEST, NODE + 8)[0]), "the name 'ann' twice"),
    "a name beyond the heap": (put(NODE + 8, "Q", 2**64 - 1), "no short line of text"),
    "an empty name": (put(NODE + 8, "Q", 0), "no short line of text"),
    "a name with an escape": (put(TEXTS + 8, "B", 27), "no short line of text"),
    "a name that is no UTF-8": (put(TEXTS + 8, "B", 255), "no short line of text"),
    "a group in the place of a dataset": (put(NODE + 16, "Q", ROOT), "'ann': it is no dataset"),
    "two shapes": (put(FILL, "H", 0x01), "'ann': it is no dataset"),
    "another length": (put(SPACE + 16, "Q", 127), "'ann': it has the shape (127,); expected 128 floats"),
    "two dimensions": (
        lambda content: put(SPACE + 9, "BB", 2, 0)(put(SPACE + 16, "QQ", 128, 1)(content)), "the shape (128, 1)",
    ),
    "many dimensions": (put(SPACE + 9, "B", 255), "unknown way"),
    "a shape of another version": (put(SPACE + 8, "B", 3), "unknown way"),
    "integers": (put(TYPE + 8, "B", 0x10), "other values than float32 or float64"),
    "the first byte first": (put(TYPE + 9, "B", 0x21), "other values than float32 or float64"),
    "floats of 2 bytes": (put(TYPE + 12, "I", 2), "other values than float32 or float64"),
    "values beyond the end": (put(LAYOUT + 10, "Q", len(HONEST) - 511), "its values lies outside of the file"),
    "values that nobody wrote": (put(LAYOUT + 10, "Q", 2**64 - 1), "its values lies outside of the file"),
    "values of another size": (put(LAYOUT + 18, "Q", 2**40), "do not lie in one piece"),
    "chunks": (put(LAYOUT + 9, "B", 2), "do not lie in one piece"),
    "a layout of another version": (put(LAYOUT + 8, "B", 4), "do not lie in one piece"),
    "a value that is no number": (put(VALUES + 508, "f", float("nan")), "'ann': not all of its floats are finite"),
    "an endless value": (put(VALUES, "f", float("inf")), "'ann': not all of its floats are finite"),
    "no threshold": (put(ATTRIBUTE + 16, "B", 84), "'ann': it has no attribute threshold"),
    "two thresholds": (
        put(ATTRIBUTE + 72, "72s", HONEST[ATTRIBUTE : ATTRIBUTE + 72]), "it has no attribute threshold that is one",
    ),
    "a threshold of two numbers": (put(ATTRIBUTE + 57, "B", 1), "unknown way"),
    "a threshold that is no number": (put(ATTRIBUTE + 64, "d", float("nan")), "'ann': its threshold is nan"),
    "an endless threshold": (put(ATTRIBUTE + 64, "d", float("-inf")), "'ann': its threshold is -inf"),
    "an attribute of another version": (put(ATTRIBUTE + 8, "B", 4), "an attribute of an unknown kind"),
    "an attribute with a type elsewhere": (put(ATTRIBUTE + 8, "BB", 3, 1), "an attribute of an unknown kind"),
    "an attribute with a long name": (put(ATTRIBUTE + 10, "H", 65535), "no attribute threshold"),
    "an attribute of a long type": (put(ATTRIBUTE + 12, "H", 65535), "'ann': "),
}  # fmt: skip


LINKED = (MODELS / "1.6.1-links.hdf5").read_bytes()
PLACES = LINKED.index(struct.pack("<2BQQ", 0, 0, hdf5.UNDEFINED, hdf5.UNDEFINED))
LINK = LINKED.index(b"\1\0\3ann")
EVIL_LINKS: dict[str, tuple[Change, str]] = {
    "links in a heap": (put(PLACES + 2, "Q", 1024), "it has more than 8 names, some not in ASCII"),
    "links in an order": (put(PLACES + 1, "B", 1), "it has more than 8 names, some not in ASCII"),
    "places of another version": (put(PLACES, "B", 1), "its root is no group"),
    "places that are cut short": (put(PLACES - 6, "H", 16), "its root is no group"),
    "no places": (put(PLACES - 8, "H", 0), "its root is no group"),
    "a soft link": (put(LINK + 1, "BB", 8, 1), "a link that is none to a dataset"),
    "a link of another version": (put(LINK, "B", 2), "a link that is none to a dataset"),
    "a link with a long name": (put(LINK + 2, "B", 255), "a link that is none to a dataset"),
    "a link without a name": (put(LINK + 2, "B", 0), "no short line of text"),
    "a link with an escape": (put(LINK + 3, "B", 27), "no short line of text"),
    "a link beyond the end": (put(LINK + 6, "Q", 2**63), "an object's header lies outside of the file"),
    "a link twice": (put(LINK + 3, "3s", b"ben"), "the name 'ben' twice"),
}


@pytest.mark.parametrize("name", EVIL_LINKS)
def test_an_evil_file_with_links(name: str) -> None:
    change, why = EVIL_LINKS[name]
    assert why in refusal(change(LINKED))


@pytest.mark.parametrize("name", EVIL)
def test_an_evil_file(name: str) -> None:
    change, why = EVIL[name]
    content = change(HONEST)
    assert content != HONEST
    assert why in refusal(content)


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
