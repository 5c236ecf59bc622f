"""The structure of an HDF5 file as h5py writes it by default: the names at its root, and the messages of an object.

Why not h5py: the node program has the standard library only, and h5py's library, in C, would parse a file that a
stranger made. Here each offset is looked at before it is followed, each loop has an end, and what h5py does not write
by default is refused by name.
"""

from __future__ import annotations

import struct
from typing import Any, Iterator, List, NamedTuple, Tuple

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNDEFINED = 2**64 - 1
MOST_MESSAGES = 1_000  # of an object
LONGEST_NAME = 200
AGAIN = 4  # how often the reader comes to a byte, on average: of an honest file less than three times

LINK_PLACES, LINK, CONTINUATION, TABLE = 0x02, 0x06, 0x10, 0x11
SHARED = 0x02  # a flag of a message
OTHERS = {
    0x07: "bytes in other files",
    0x0B: "a filter, such as compression",
    0x15: "attributes elsewhere",
}  # by the kind of message that says so


class Unreadable(ValueError):
    """The file is not as h5py writes it by default; the text says how."""


class Message(NamedTuple):
    kind: int
    body: bytes


class File:
    """The bytes of a file: nobody reads beyond them, or the same ones again and again."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.left = AGAIN * len(content)

    def at(self, place: int, size: int, what: str) -> bytes:
        """Raises Unreadable when some of them are outside of the file."""
        if place + size > len(self.content):
            raise Unreadable("%s lies outside of the file" % what)
        self.left -= size
        if self.left < 0:
            raise Unreadable("its parts lie over each other")
        return self.content[place : place + size]

    def fields(self, form: str, place: int, what: str) -> Tuple[Any, ...]:
        return struct.unpack("<" + form, self.at(place, struct.calcsize("<" + form), what))


def datasets(file: File) -> Iterator[Tuple[str, int]]:
    """Yield the names at the root, each with the place of its object. Raises Unreadable."""
    parts = _root(file)
    table = b"".join(each.body for each in parts if each.kind == TABLE)
    if not table:
        yield from _links(parts)
    elif len(table) != 16:
        raise Unreadable("its root is no group with one table of names")
    else:
        yield from _entries(file, *struct.unpack("<QQ", table))


def _entries(file: File, tree: int, heap: int) -> Iterator[Tuple[str, int]]:
    """The names of a table."""
    signature, size, _, data = file.fields("8sQQQ", heap, "the heap")
    if signature != b"HEAP\0\0\0\0":
        raise Unreadable("the heap of its names is none")
    texts = file.at(data, size, "the heap")
    for node in _leaves(file, tree):
        signature, version, _, count = file.fields("4sBBH", node, "a symbol node")
        if (signature, version) != (b"SNOD", 1):
            raise Unreadable("a symbol node is none")
        for number in range(count):
            offset, header, cached = file.fields("QQI", node + 8 + 40 * number, "a symbol node")
            if cached != 0:
                raise Unreadable("it has a group or a link at its root; expected datasets")
            end = texts.find(b"\0", offset, offset + 4 * LONGEST_NAME + 1)
            yield _name(texts[offset:end] if end > offset else b""), header


def _links(parts: List[Message]) -> Iterator[Tuple[str, int]]:
    """The names of a group without a table, as h5py makes one for names that are not ASCII."""
    places = [each.body for each in parts if each.kind == LINK_PLACES]
    if len(places) != 1 or len(places[0]) < 18 or places[0][0] != 0:
        raise Unreadable("its root is no group")
    if places[0][1] != 0 or struct.unpack_from("<Q", places[0], 2)[0] != UNDEFINED:
        raise Unreadable("it has more than 8 names, some not in ASCII; expected them by create_dataset(name)")
    for each in parts:
        if each.kind == LINK:
            yield _link(each.body)


def _link(body: bytes) -> Tuple[str, int]:
    """A link to an object: with the encoding of its name, or without one."""
    start = {b"\1\0": 3, b"\1\x10": 4}.get(body[:2])
    size = body[start - 1] if start is not None and len(body) >= start else 0
    if start is None or len(body) < start + size + 8:
        raise Unreadable("it has a link that is none to a dataset")
    return _name(body[start : start + size]), int(struct.unpack_from("<Q", body, start + size)[0])


def messages(file: File, place: int) -> List[Message]:
    """The messages of an object's header, of all its blocks. Raises Unreadable."""
    version, _, count, _, size = file.fields("BBHII", place, "an object's header")
    if version != 1 or count > MOST_MESSAGES:
        raise Unreadable("an object's header is of version %d with %d messages" % (version, count))
    blocks = [(place + 16, size)]
    found: List[Message] = []
    for start, length in blocks:
        for message in _of_block(file.at(start, length, "an object's header")):
            if len(found) == count:
                break
            found.append(message)
            if message.kind == CONTINUATION:
                blocks.append(_next_block(message.body))
    if len(found) != count:
        raise Unreadable("an object's header has %d messages, and says %d" % (len(found), count))
    return found


def _root(file: File) -> List[Message]:
    """The messages of the root."""
    if file.at(0, 8, "the signature") != SIGNATURE:
        raise Unreadable("it is no HDF5 file")
    versions = file.fields("7B", 8, "the superblock")
    if versions != (0, 0, 0, 0, 0, 8, 8):
        raise Unreadable("its superblock is of version %d; expected 0, as h5py writes by default" % versions[0])
    base, _, end, driver = file.fields("4Q", 24, "the superblock")
    if base != 0 or driver != UNDEFINED:
        raise Unreadable("it has a base address or a driver; expected none")
    if end != len(file.content):
        raise Unreadable("it has %d bytes, and says %d" % (len(file.content), end))
    _, header, cached = file.fields("QQI", 56, "the root's entry")
    parts = messages(file, header)
    of_entry = file.at(80, 16, "the root's entry")
    if cached > 1 or (cached == 1 and any(each.body != of_entry for each in parts if each.kind == TABLE)):
        raise Unreadable("the entry of its root and its header differ")
    return parts


def _leaves(file: File, tree: int) -> List[int]:
    """The symbol nodes below a tree. Its levels go down to nothing, and no node is there twice."""
    nodes, level, seen = [tree], _level(file, tree), {tree}
    while level >= 0:
        below: List[int] = []
        for place in nodes:
            if _level(file, place) != level:
                raise Unreadable("the tree of its names has a wrong level")
            count = file.fields("H", place + 6, "the tree")[0]
            below += (file.fields("Q", place + 32 + 16 * number, "the tree")[0] for number in range(count))
        before = len(seen)
        seen.update(below)
        if len(seen) != before + len(below):
            raise Unreadable("the tree of its names leads to a node twice")
        nodes, level = below, level - 1
    return nodes


def _level(file: File, place: int) -> int:
    signature, kind, level = file.fields("4sBB", place, "the tree")
    if (signature, kind) != (b"TREE", 0):
        raise Unreadable("the tree of its names is none")
    return int(level)


def _name(text: bytes) -> str:
    try:
        found = text.decode()
    except UnicodeDecodeError:
        found = ""
    if not found or not found.isprintable() or len(found) > LONGEST_NAME:
        raise Unreadable("it has a name that is no short line of text")
    return found


def _of_block(block: bytes) -> Iterator[Message]:
    at = 0
    while at + 8 <= len(block):
        kind, size, flags = struct.unpack_from("<HHB", block, at)
        body = block[at + 8 : at + 8 + size]
        if kind in OTHERS:
            raise Unreadable("it has " + OTHERS[kind])
        if len(body) != size or flags & SHARED:
            raise Unreadable("it has a message that is cut off, or lies elsewhere")
        yield Message(kind, body)
        at += 8 + size


def _next_block(body: bytes) -> Tuple[int, int]:
    if len(body) != 16:
        raise Unreadable("an object's header goes on nowhere")
    start, length = struct.unpack("<QQ", body)
    return int(start), int(length)
