"""Coral stacks: what a node with a Coral stick loads, built for one TensorFlow, Python, Debian and architecture."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from modelctl.inventory.part import Part
from modelctl.inventory.values import FileName, Version, Word
from node.store.service_set import CORAL as CORAL

Architecture = Literal["amd64", "arm64", "armhf"]
"""As dpkg has it."""


class CoralPackage(Part):
    """A package: its version, its files, and the path of its release below the site's `coral_source`."""

    version: Word
    release: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$", max_length=200)
    ]
    files: Annotated[tuple[FileName, ...], Field(min_length=1)]


class CoralStack(Part):
    """Three packages that match: one alone, or of another TensorFlow, crashes the services.

    `extra` are those of their files that are stored on the primary datasink and brought to no node.
    """

    tensorflow: Word
    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}$")]
    debian: Word
    architecture: Architecture
    libedgetpu: CoralPackage
    pycoral: CoralPackage
    tflite_runtime: CoralPackage
    extra: frozenset[FileName] = frozenset()

    def packages(self) -> Iterator[tuple[str, CoralPackage]]:
        """Each package with its name."""
        yield "libedgetpu", self.libedgetpu
        yield "pycoral", self.pycoral
        yield "tflite_runtime", self.tflite_runtime

    @property
    def files(self) -> frozenset[str]:
        """Every file of the stack."""
        return frozenset(file for _, package in self.packages() for file in package.files)

    @property
    def node_files(self) -> list[str]:
        """Those that a node gets, sorted."""
        return sorted(self.files - self.extra)


class Coral(Part):
    """The Coral stacks by version: the date on which each was put together. All hosts with a stick get the current one.

    A host can have another one, as of a model: `model_version_overrides={"coral_packages": VERSION}`.
    """

    framework: ClassVar[str] = "Coral EdgeTPU"
    linked: ClassVar[frozenset[str]] = frozenset()
    """None of its files belongs to a node."""
    linked_names: ClassVar[frozenset[str]] = frozenset()

    current_version: Version
    previous_version: Version | None = None
    stacks: Annotated[dict[Version, CoralStack], Field(min_length=1)]

    def names_of(self, version: str) -> frozenset[str]:
        """The files that a stored version must have."""
        return self.stacks[version].files if version in self.stacks else frozenset()
