"""How a folder's files differ from those that it should hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from modelctl.faults import dotted
from node.protocol.registry import Measured

PIN = "its pin"
EMPTY = "an empty file; expected the file itself: copy it anew"


@dataclass(frozen=True)
class Differences:
    """A line per file, sorted by name, that begins with the name."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.changed)


Expected = Mapping[str, tuple[str, int | None]]
"""What files should be, by their names: the SHA-256, and the size in bytes, None when nobody says."""


def compare(
    expected: Expected, files: Mapping[str, Measured], others: Mapping[str, str], authority: str
) -> Differences:
    """Compare files, and what is there instead of readable ones, with what the `authority` says."""

    def named(name: str, kind: str | None) -> str:
        return dotted((name,)) if kind is None else f"{dotted((name,))} ({kind})"

    odd = {name: kind for name, kind in others.items() if kind != EMPTY}  # what nobody expects may be empty
    return Differences(
        missing=tuple(named(name, others.get(name)) for name in sorted(set(expected) - set(files))),
        extra=tuple(named(name, odd.get(name)) for name in sorted({*files, *others} - set(expected))),
        changed=tuple(_changed(expected, files, authority)),
    )


def digests_differ(found: str, authority: str, said: str) -> str:
    """The words for it."""
    return f"found SHA-256 {found}; {authority} says {said}"


def _changed(expected: Expected, files: Mapping[str, Measured], authority: str) -> Iterator[str]:
    for name in sorted(set(expected) & set(files)):
        (sha256, size), found = expected[name], files[name]
        if found.sha256 != sha256:
            yield f"{name}: {digests_differ(found.sha256, authority, sha256)}"
        elif size not in (None, found.size):
            yield f"{name}: found {found.size} bytes; {authority} says {size}"
