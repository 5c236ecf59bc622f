"""Taking the one library out of a Debian package. Nothing of the package is installed, and no script of it runs.

The library's header tells for which machine it is, and whether its end is there: System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import re
import struct
import tarfile
from io import BytesIO
from pathlib import Path
from typing import List, Tuple

from node.errors import Refusal, printable
from node.machine import commands

SECONDS = 60.0
MOST_OF_CONTROL = 1 << 16
MOST_BYTES = 32 << 20  # of all that is in the package, unpacked

# By Debian's name of the architecture: EI_CLASS (1 is 32 bits, 2 is 64) and e_machine.
MACHINES = {"amd64": (2, 62), "arm64": (2, 183), "armhf": (1, 40)}
SHARED_OBJECT = 3
# By EI_CLASS, in the notation of struct: a header from e_type on, a program header's p_offset and p_filesz.
HEADER = {1: "<HHIIIIIHHHHH", 2: "<HHIQQQIHHHHH"}
SEGMENT = {1: "<4xI8xI", 2: "<8xQ16xQ"}

_LIBRARY = re.compile(r"(?:\./)?usr/lib/[^/]+/(libedgetpu\.so\.1\.[0-9]+)", re.ASCII)
_NAME = re.compile(r"(?:\./)?usr/lib/[^/]+/libedgetpu\.so[^/]*", re.ASCII)
_SUFFIX = re.compile(r"(.+)\.([a-z]+)", re.ASCII)
_DAMAGE = (tarfile.TarError, ValueError, EOFError, LookupError, OverflowError, RecursionError)


def library(path: Path, architecture: str, debian: str) -> bytes:
    """Return the library of a package. Raises Refusal when it is not for this architecture and Debian."""
    _require_name(path, architecture, debian)
    content = _extract(path.name, _run(path, "--fsys-tarfile", str(path), most=MOST_BYTES))
    require_library(content, path.name + ": its library", architecture)
    return content


def _run(path: Path, *words: str, most: int) -> bytes:
    try:
        return commands.output(["dpkg-deb", *words], SECONDS, most)
    except commands.Overdue:
        raise
    except Refusal as refusal:
        reason = str(refusal).replace("dpkg-deb: error: ", "").replace(str(path), path.name)
        raise _refusal(path.name, "dpkg-deb cannot read it (%s)" % printable(reason, 200)) from None


def _require_name(path: Path, architecture: str, debian: str) -> None:
    parts = path.name[: -len(".deb")].split("_") if path.name.endswith(".deb") else []
    if len(parts) != 3 or not all(parts):
        raise _refusal(path.name, "no package's name; expected PACKAGE_VERSION_ARCHITECTURE.deb")
    text = _run(path, "-f", str(path), "Package", "Version", "Architecture", most=MOST_OF_CONTROL)
    fields = dict(line.split(": ", 1) for line in text.decode(errors="replace").splitlines() if ": " in line)
    package, version, built_for = (fields.get(name, "none") for name in ("Package", "Version", "Architecture"))
    version = version.split(":", 1)[-1]  # no name holds the epoch
    if package != parts[0] or built_for != parts[2] or version not in (parts[1], _split(parts[1])[0]):
        said = printable("%s %s %s" % (package, version, built_for), 120)
        raise _refusal(path.name, "its control file says %s" % said)
    if built_for != architecture:
        raise _refusal(path.name, "built for %s; expected %s" % (built_for, architecture))
    release = _split(parts[1])[1]
    if release not in ("", debian):
        raise _refusal(path.name, "built for Debian %s; expected %s" % (release, debian))


def _split(version: str) -> Tuple[str, str]:
    """Return a version without the Debian's name that may be at its end, and that name."""
    match = _SUFFIX.fullmatch(version)
    return (match.group(1), match.group(2)) if match else (version, "")


def _extract(name: str, archive: bytes) -> bytes:
    try:
        libraries, links = _members(name, archive)
    except _DAMAGE as error:
        raise _refusal(name, "damaged (%s)" % printable(str(error) or type(error).__name__, 120)) from None
    if len(libraries) != 1:
        found = " and ".join(each for each, _ in libraries) or "none"
        raise _refusal(name, "found %s; expected one library usr/lib/*/libedgetpu.so.1.N" % found)
    for link, target in links:
        if target != libraries[0][0]:
            raise _refusal(name, "%s leads to %s; expected %s" % (
                printable(link, 120), printable(target, 120), libraries[0][0],
            ))  # fmt: skip
    return libraries[0][1]


def _members(name: str, archive: bytes) -> Tuple[List[Tuple[str, bytes]], List[Tuple[str, str]]]:
    """Return the libraries with their names, and the links in their folders with what these lead to."""
    libraries, links = [], []  # type: List[Tuple[str, bytes]], List[Tuple[str, str]]
    with tarfile.open(fileobj=BytesIO(archive), mode="r|") as tar:
        for member in tar:
            match = _LIBRARY.fullmatch(member.name)
            if not _NAME.fullmatch(member.name):
                continue
            if member.issym():
                links.append((member.name, member.linkname))
                continue
            file = tar.extractfile(member) if member.isreg() and not member.issparse() else None
            if match is None or file is None:
                raise _refusal(name, "%s: found neither the library nor a link to it" % printable(member.name, 120))
            libraries.append((match.group(1), file.read()))
    return libraries, links


def _refusal(package: str, found: str) -> Refusal:
    return Refusal("%s: %s; make a new stack of another file" % (package, found))


def require_library(content: bytes, name: str, architecture: str) -> None:
    """Raises Refusal, which begins with `name`, unless this is a whole shared library for the architecture."""
    none = "%s: found no shared library; expected one for %s; make a new stack" % (name, architecture)
    if content[:4] != b"\x7fELF" or content[4:6] not in (b"\x01\x01", b"\x02\x01"):
        raise Refusal(none)
    bits = content[4]
    try:
        kind, machine, _, _, segments, sections, _, _, each, number, each_section, section_number = struct.unpack_from(
            HEADER[bits], content, 16
        )
        if (bits, machine) != MACHINES[architecture]:
            found = next((known for known in MACHINES if MACHINES[known] == (bits, machine)), None)
            told = (name, found or "machine %d of %d bits" % (machine, 32 * bits), architecture)
            raise Refusal("%s: built for %s; expected %s; make a new stack" % told)
        if kind != SHARED_OBJECT or number == 0:
            raise Refusal(none)
        ends = [sections + each_section * section_number]
        for index in range(number):
            offset, size = struct.unpack_from(SEGMENT[bits], content, segments + index * each)
            ends.append(offset + size)
    except (struct.error, OverflowError):
        raise _truncated(name, len(content), "more") from None
    if max(ends) > len(content):
        raise _truncated(name, len(content), "%d" % max(ends))


def _truncated(name: str, found: int, expected: str) -> Refusal:
    return Refusal("%s: truncated: found %d bytes, expected %s; make a new stack of a whole one" % (
        name, found, expected,
    ))  # fmt: skip
