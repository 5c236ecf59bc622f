"""The header of a shared library: which machine it is for, and whether its end is there.

As the System V ABI has it, chapters 4 and 5 ("ELF Header", "Program Header").
"""

from __future__ import annotations

import struct
from typing import Dict, NamedTuple

from node.errors import Refusal

MACHINES = {"amd64": 62, "arm64": 183, "armhf": 40}
"""e_machine, by Debian's name of the architecture."""
CLASSES = {"amd64": 2, "arm64": 2, "armhf": 1}
"""EI_CLASS: 1 is 32 bits, 2 is 64."""
SHARED_OBJECT = 3


class _Layout(NamedTuple):
    header: str  # from e_type on, in the notation of struct
    segment: str  # p_offset and p_filesz, from the beginning of a program header


_LAYOUTS: Dict[int, _Layout] = {
    1: _Layout("<HHIIIIIHHHHH", "<4xI8xI"),
    2: _Layout("<HHIQQQIHHHHH", "<8xQ16xQ"),
}


def require(content: bytes, name: str, architecture: str) -> None:
    """Raises Refusal unless this is a whole shared library for an architecture of Debian's; `name` is for the text."""
    if content[:4] != b"\x7fELF" or content[4:6] not in (b"\x01\x01", b"\x02\x01"):
        raise Refusal("%s: found no shared library; expected one for %s; make a new stack" % (name, architecture))
    layout = _LAYOUTS[content[4]]
    try:
        kind, machine, _, _, segments, sections, _, _, each, number, each_section, section_number = struct.unpack_from(
            layout.header, content, 16
        )
        if content[4] != CLASSES[architecture] or machine != MACHINES[architecture]:
            raise Refusal(
                "%s: built for %s; expected %s; make a new stack" % (name, _machine(content[4], machine), architecture)
            )
        if kind != SHARED_OBJECT or number == 0:
            raise Refusal("%s: found no shared library; expected one for %s; make a new stack" % (name, architecture))
        ends = [sections + each_section * section_number]
        for index in range(number):
            offset, size = struct.unpack_from(layout.segment, content, segments + index * each)
            ends.append(offset + size)
    except (struct.error, OverflowError):
        raise _truncated(name, len(content), "more") from None
    if max(ends) > len(content):
        raise _truncated(name, len(content), "%d" % max(ends))


def _machine(kind: int, machine: int) -> str:
    known = [each for each in MACHINES if (CLASSES[each], MACHINES[each]) == (kind, machine)]
    return known[0] if known else "machine %d of %d bits" % (machine, 32 * kind)


def _truncated(name: str, found: int, expected: str) -> Refusal:
    return Refusal("%s: truncated: found %d bytes, expected %s; make a new stack of a whole one" % (
        name, found, expected,
    ))  # fmt: skip
