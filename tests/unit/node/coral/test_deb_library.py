"""Libraries: for which machine, and whether all of each is there."""

import struct

import pytest

from node.coral import deb
from node.errors import Refusal
from tests.unit.node.wheels import MACHINES, library

NONE = "lib: found no shared library; expected one for arm64; make a new stack"


def refusal(content: bytes, architecture: str = "arm64") -> str:
    with pytest.raises(Refusal) as caught:
        deb.require_library(content, "lib", architecture)
    return str(caught.value)


@pytest.mark.parametrize("architecture", MACHINES)
def test_a_whole_one(architecture: str) -> None:
    deb.require_library(library(architecture), "lib", architecture)


def test_a_real_one_of_this_machine() -> None:
    with open("/proc/self/maps") as maps:  # noqa: PTH123
        path = next(line.split()[-1] for line in maps if "/libc.so" in line or "/libc-" in line)
    with open(path, "rb") as file:  # noqa: PTH123
        content = file.read()
    [mine] = [each for each in MACHINES if MACHINES[each][1] == struct.unpack_from("<H", content, 18)[0]]
    deb.require_library(content, "lib", mine)
    assert refusal(content[:-1], mine).startswith(f"lib: truncated: found {len(content) - 1} bytes, expected ")


@pytest.mark.parametrize("architecture", MACHINES)
@pytest.mark.parametrize("other", MACHINES)
def test_of_another_machine(architecture: str, other: str) -> None:
    if other != architecture:
        assert (
            refusal(library(other), architecture)
            == f"lib: built for {other}; expected {architecture}; make a new stack"
        )


def test_of_a_machine_that_debian_calls_otherwise() -> None:
    content = bytearray(library())
    content[18:20] = struct.pack("<H", 243)
    assert refusal(bytes(content)) == "lib: built for machine 243 of 64 bits; expected arm64; make a new stack"


def test_of_the_same_machine_with_other_bits() -> None:
    content = bytearray(library("armhf"))
    content[18:20] = struct.pack("<H", 62)
    assert refusal(bytes(content), "amd64") == "lib: built for machine 62 of 32 bits; expected amd64; make a new stack"


@pytest.mark.parametrize(
    "content", [b"", b"!<arch>\n", b"\x7fELF", b"\x7fELF\x02\x02", library(kind=2), library(segments=0)]
)
def test_no_shared_library(content: bytes) -> None:
    assert refusal(content) == NONE


@pytest.mark.parametrize("architecture", ["arm64", "armhf"])
def test_every_shorter_one_is_truncated(architecture: str) -> None:
    whole = library(architecture)
    for length in range(6, len(whole)):
        assert refusal(whole[:length], architecture).startswith(f"lib: truncated: found {length} bytes, expected ")
    assert refusal(whole[:-1], architecture) == (
        f"lib: truncated: found {len(whole) - 1} bytes, expected {len(whole)}; make a new stack of a whole one"
    )


def test_where_the_table_of_sections_was_stripped_the_segments_tell() -> None:
    content = bytearray(library())
    content[40:48] = bytes(8)  # e_shoff
    content[60:62] = bytes(2)  # e_shnum
    deb.require_library(bytes(content), "lib", "arm64")
    assert "truncated" in refusal(bytes(content[:-1]))


def test_a_table_far_away() -> None:
    content = bytearray(library())
    content[32:40] = b"\xff" * 8  # e_phoff
    assert refusal(bytes(content)) == (
        f"lib: truncated: found {len(content)} bytes, expected more; make a new stack of a whole one"
    )
