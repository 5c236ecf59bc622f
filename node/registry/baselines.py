"""What baselines.hdf5 holds: a vector of 128 floats for each name, with the threshold of being recognised."""

from __future__ import annotations

import math
import struct
from typing import Dict, List, NamedTuple, Tuple

from node.registry import hdf5
from node.registry.hdf5 import File, Message, Unreadable

FLOATS = 128
SPACE, TYPE, LAYOUT, ATTRIBUTE = 0x01, 0x03, 0x08, 0x0C
# A type message of IEEE's floats, the least byte first: class, bits, size, and where sign, exponent and mantissa are.
FORMS = {
    struct.pack("<B3BIHHBBBBI", 0x11, 0x20, 31, 0, 4, 0, 32, 23, 8, 0, 23, 127): "f",
    struct.pack("<B3BIHHBBBBI", 0x11, 0x20, 63, 0, 8, 0, 64, 52, 11, 0, 52, 1023): "d",
}
_SIZE_OF_TYPE = 20


class Attribute(NamedTuple):
    name: bytes
    type: bytes
    space: bytes
    content: bytes


def thresholds(content: bytes) -> Dict[str, float]:
    """The threshold of each name. Raises Unreadable for a file that is not as h5py writes it, or holds other things."""
    file = File(content)
    found: Dict[str, float] = {}
    for name, place in hdf5.datasets(file):
        if name in found:
            raise Unreadable("it has the name %r twice" % name)
        try:
            found[name] = _threshold(file, hdf5.messages(file, place))
        except Unreadable as why:
            raise Unreadable("%r: %s" % (name, why)) from None
    return found


def _threshold(file: File, messages: List[Message]) -> float:
    """The threshold of a dataset, which holds 128 finite floats."""
    space, kind, layout = (_only(messages, each) for each in (SPACE, TYPE, LAYOUT))
    if _shape(space) != (FLOATS,):
        raise Unreadable("it has the shape %s; expected %d floats" % (_shape(space), FLOATS))
    form = "<%d%s" % (FLOATS, _form(kind))
    if not all(map(math.isfinite, struct.unpack(form, _values(file, layout, struct.calcsize(form))))):
        raise Unreadable("not all of its floats are finite")
    found = [each for each in map(_attribute, _bodies(messages, ATTRIBUTE)) if each.name == b"threshold"]
    if len(found) != 1 or _shape(found[0].space) != ():
        raise Unreadable("it has no attribute threshold that is one number")
    form = "<" + _form(found[0].type)
    if len(found[0].content) < struct.calcsize(form):
        raise Unreadable("its threshold is cut off")
    threshold = float(struct.unpack_from(form, found[0].content)[0])
    if not math.isfinite(threshold):
        raise Unreadable("its threshold is %g; expected a finite number" % threshold)
    return threshold


def _bodies(messages: List[Message], kind: int) -> List[bytes]:
    return [each.body for each in messages if each.kind == kind]


def _only(messages: List[Message], kind: int) -> bytes:
    bodies = _bodies(messages, kind)
    if len(bodies) != 1:
        raise Unreadable("it is no dataset")
    return bodies[0]


def _form(kind: bytes) -> str:
    form = FORMS.get(kind[:_SIZE_OF_TYPE])
    if form is None:
        raise Unreadable("it holds other values than float32 or float64 with the least byte first")
    return form


def _shape(space: bytes) -> Tuple[int, ...]:
    """Versions 1 and 2 of the message; what may follow the sizes are the largest ones."""
    version, rank = space[0:1], space[1:2]
    start = {b"\1": 8, b"\2": 4}.get(version)
    if start is None or not rank or len(space) < start + 8 * rank[0]:
        raise Unreadable("its shape is written in an unknown way")
    return struct.unpack_from("<%dQ" % rank[0], space, start)


def _values(file: File, layout: bytes, size: int) -> bytes:
    """The bytes of a dataset that lie in one piece: in the file, or in the message itself."""
    if layout[:2] == b"\3\1" and len(layout) >= 18:
        place, length = struct.unpack_from("<QQ", layout, 2)
        if length == size:
            return file.at(place, size, "its values")
    if layout[:2] == b"\3\0" and len(layout) >= 4 + size and struct.unpack_from("<H", layout, 2)[0] == size:
        return layout[4 : 4 + size]
    raise Unreadable("its values do not lie in one piece; expected a dataset without chunks")


def _attribute(body: bytes) -> Attribute:
    """Version 1 fills each part up to eight bytes, version 3 does not, and has an encoding of the name."""
    version, start, unit = body[0:1], 8, 8
    if version in (b"\2", b"\3"):
        start, unit = (8 if version == b"\2" else 9), 1
    if version not in (b"\1", b"\2", b"\3") or len(body) < start or (version != b"\1" and body[1]):
        raise Unreadable("it has an attribute of an unknown kind")
    parts: List[bytes] = []
    for size in struct.unpack_from("<3H", body, 2):
        parts.append(body[start : start + size])
        start += -(-size // unit) * unit
    name, kind, space = parts
    return Attribute(name.rstrip(b"\0"), kind, space, body[start:])
