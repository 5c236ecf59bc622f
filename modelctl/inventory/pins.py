"""The pins: which bytes each version of a model is. A lock file in JSON, beside the registry."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from modelctl.inventory import json_file
from modelctl.inventory.part import Part
from modelctl.inventory.values import FileName, ModelName, NonNegativeInt, Sha256, Version
from node.protocol.registry import Measured


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
    return Pins(models=json_file.read(path, "a file of pins, {} when nothing is pinned"))


def dump_pins(pins: Pins) -> str:
    """The text of a pins file."""
    return json_file.text_of(pins.model_dump(mode="json")["models"])
