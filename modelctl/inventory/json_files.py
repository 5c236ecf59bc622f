"""The files of a site that commands write, in JSON: its pins, its revoked pull keys, its bad versions."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from modelctl.errors import OperatorError
from modelctl.faults import dotted, one_line
from modelctl.inventory.values import FileName, HostName, ModelName, NonNegativeInt, Part, Remark, Sha256, Version
from node.protocol.registry import Measured

MAX_GENERATION = 999  # of a revoked key: the datasink is told a name for each


class PinnedFile(Part):
    """One file of a version: its SHA-256 and its size in bytes."""

    sha256: Sha256
    size: Annotated[NonNegativeInt, Field(strict=True)]


class Pin(Part):
    """One version: the SHA-256 of its manifest.yaml, and the manifest's table of files."""

    manifest: Sha256
    files: dict[FileName, PinnedFile]

    @property
    def measured(self) -> dict[str, Measured]:
        """What the bytes of each file are."""
        return {name: Measured(file.sha256, file.size) for name, file in self.files.items()}


class Pins(Part):
    """Every pinned version of every model."""

    models: dict[ModelName, dict[Version, Pin]] = Field(default_factory=dict)


def load_pins(path: Path) -> Pins:
    """Read a pins file; its values are the fleet's to check. Raises OperatorError when it is missing or no JSON."""
    return Pins(models=read(path, "a file of pins, {} when nothing is pinned"))


def dump_pins(pins: Pins) -> str:
    """The text of a pins file."""
    return text_of(pins.model_dump(mode="json")["models"])


class Revoked(Part):
    """The last generation of a host's pull keys that is revoked, for each host of which any is.

    A host that has left the site stays in it: its keys may be in somebody's hands.
    """

    hosts: dict[HostName, Annotated[int, Field(ge=1, le=MAX_GENERATION, strict=True)]] = Field(default_factory=dict)

    def generation(self, host: str) -> int:
        """The generation of the pull key that a host gets now."""
        return self.hosts.get(host, 0) + 1


def load_revoked(path: Path) -> Revoked:
    """Read the file; its values are the fleet's to check. Raises OperatorError when it cannot be read or is no JSON."""
    return Revoked(hosts=read(path, "a file of revoked pull keys, or none", absent={}))


def dump_revoked(revoked: Revoked) -> str:
    """The text of the file."""
    return text_of(revoked.model_dump(mode="json")["hosts"])


class BadVersion(Part):
    """Why a version is marked bad: since when (UTC, ISO 8601), by whom, and the hosts where it was so."""

    since: Remark
    operator: Remark
    hosts: tuple[HostName, ...]
    reason: Remark

    def __str__(self) -> str:
        return f"{self.in_short}: {self.reason}"

    @property
    def in_short(self) -> str:
        """That it is marked, where, when and by whom."""
        where = f" on {', '.join(self.hosts)}" if self.hosts else ""
        return f"marked bad{where} at {self.since} by {self.operator}"


class BadVersions(Part):
    """Those of each model, whatever became of the hosts where they were bad."""

    models: dict[ModelName, dict[Version, BadVersion]] = Field(default_factory=dict)


def load_bad(path: Path) -> BadVersions:
    """Read the file; its values are the fleet's to check. Raises OperatorError when it cannot be read or is no JSON."""
    return BadVersions(models=read(path, "a file of bad versions, or none", absent={}))


def dump_bad(bad: BadVersions) -> str:
    """The text of the file."""
    return text_of(bad.model_dump(mode="json")["models"])


def read(path: Path, expected: str, absent: object = None) -> Any:
    """What the file holds, which is `expected` in words; `absent`, if given, for no file. Raises OperatorError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{path}: {one_line(str(error))}; expected JSON; restore it with git") from None
    except OSError as error:
        if absent is not None and isinstance(error, FileNotFoundError):
            return absent
        raise OperatorError(f"{path}: {error.strerror}; expected {expected}") from None


def text_of(data: object) -> str:
    """The text of such a file: sorted keys, two spaces, newline at the end."""
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """JSON would take the last of two, as a merge may leave them."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"found {dotted((key,))} twice")
        found[key] = value
    return found
