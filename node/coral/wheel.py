"""Reading a wheel (PEP 427): a zip whose RECORD names every file in it, and what each must be.

Nothing of it is run, and nothing is unpacked that RECORD does not know.
"""

from __future__ import annotations

import base64
import csv
import errno
import hashlib
import re
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from node.errors import Refusal, printable
from node.store import handles

MOST_FILES = 5000
MOST_BYTES = 200 << 20  # of all files together, unpacked
MOST_OF_ONE = 64 << 20  # of one file, which is in memory while it is checked
MOST_OF_TEXT = 1 << 20  # of METADATA and WHEEL and RECORD
DEEPEST = 16
SHOWN = 120  # letters of what a package says
MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l"}  # how a wheel's tags call Debian's architectures

_ENCRYPTED = 0x2041  # APPNOTE.TXT 4.4.4: bits 0, 6 and 13
_FOLDER = 0x10  # of MS-DOS
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, csv.Error, EOFError, ValueError, LookupError, RuntimeError,
    NotImplementedError, OverflowError,
)  # fmt: skip

Digest = Tuple[str, int]  # SHA-256 as RECORD has it, bytes


class Wheel(NamedTuple):
    """A wheel whose files are all known, and whose name is that of what is in it."""

    path: Path
    distribution: str  # normalised: tflite-runtime
    version: str
    tags: FrozenSet[str]
    files: Dict[str, Digest]  # all but RECORD
    record: str  # its name

    @property
    def names(self) -> List[str]:
        return sorted([*self.files, self.record])


def look(path: Path) -> Wheel:
    """Read what a wheel holds, without its files' bytes. Raises Refusal for what is not right with it."""
    distribution, version, tags = _named(path.name)
    with _opened(path) as archive:
        infos = _members(path.name, archive)
        folder = _dist_info(path.name, list(infos))
        record = folder + "/RECORD"
        files = _record(path.name, record, _text(path.name, archive, infos, record))
        _require_same(path.name, set(infos) - {record}, set(files))
        metadata = _headers(_text(path.name, archive, infos, folder + "/METADATA"))
        about = _headers(_text(path.name, archive, infos, folder + "/WHEEL"))
    _require_name(path.name, distribution, version, metadata)
    found = frozenset(value for key, value in about if key == "tag")
    if found != tags:
        raise _refusal(path.name, "its WHEEL says %s, its name %s" % (_listed(found), _listed(tags)))
    return Wheel(path, distribution, version, tags, files, record)


def unpack(wheel: Wheel, put: Callable[[str, bytes], None]) -> None:
    """Hand over each file's name and bytes, once they are what RECORD says. Raises Refusal."""
    name = wheel.path.name
    with _opened(wheel.path) as archive:
        infos = _members(name, archive)
        _require_same(name, set(infos), set(wheel.names))
        for each in wheel.names:
            content = _read(archive, infos[each])
            sha256 = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            if each != wheel.record and (sha256, len(content)) != wheel.files[each]:
                raise _refusal(name, "%s is not what RECORD says" % printable(each, SHOWN))
            put(each, content)


def require_fit(wheel: Wheel, python: str, architecture: str) -> None:
    """Raises Refusal for a wheel of another Python, as "3.11", or another architecture of Debian's."""
    number, machine = python.replace(".", ""), MACHINES[architecture]
    if not any(_fits(tag, number, machine) for tag in wheel.tags):
        told = (_listed(wheel.tags), number, machine)
        raise _refusal(wheel.path.name, "built for %s; expected cp%s and %s" % told)


def _fits(tag: str, python: str, machine: str) -> bool:
    interpreter, abi, platform = tag.split("-")
    is_python = interpreter in ("cp" + python, "py" + python, "py" + python[0])
    is_abi = abi in ("cp" + python, "cp" + python + "m", "abi3", "none")
    return is_python and is_abi and (platform == "any" or platform.endswith("_" + machine))


def clash(names: Iterable[str]) -> Optional[str]:
    """Return a name that is there twice, or is one file's and a folder's of others; None where none is."""
    files = sorted(names)
    folders = {each.rsplit("/", up)[0] for each in files for up in range(1, each.count("/") + 1)}
    wrong = (each for number, each in enumerate(files) if each in files[:number][-1:] or each in folders)
    return next(wrong, None)


def _named(name: str) -> Tuple[str, str, FrozenSet[str]]:
    """What a wheel's name says: distribution, version, tags."""
    parts = name[: -len(".whl")].split("-") if name.endswith(".whl") else []
    if len(parts) not in (5, 6) or not all(parts):
        raise _refusal(name, "no wheel's name; expected NAME-VERSION-PYTHON-ABI-PLATFORM.whl")
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    tags = {"-".join((python, abi, platform)) for python in pythons for abi in abis for platform in platforms}
    return _normalised(parts[0]), parts[1], frozenset(tags)


def _normalised(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with handles.opened(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield archive
        except (*_DAMAGE, OSError) as error:
            if not isinstance(error, _DAMAGE) and error.errno != errno.EINVAL:  # a place before the file's beginning
                raise
            told = printable(str(error) or type(error).__name__, SHOWN)
            raise _refusal(path.name, "damaged (%s)" % told) from None


def _members(wheel: str, archive: zipfile.ZipFile) -> Dict[str, zipfile.ZipInfo]:
    """The wheel's files by their names, if each is a plain file below the folder into which it would be unpacked."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise _refusal(wheel, "%d files; expected at most %d" % (len(infos), MOST_FILES))
    for info in infos:
        wrong = _wrong(info)
        if wrong is not None:
            raise _refusal(wheel, "%s: %s" % (printable(info.orig_filename, SHOWN), wrong))
    size = sum(info.file_size for info in infos)
    if size > MOST_BYTES:
        raise _refusal(wheel, "%d bytes unpacked; expected at most %d" % (size, MOST_BYTES))
    twice = clash(info.filename for info in infos)
    if twice is not None:
        raise _refusal(wheel, "%s is in it twice" % printable(twice, SHOWN))
    return {info.filename: info for info in infos}


def _wrong(info: zipfile.ZipInfo) -> Optional[str]:
    name = info.orig_filename
    parts = name.split("/")
    if name.startswith("/"):
        return "an absolute name"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.external_attr & _FOLDER or not parts[-1]:
        return "no plain file"
    if "\\" in name or not name.isprintable() or {"", ".", ".."} & set(parts):
        return "a name that leads elsewhere"
    if len(parts) > DEEPEST or any(len(part.encode()) > 255 for part in parts):
        return "a name that is too long"
    if parts[0].endswith(".data"):
        return "a file for another folder than the wheel's own"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compressed in a way that no wheel is"
    return "%d bytes; expected at most %d" % (info.file_size, MOST_OF_ONE) if info.file_size > MOST_OF_ONE else None


def _dist_info(wheel: str, names: List[str]) -> str:
    found = sorted({name.split("/")[0] for name in names if "/" in name and name.split("/")[0].endswith(".dist-info")})
    if len(found) != 1:
        told = " and ".join(printable(each, SHOWN) for each in found) or "none"
        raise _refusal(wheel, "found %s; expected one folder *.dist-info" % told)
    return found[0]


def _text(wheel: str, archive: zipfile.ZipFile, infos: Dict[str, zipfile.ZipInfo], name: str) -> str:
    if name not in infos:
        raise _refusal(wheel, "%s is missing" % printable(name, SHOWN))
    if infos[name].file_size > MOST_OF_TEXT:
        raise _refusal(wheel, "%s: more than %d bytes" % (printable(name, SHOWN), MOST_OF_TEXT))
    return _read(archive, infos[name]).decode()


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read a member, and no more than it says that it is: `archive.read` would unpack whatever comes."""
    with archive.open(info) as member:
        return member.read(info.file_size + 1)


def _record(wheel: str, record: str, text: str) -> Dict[str, Digest]:
    """What RECORD says of each file but itself."""
    found: Dict[str, Digest] = {}
    has_own = False
    for row in csv.reader(text.splitlines()):
        if len(row) != 3:
            raise _refusal(wheel, "RECORD: a line of %d fields; expected name, digest and size" % len(row))
        name, sha256, size = row
        if name in found or (name == record and has_own):
            raise _refusal(wheel, "%s is in RECORD twice" % printable(name, SHOWN))
        if name == record:
            has_own = True
        elif not sha256.startswith("sha256=") or not re.fullmatch("[0-9]{1,12}", size):
            raise _refusal(wheel, "%s: RECORD has no SHA-256 and size of it" % printable(name, SHOWN))
        else:
            found[name] = sha256[len("sha256=") :], int(size)
    return found


def _require_same(wheel: str, files: "set[str]", recorded: "set[str]") -> None:
    for name in sorted(files - recorded):
        raise _refusal(wheel, "%s is not in RECORD" % printable(name, SHOWN))
    for name in sorted(recorded - files):
        raise _refusal(wheel, "%s is in RECORD and not in the wheel" % printable(name, SHOWN))


def _require_name(wheel: str, distribution: str, version: str, metadata: List[Tuple[str, str]]) -> None:
    said = dict(reversed(metadata))
    name, number = said.get("name", "no name"), said.get("version", "no version")
    if _normalised(name) != distribution or number.replace("_", "-") != version.replace("_", "-"):
        raise _refusal(wheel, "its METADATA says %s %s" % (printable(name, SHOWN), printable(number, SHOWN)))


def _headers(text: str) -> List[Tuple[str, str]]:
    """The fields before the first empty line, names in lower case; what goes on in another line is cut off."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            found.append((key.strip().lower(), value.strip()))
    return found


def _listed(tags: Iterable[str]) -> str:
    return printable(" ".join(sorted(tags)) or "no tag", SHOWN)


def _refusal(wheel: str, found: str) -> Refusal:
    return Refusal("%s: %s; make a new stack of another file" % (wheel, found))
