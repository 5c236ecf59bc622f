"""A known_hosts file, line by line, as ssh reads it: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.

paramiko's HostKeys, which pyinfra reads the file with, knows no markers, patterns or comments, so it cannot write one.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from modelctl.errors import OperatorError
from modelctl.faults import one_line

REVOKED = "@revoked"
_MARKERS = (REVOKED, "@cert-authority")
_HASH = "|"
_PORTS = range(1, 1 << 16)
_FORM = re.compile(
    r"[ \t]*(?:(?P<marker>@[^ \t]*)[ \t]+)?(?P<hosts>[^ \t@][^ \t]*)[ \t]+(?P<kind>[^ \t]+)[ \t]+(?P<key>[^ \t]+)"
    r"(?:[ \t].*)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Entry:
    """A line with a key, at a `place` as error lines begin; what was no UTF-8 in its `text` are lone surrogates."""

    place: str
    text: str
    marker: str | None
    hosts: str
    kind: str
    key: str

    def covers(self, name: str) -> bool:
        """Whether the line is about a host of this name: an address, or [address]:port where the port is not 22."""
        name = name.lower()
        if self.hosts.startswith(_HASH):
            found = _hash_of(self.hosts)
            assert found is not None  # else the line was refused
            salt, digest = found
            return hmac.compare_digest(hmac.digest(salt, name.encode(errors="surrogateescape"), "sha1"), digest)
        patterns = [each.lower() for each in self.hosts.split(",")]
        refused = [each.removeprefix("!") for each in patterns if each.startswith("!")]
        return any(_matches(name, each) for each in patterns) and not any(_matches(name, each) for each in refused)

    def without(self, names: Collection[str]) -> "Entry | None":
        """The line with none of these names, None when nobody else is named. Raises OperatorError for a pattern."""
        if not any(map(self.covers, names)):
            return self
        if self.hosts.startswith(_HASH):
            return None
        kept = [each for each in self.hosts.split(",") if each.lower() not in names]
        rest = replace(self, hosts=",".join(kept))
        for name in names:
            if self.covers(name) and rest.covers(name):
                raise OperatorError(
                    f"{self.place}: found {one_line(self.hosts, 60)}, which is about {name} too; expected hosts one by "
                    "one; write them out, or remove the line"
                )
        if all(each.startswith("!") for each in kept):
            return None
        return replace(rest, text=self.text.replace(self.hosts, rest.hosts, 1))

    def names_of(self, address: str) -> list[str]:
        """All that the line may call an address: itself, and with a port."""
        if self.hosts.startswith(_HASH):
            return [address, *(f"[{address}]:{port}" for port in _PORTS)]
        return [address, *(name for name in self.hosts.lower().split(",") if name.startswith(f"[{address}]:"))]


@dataclass(frozen=True)
class KnownHosts:
    """The lines of a file: those that hold a key as entries, all others, as comments, as they are."""

    lines: tuple[Entry | str, ...] = ()

    def entries(self, name: str) -> list[Entry]:
        """The lines that let a host of this name show one of these keys, revoked ones aside."""
        keys = [each for each in self._keys if each.covers(name)]
        return [each for each in keys if self.revocation(name, each.kind, each.key) is None]

    def revocation(self, name: str, kind: str, key: str) -> Entry | None:
        """The line that forbids a host of this name to show a key, None where there is none."""
        revoked = [each for each in self._entries if each.marker == REVOKED and (each.kind, each.key) == (kind, key)]
        return next((each for each in revoked if each.covers(name)), None)

    def without(self, address: str, names: Collection[str]) -> "KnownHosts":
        """The file with no key for these names of an address, nor, at another port of it, one of those that they had.
        Raises OperatorError, with its number, for a line that cannot be changed so.
        """
        old = {each.key for each in self._keys if any(map(each.covers, names))}

        def kept(line: Entry | str) -> Entry | str | None:
            if not isinstance(line, Entry) or line.marker is not None:
                return line
            return line.without([*names, *line.names_of(address)] if line.key in old else names)

        return KnownHosts(tuple(line for line in map(kept, self.lines) if line is not None))

    @property
    def text(self) -> str:
        return "".join(f"{line.text if isinstance(line, Entry) else line}\n" for line in self.lines)

    @property
    def _entries(self) -> list[Entry]:
        return [line for line in self.lines if isinstance(line, Entry)]

    @property
    def _keys(self) -> list[Entry]:
        return [each for each in self._entries if each.marker is None]


def read(path: Path) -> KnownHosts:
    """Read a file; one that is not there has no lines. Raises OperatorError for what cannot be understood."""
    try:
        text = path.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return KnownHosts()
    except OSError as error:
        raise OperatorError(f"{path}: {error}; expected a known_hosts file") from None
    lines = text.removesuffix("\n").split("\n") if text else []
    return KnownHosts(tuple(_line(f"{path}:{number}", line) for number, line in enumerate(lines, 1)))


def _line(place: str, text: str) -> Entry | str:
    if "\0" in text or "\r" in text.removesuffix("\r"):
        raise _refused(place, text, "no other end of a line in it")  # ssh and pyinfra would read two different lines
    bare = text.strip(" \t\r")
    if not bare or bare.startswith("#"):
        return text
    found = _FORM.fullmatch(text.removesuffix("\r"))
    if found is None:
        raise _refused(place, text, "HOST[,HOST...] TYPE KEY")
    entry = Entry(place, text, found["marker"], found["hosts"], found["kind"], found["key"])
    if entry.marker not in (None, *_MARKERS):
        raise _refused(place, text, f"{' or '.join(_MARKERS)}, or no marker")
    if _HASH in entry.hosts and _hash_of(entry.hosts) is None:
        raise _refused(place, text, "|1|SALT|HASH in place of the host")
    if not _is_key(entry.kind, entry.key):
        raise _refused(place, text, f"a key of the type {one_line(entry.kind, 40)}")
    return entry


def _refused(place: str, text: str, expected: str) -> OperatorError:
    return OperatorError(f"{place}: found {one_line(text, 60)}; expected {expected}; mend the line, or remove it")


def _matches(name: str, pattern: str) -> bool:
    """Patterns of ssh_config(5): * and ? alone stand for other letters."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _hash_of(hosts: str) -> tuple[bytes, bytes] | None:
    """The salt and the HMAC-SHA1 of a hashed name."""
    fields = hosts.split(_HASH)
    if len(fields) != 4 or fields[:2] != ["", "1"]:
        return None
    salt, digest = map(_decoded, fields[2:])
    return (salt, digest) if salt and digest and len(salt) == len(digest) == 20 else None


def _is_key(kind: str, key: str) -> bool:
    """Whether it is base64 of a key that begins with its type: RFC 4253, 6.6."""
    name, blob = kind.encode(errors="surrogateescape"), _decoded(key)
    return blob is not None and blob.startswith(len(name).to_bytes(4, "big") + name)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError for what is not ASCII
        return None
