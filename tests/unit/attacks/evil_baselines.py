"""baselines.hdf5 as h5py wrote it, and what changes it on purpose."""

import struct
from collections.abc import Callable
from pathlib import Path

from node.registry import hdf5

MODELS = Path(__file__).parents[1] / "node" / "registry" / "models"
HONEST = (MODELS / "1.6.1.hdf5").read_bytes()
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


SPACE, TYPE, LAYOUT, ATTRIBUTE = (message(kind) for kind in (0x01, 0x03, 0x08, 0x0C))
FILL = message(0x05)
VALUES = struct.unpack_from("<Q", HONEST, LAYOUT + 10)[0]
EVIL: dict[str, Change] = {
    "another signature": put(0, "B", 0),
    "a newer superblock": put(8, "B", 2),
    "other offsets": put(13, "B", 4),
    "a base address": put(24, "Q", 8),
    "a driver": put(48, "Q", 96),
    "cut off": lambda content: content[:-16],
    "longer": lambda content: content + b"a",
    "a root beyond the end": put(64, "Q", 2**64 - 1),
    "a root's entry that lies": put(80, "Q", 0),
    "a root's entry of another kind": put(72, "I", 2),
    "a root that is a dataset": put(64, "Q", ANN),
    "a root with a table of another size": lambda content: put(64, "QI", ANN, 0)(put(SPACE, "H", 0x11)(content)),
    "a root of the new kind": put(ROOT + 16, "H", 0x02),
    "a root with links": put(ROOT + 16, "H", 0x06),
    "a header of another version": put(ANN, "B", 2),
    "a header of many messages": put(ANN + 2, "H", 1001),
    "a header of more messages than it has": put(ANN + 2, "H", 7),
    "a header beyond the end": put(ANN + 8, "I", 2**32 - 1),
    "a message beyond its block": put(SPACE + 2, "H", 65535),
    "a message elsewhere": put(SPACE + 4, "B", 2),
    "a header that goes on in itself": (
        lambda content: put(SPACE, "HHIQQQ", 0x10, 16, 0, ANN + 16, 256, 0)(put(ANN + 2, "H", 1000)(content))
    ),
    "bytes in other files": put(FILL, "H", 0x07),
    "a filter": put(FILL, "H", 0x0B),
    "attributes elsewhere": put(FILL, "H", 0x15),
    "no heap": put(HEAP, "B", 0),
    "a heap beyond the end": put(HEAP + 8, "Q", 2**63),
    "no tree": put(TREE, "B", 0),
    "a tree of another kind": put(TREE + 4, "B", 1),
    "a tree in itself": lambda content: put(TREE + 5, "B", 9)(put(TREE + 32, "Q", TREE)(content)),
    "a tree of a wrong level": put(TREE + 5, "B", 1),
    "a tree that leads to a node twice": lambda content: put(TREE + 6, "H", 2)(put(TREE + 48, "Q", NODE)(content)),
    "a tree of many nodes": put(TREE + 6, "H", 65535),
    "no symbol node": put(NODE, "B", 0),
    "a link in the place of a dataset": put(NODE + 24, "I", 2),
    "a symbol node of many names": put(NODE + 6, "H", 65535),
    "a name twice": put(NODE + 48, "Q", struct.unpack_from("<Q", HONEST, NODE + 8)[0]),
    "a name beyond the heap": put(NODE + 8, "Q", 2**64 - 1),
    "an empty name": put(NODE + 8, "Q", 0),
    "a name with an escape": put(TEXTS + 8, "B", 27),
    "a name that is no UTF-8": put(TEXTS + 8, "B", 255),
    "a group in the place of a dataset": put(NODE + 16, "Q", ROOT),
    "two shapes": put(FILL, "H", 0x01),
    "another length": put(SPACE + 16, "Q", 127),
    "two dimensions": lambda content: put(SPACE + 9, "BB", 2, 0)(put(SPACE + 16, "QQ", 128, 1)(content)),
    "many dimensions": put(SPACE + 9, "B", 255),
    "a shape of another version": put(SPACE + 8, "B", 3),
    "integers": put(TYPE + 8, "B", 0x10),
    "the first byte first": put(TYPE + 9, "B", 0x21),
    "floats of 2 bytes": put(TYPE + 12, "I", 2),
    "values beyond the end": put(LAYOUT + 10, "Q", len(HONEST) - 511),
    "values that nobody wrote": put(LAYOUT + 10, "Q", 2**64 - 1),
    "values of another size": put(LAYOUT + 18, "Q", 2**40),
    "chunks": put(LAYOUT + 9, "B", 2),
    "a layout of another version": put(LAYOUT + 8, "B", 4),
    "a value that is no number": put(VALUES + 508, "f", float("nan")),
    "an endless value": put(VALUES, "f", float("inf")),
    "no threshold": put(ATTRIBUTE + 16, "B", 84),
    "two thresholds": put(ATTRIBUTE + 72, "72s", HONEST[ATTRIBUTE : ATTRIBUTE + 72]),
    "a threshold of two numbers": put(ATTRIBUTE + 57, "B", 1),
    "a threshold that is no number": put(ATTRIBUTE + 64, "d", float("nan")),
    "an endless threshold": put(ATTRIBUTE + 64, "d", float("-inf")),
    "an attribute of another version": put(ATTRIBUTE + 8, "B", 4),
    "an attribute with a type elsewhere": put(ATTRIBUTE + 8, "BB", 3, 1),
    "an attribute with a long name": put(ATTRIBUTE + 10, "H", 65535),
    "an attribute of a long type": put(ATTRIBUTE + 12, "H", 65535),
}  # fmt: skip


LINKED = (MODELS / "1.6.1-links.hdf5").read_bytes()
PLACES = LINKED.index(struct.pack("<2BQQ", 0, 0, hdf5.UNDEFINED, hdf5.UNDEFINED))
LINK = LINKED.index(b"\1\0\3ann")
EVIL_LINKS: dict[str, Change] = {
    "links in a heap": put(PLACES + 2, "Q", 1024),
    "links in an order": put(PLACES + 1, "B", 1),
    "places of another version": put(PLACES, "B", 1),
    "places that are cut short": put(PLACES - 6, "H", 16),
    "no places": put(PLACES - 8, "H", 0),
    "a soft link": put(LINK + 1, "BB", 8, 1),
    "a link of another version": put(LINK, "B", 2),
    "a link with a long name": put(LINK + 2, "B", 255),
    "a link without a name": put(LINK + 2, "B", 0),
    "a link with an escape": put(LINK + 3, "B", 27),
    "a link beyond the end": put(LINK + 6, "Q", 2**63),
    "a link twice": put(LINK + 3, "3s", b"ben"),
}
